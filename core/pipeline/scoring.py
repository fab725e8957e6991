"""The two scores of a reconstructed event, for notebooks; `clew score` and `clew evaluate` tell more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.arrays import Int32Array
from clew.errors import InputError
from clew.event import Event
from clew.metrics import phase_scores
from clew.pipeline.pipeline import Reconstruction

__all__ = ["Scores", "score"]


class Scores(NamedTuple):
    """The scores of the challenge's two phases, each from 0 to 1; see `clew.metrics.phase_scores`."""

    phase1: float
    phase2: float


def score(result: Reconstruction | Int32Array, event: Event) -> Scores:
    """Return how good tracks are, by the truth of their event.

    Parameters
    ----------
    result : Reconstruction, or ndarray of shape (n_hits,), integer
        What `Pipeline.reconstruct` returned, or the track of each hit, 0 for none.
    event : Event
        With particles and truth.

    Raises
    ------
    TypeError
        For anything else.
    InputError
        If the event has no truth, or the labels are not those of its hits.
    """
    labels = np.asarray(result.labels if isinstance(result, Reconstruction) else result)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise TypeError(f"score takes a Reconstruction or integer labels, not a {type(result).__name__}")
    if not isinstance(event, Event):
        raise TypeError(f"score takes the Event that was reconstructed, not a {type(event).__name__}")
    truth, particles = event.truth, event.particles
    if truth is None or particles is None:
        raise InputError(f"event {event.event_id} has no truth: add its truth and particles files")
    if len(labels) != len(truth.particle_id):
        n_hits = len(truth.particle_id)
        raise InputError(f"event {event.event_id} has {n_hits} hits, but there are {len(labels)} labels")
    return Scores(*phase_scores(labels.astype(np.int32), truth, particles))
