"""How many predicted hits are right, from true seeds or from found ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.event import Particles, Truth
from clew.metrics.matching import particle_rows
from clew.metrics.rates import ratio
from clew.metrics.seeds import matched_seeds, reference_particles, seed_majorities
from clew.tracks import NO_HIT, SEED_LENGTH, Candidates

__all__ = ["PREDICTED_HITS", "PredictionReport", "path_order", "prediction_report", "true_seeds"]

PREDICTED_HITS: Final = 5
"""Slots that follow a seed and are filled by predictions."""


@dataclass(frozen=True)
class PredictionReport:
    """Quality of the hits that predictions from seeds snapped to.

    A slot is one of the first five hits that follow a matched seed (see SeedReport); it is right when its
    hit belongs to the seed's majority particle and is none of the seed's own.

    Attributes
    ----------
    n_seeds : int
        Matched seeds.
    right : float
        Right slots / (5 x matched seeds); an empty slot is not right.
    filled : float
        Slots with any hit / (5 x matched seeds).
    histogram : ndarray of shape (6,), int64
        Matched seeds with exactly 0, 1, ... 5 right slots.
    """

    n_seeds: int
    right: float
    filled: float
    histogram: Int64Array


def prediction_report(
    seeds: Int32Array, fitted: Candidates, truth: Truth, particles: Particles
) -> PredictionReport:
    """Compare the hits that follow each seed with the truth.

    Parameters
    ----------
    seeds : ndarray of shape (n_seeds, 5), int32
    fitted : Candidates
        One row per seed: the hits that its predictions snapped to, nearest first.
    truth : Truth
    particles : Particles
    """
    rows = particle_rows(truth, particles)
    majority, _ = seed_majorities(seeds, rows)
    chosen = matched_seeds(majority, reference_particles(rows, len(particles.particle_id)))
    slots = fitted.head(PREDICTED_HITS)[chosen]
    filled = slots != NO_HIT
    new = ~(slots[:, :, None] == seeds[chosen][:, None, :]).any(axis=2)
    right = filled & new & (rows[slots] == majority[chosen][:, None])
    histogram = np.bincount(right.sum(axis=1), minlength=PREDICTED_HITS + 1)
    return PredictionReport(
        n_seeds=len(slots),
        right=ratio(np.count_nonzero(right), slots.size),
        filled=ratio(np.count_nonzero(filled), slots.size),
        histogram=histogram,
    )


def true_seeds(truth: Truth, particles: Particles) -> Int32Array:
    """Return the first five hits in path order of every reference particle, shape (n_reference, 5), int32."""
    rows = particle_rows(truth, particles)
    order = path_order(truth, particles)
    start = np.searchsorted(rows[order], np.arange(len(particles.particle_id)))
    first = start[reference_particles(rows, len(particles.particle_id))]
    return order[first[:, None] + np.arange(SEED_LENGTH)].astype(np.int32)


def path_order(truth: Truth, particles: Particles) -> Int64Array:
    """Return the hits sorted by particle row and along it by distance from the particle's vertex.

    Noise comes first.  Shape (n_hits,), int64.
    """
    truth.require("position")
    rows = particle_rows(truth, particles)
    vertex = np.vstack([particles.vertex, np.zeros((1, 3), dtype=np.float32)])[rows]
    distance = np.linalg.norm(truth.position.astype(np.float64) - vertex, axis=1)
    return np.lexsort((distance, rows))
