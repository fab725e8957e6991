"""The challenge's hit weights, from the truth: phase 1 (accuracy) and phase 2 (throughput)."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from clew.event import Particles, Truth
from clew.metrics.matching import NO_PARTICLE, particle_rows

__all__ = ["order_weights", "phase1_weights", "phase2_weights", "pt_weights"]

_ORDER: Final = np.array([10.0, 8.0, 6.0, 5.0, 3.0, 3.0, 3.0, 5.0, 6.0])
_PT_RANGE: Final = (0.5, 3.0)
_PT_WEIGHTS: Final = (0.2, 1.0)
_NO_PT: Final = 0.05
_FEWEST: Final = 4
_MOST: Final = 20


def _order_table() -> Float64Array:
    """Stretch the order weights over particles of 4 to 20 hits: rows by size, columns by rank."""
    table = np.zeros((_MOST + 1, _MOST))
    for size in range(_FEWEST, _MOST + 1):
        support = np.linspace(0, size - 1, len(_ORDER))
        row = np.interp(np.arange(size), support, _ORDER)
        table[size, :size] = row / row.sum()
    return table


_ORDER_TABLE: Final = _order_table()


def phase1_weights(truth: Truth, particles: Particles) -> Float64Array:
    """Return the weight of each hit in the accuracy phase, shape (n_hits,), float64; they sum to 1."""
    return _event_weights(truth, particles, np.ones(len(particles.particle_id), dtype=np.bool_))


def phase2_weights(truth: Truth, particles: Particles) -> Float64Array:
    """Return the weight of each hit in the throughput phase, shape (n_hits,), float64; they sum to 1.

    Only particles of generation 0, made in the collision itself, count.
    """
    return _event_weights(truth, particles, (particles.particle_id >> 24) & 0xFFF == 0)


def _event_weights(truth: Truth, particles: Particles, counted: BoolArray) -> Float64Array:
    if len(particles.particle_id) == 0:
        return np.zeros(len(truth.particle_id))
    row = particle_rows(truth, particles)
    known = row != NO_PARTICLE
    importance = np.where(known & counted[row], pt_weights(particles.pt[row]), 0.0)
    distance = np.abs(truth.position[:, 2] - particles.vertex[row, 2])
    rank, size = _ranks(truth.particle_id, distance)
    weight = importance * order_weights(rank, size)
    total = weight.sum()
    return weight / total if total > 0 else weight


def pt_weights(pt: Float32Array) -> Float64Array:
    """Return the factor for transverse momentum [GeV]: 0.2 up to 0.5, rising to 1 at 3, 0 below 0.05."""
    return np.where(pt < _NO_PT, 0.0, np.interp(pt, _PT_RANGE, _PT_WEIGHTS))


def order_weights(rank: Int64Array, size: Int64Array) -> Float64Array:
    """Return the factor for a hit's place along its particle.

    Parameters
    ----------
    rank : ndarray of shape (n_hits,), int64
        Place of the hit among its particle's, from 0.
    size : ndarray of shape (n_hits,), int64
        Hits of its particle; below 4 nothing counts, beyond 20 neither size nor place.
    """
    inside = (size >= _FEWEST) & (rank < _MOST)
    return np.where(inside, _ORDER_TABLE[np.minimum(size, _MOST), np.minimum(rank, _MOST - 1)], 0.0)


def _ranks(particle_id: Int64Array, distance: Float32Array) -> tuple[Int64Array, Int64Array]:
    """Rank each hit among its particle's by distance (ties share their mean, rounded down), from 0."""
    order = np.lexsort((distance, particle_id))
    ids, far = particle_id[order], distance[order]
    first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    size = np.diff(np.append(first, len(ids)))
    tie = np.flatnonzero(np.r_[True, (ids[1:] != ids[:-1]) | (far[1:] != far[:-1])])
    ties = np.diff(np.append(tie, len(ids)))
    within = np.repeat(tie, ties) - np.repeat(first, size) + (np.repeat(ties, ties) - 1) // 2
    rank, sizes = np.empty(len(ids), np.int64), np.empty(len(ids), np.int64)
    rank[order], sizes[order] = within, np.repeat(size, size)
    return rank, sizes
