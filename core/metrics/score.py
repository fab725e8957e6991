"""The TrackML score of one event, and that of the challenge's throughput phase."""

from __future__ import annotations

from math import log, nan
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.errors import InputError

__all__ = ["UNTRACKED", "event_score", "throughput_score"]

UNTRACKED: Final = -1
"""Label of hits on no track, which count for no score; 0 is a track like any other."""

TIME_SCALE: Final = 600.0
"""Seconds per event at which the throughput score's logarithm is ln 2."""

LEAST_ACCURACY: Final = 0.5
"""Phase 2 score at and below which the throughput score is 0."""


def event_score(labels: Int32Array | Int64Array, particle_id: Int64Array, weight: Float64Array) -> float:
    """Return the fraction of the weight that correctly found hits carry.

    A hit counts if more than half of its track's hits are its particle's, and more than half of that
    particle's hits are on the track.  As in the challenge, label 0 is a track and particle 0 (noise) a
    particle like any other, so that the number is the one a submission with these labels gets; hits with
    label -1 are on no track.

    Parameters
    ----------
    labels : ndarray of shape (n_hits,), integer
        Track of each hit.
    particle_id : ndarray of shape (n_hits,), int64
    weight : ndarray of shape (n_hits,), float64
        Phase 1 or phase 2 weights (see clew.metrics.weights), of any sum.

    Returns
    -------
    float
        Between 0 and 1; NaN if no hit has a weight.

    References
    ----------
    Amrouche et al., The Tracking Machine Learning challenge: Accuracy phase, arXiv:1904.06778.
    """
    total = float(weight.sum())
    if total <= 0:
        return nan
    order = np.lexsort((particle_id, labels))
    track, particle = labels[order], particle_id[order]
    new_track = np.diff(track, prepend=track[0]) != 0
    new_pair = new_track | (np.diff(particle, prepend=particle[0]) != 0)
    starts = np.append(0, np.flatnonzero(new_pair))
    shared = np.diff(np.append(starts, len(order)))
    weights = np.add.reduceat(weight[order].astype(np.float64), starts)
    track_size = _sums_by_group(np.cumsum(new_track)[starts], shared)
    _, number = np.unique(particle[starts], return_inverse=True)
    particle_size = _sums_by_group(number, shared)
    right = (2 * shared > track_size) & (2 * shared > particle_size) & (track[starts] != UNTRACKED)
    return min(1.0, float(weights[right].sum()) / total)


def _sums_by_group(group: Int64Array, count: Int64Array) -> Int64Array:
    """Return for each entry the sum of `count` over its group."""
    return np.bincount(group, weights=count).astype(np.int64)[group]


def throughput_score(phase2: float, seconds: float) -> float:
    """Return the score of the throughput phase.

    Parameters
    ----------
    phase2 : float
        Mean phase 2 score.
    seconds : float
        Wall time per event on two cores, s.

    References
    ----------
    Amrouche et al., The Tracking Machine Learning challenge: Throughput phase, arXiv:2105.01160.
    """
    if not seconds > 0:
        raise InputError(f"{seconds} seconds per event: give a time above 0")
    return max(phase2 - LEAST_ACCURACY, 0.0) * float(log(1 + TIME_SCALE / seconds)) ** 0.5
