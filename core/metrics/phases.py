"""Both TrackML scores of an event, where its labels say anything of tracks."""

from __future__ import annotations

import numpy as np

from clew.arrays import Int32Array
from clew.event import Particles, Truth
from clew.metrics.score import event_score
from clew.metrics.weights import phase1_weights, phase2_weights

__all__ = ["names_tracks", "phase_scores"]


def names_tracks(labels: Int32Array, truth: Truth) -> bool:
    """Tell whether labels of shape (n_hits,) tell tracks apart, or hits of a track from others.

    Labels that are all none, or all the same although the hits are not all of one particle, do not.
    """
    if not np.any(labels > 0):
        return False
    return bool(np.any(labels != labels[0]) or np.all(truth.particle_id == truth.particle_id[0]))


def phase_scores(labels: Int32Array, truth: Truth, particles: Particles) -> tuple[float, float]:
    """Return the scores of the accuracy and of the throughput phase, 0 if the labels name no tracks.

    Without tracks, the challenge's own definition takes the hits of no track for one: that of a particle with
    more than half of an event's hits.

    Parameters
    ----------
    labels : ndarray of shape (n_hits,), int32
        Track of each hit; 0 or -1 for none.
    truth : Truth
        With positions, which the weights follow from.
    particles : Particles
    """
    weights = phase1_weights(truth, particles), phase2_weights(truth, particles)
    if not names_tracks(labels, truth):
        return 0.0, 0.0
    first, second = (event_score(labels, truth.particle_id, weight) for weight in weights)
    return first, second
