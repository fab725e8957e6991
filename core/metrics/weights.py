"""The weight of each hit in the TrackML score: order weight times pT weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.errors import InputError
from clew.event import Particles, Truth
from clew.lookup import NOT_LISTED, find_rows

__all__ = [
    "WeightFactors",
    "generation",
    "normalised",
    "phase1_weights",
    "phase2_weights",
    "pt_weight",
    "weight_factors",
]

MIN_HITS: Final = 4
"""Hits of a particle below which its hits weigh nothing."""

MAX_HITS: Final = 20
"""Particles with more hits are weighed as with so many; their further hits weigh nothing."""

_SHAPE: Final = (10.0, 8.0, 6.0, 5.0, 3.0, 3.0, 3.0, 5.0, 6.0)


def _order_weights() -> Float64Array:
    table = np.zeros((MAX_HITS + 1, MAX_HITS))
    for n in range(MIN_HITS, MAX_HITS + 1):
        support = np.arange(len(_SHAPE)) * (n - 1) / (len(_SHAPE) - 1)
        weights = np.interp(np.arange(n), support, _SHAPE)
        table[n, :n] = weights / weights.sum()
    return table


ORDER_WEIGHTS: Final = _order_weights()
"""Weight of a particle's hit: row is the particle's number of hits, column the hit's rank."""


@dataclass(frozen=True)
class WeightFactors:
    """What a hit's weight is made of.

    Attributes
    ----------
    n_hits : ndarray of shape (n_hits,), int32
        Number of hits of the hit's particle, 0 for noise.
    rank : ndarray of shape (n_hits,), int32
        Place among the particle's hits by distance in z from the vertex, from 0; equally distant hits
        share their mean place, rounded down.  0 for noise.
    order, pt : ndarray of shape (n_hits,), float64
        The two factors, 0 for noise.
    """

    n_hits: Int32Array
    rank: Int32Array
    order: Float64Array
    pt: Float64Array


def pt_weight(pt: Float32Array | Float64Array) -> Float64Array:
    """Return the pT factor: 0.2 from 0.05 to 0.5 GeV, from there linear to 1 at 3 GeV, 0 below 0.05 GeV."""
    return np.interp(pt, (0.05, 0.5, 3.0), (0.2, 0.2, 1.0), left=0.0, right=1.0)


def generation(particle_id: Int64Array) -> Int64Array:
    """Return how many decays or interactions lie between the collision and each particle."""
    return (particle_id >> 24) & 0xFFF


def weight_factors(
    row: Int64Array,
    tz: Float32Array | Float64Array,
    vz: Float32Array | Float64Array,
    pt: Float32Array | Float64Array,
    n_hits: Int32Array,
) -> WeightFactors:
    """Return the factors of each hit's weight.

    Parameters
    ----------
    row : ndarray of shape (n_hits,), int64
        Row of each hit's particle, NOT_LISTED (-1) for noise.
    tz : ndarray of shape (n_hits,), float, mm
        True z of each hit.
    vz, pt, n_hits : ndarray of shape (n_particles,)
        The particles' vertex z [mm], transverse momentum [GeV] and number of hits.

    Raises
    ------
    InputError
        If a particle has more hits than its `n_hits`.
    """
    known = row != NOT_LISTED
    own = row[known]
    ranks = np.zeros(len(row), dtype=np.int32)
    ranks[known] = _ranks(own, np.abs(tz[known] - vz[own]))
    counts = np.zeros(len(row), dtype=np.int32)
    counts[known] = n_hits[own]
    wrong = np.flatnonzero((counts >= MIN_HITS) & (counts < MAX_HITS) & (ranks >= counts))
    if len(wrong):
        raise InputError(
            f"particles, data row {row[wrong[0]] + 1}: nhits is {counts[wrong[0]]}, but the truth has more "
            "hits of this particle: use the particles file of the same event"
        )
    order = ORDER_WEIGHTS[np.clip(counts, 0, MAX_HITS), np.minimum(ranks, MAX_HITS - 1)]
    factor = np.zeros(len(row))
    factor[known] = pt_weight(pt)[own]
    return WeightFactors(counts, ranks, np.where(ranks < MAX_HITS, order, 0.0), factor)


def _ranks(group: Int64Array, distance: Float32Array | Float64Array) -> Int64Array:
    """Return each entry's place in its group by ascending distance; ties share the mean, rounded down."""
    if len(group) == 0:
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort((distance, group))
    group, distance = group[order], distance[order]
    new_group = np.append(True, group[1:] != group[:-1])
    new_value = new_group | np.append(True, distance[1:] != distance[:-1])
    group_start = np.flatnonzero(new_group)[np.cumsum(new_group) - 1]
    first = np.flatnonzero(new_value)
    last = np.append(first[1:], len(order)) - 1
    tie = np.cumsum(new_value) - 1
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = (first[tie] + last[tie] - 2 * group_start) // 2
    return ranks


def phase1_weights(truth: Truth, particles: Particles) -> Float64Array:
    """Return each hit's weight in the accuracy phase's score, shape (n_hits,), sum 1.

    Zero everywhere if no particle weighs anything.

    References
    ----------
    Amrouche et al., The Tracking Machine Learning challenge: Accuracy phase, arXiv:1904.06778.
    """
    return normalised(_products(truth, particles))


def phase2_weights(truth: Truth, particles: Particles) -> Float64Array:
    """Return each hit's weight in the throughput phase's score, shape (n_hits,), sum 1.

    The phase 1 weights without those of secondary particles (generation other than 0).

    References
    ----------
    Amrouche et al., The Tracking Machine Learning challenge: Throughput phase, arXiv:2105.01160.
    """
    products = _products(truth, particles)
    return normalised(np.where(generation(truth.particle_id) == 0, products, 0.0))


def _products(truth: Truth, particles: Particles) -> Float64Array:
    truth.require("position")
    row = find_rows(particles.particle_id, truth.particle_id)
    vz = particles.vertex[:, 2]
    factors = weight_factors(row, truth.position[:, 2], vz, particles.pt, particles.n_hits)
    return factors.order * factors.pt


def normalised(weights: Float64Array) -> Float64Array:
    """Scale weights of shape (n_hits,) to the sum 1; weights that are all zero stay so."""
    total = weights.sum()
    return weights / total if total > 0 else weights
