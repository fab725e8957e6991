"""The TrackML scores from arrays: phase 1, phase 2 and throughput."""

from __future__ import annotations

import math

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array

__all__ = ["event_score", "matched_hits", "throughput_score"]


def event_score(labels: Int32Array | Int64Array, particle_id: Int64Array, weight: Float64Array) -> float:
    """Return the TrackML score: the summed weight of hits whose track and particle match.

    A track matches its majority particle if that particle made more than half of the track's hits and
    the track holds more than half of the particle's hits; the hits they share then count.  Label 0 is a
    track like any other, as in the challenge.

    Parameters
    ----------
    labels : ndarray of shape (n_hits,), integer
    particle_id : ndarray of shape (n_hits,), int64
        0 for noise, whose hits weigh nothing.
    weight : ndarray of shape (n_hits,), float64
        Phase 1 or phase 2 weights (clew.metrics.weights).

    References
    ----------
    Amrouche et al., The Tracking Machine Learning challenge: Accuracy phase, arXiv:1904.06778.
    """
    return float(weight[matched_hits(labels, particle_id)].sum())


def matched_hits(labels: Int32Array | Int64Array, particle_id: Int64Array) -> BoolArray:
    """Tell which hits lie in a matched pair of track and particle, shape (n_hits,), bool."""
    _, track = np.unique(labels, return_inverse=True)
    _, particle = np.unique(particle_id, return_inverse=True)
    width = int(particle.max(initial=0)) + 1
    _, pair, shared = np.unique(track * width + particle, return_inverse=True, return_counts=True)
    shared = shared[pair]
    most_of_track = 2 * shared > np.bincount(track)[track]
    most_of_particle = 2 * shared > np.bincount(particle)[particle]
    return most_of_track & most_of_particle & (particle_id != 0)


def throughput_score(phase2: float, seconds: float) -> float:
    """Return the throughput phase's score of a phase 2 accuracy reached in `seconds` per event."""
    if phase2 < 0.5 or seconds <= 0:
        return 0.0
    return math.sqrt(math.log(1 + 600 / seconds)) * (phase2 - 0.5)
