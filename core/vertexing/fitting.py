"""The adaptive fit of many vertices to many tracks, in rounds of falling temperature."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.kernels import kernel

__all__ = ["fit_vertices"]

_TEMPERATURES: Final = (16.0, 8.0, 4.0, 2.0, 1.0, 1.0, 1.0)
_NEAR: Final = 30.0
"""Errors in z of a track within which vertices are its."""

_WIDEST: Final = 2.0  # mm


@kernel(owns=True)
def fit_vertices(
    parameters: Float64Array,
    covariance: Float64Array,
    seeds: Float64Array,
    cuts: tuple[float, float, float, float],
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array, Int64Array, Int64Array]:
    """Fit vertices at given seeds to tracks, both sorted by z.

    Near the beam line a track is straight: at a place x, y it is y cos(phi) - x sin(phi) - d0 off across, and
    z - z0 - (x cos(phi) + y sin(phi)) / tan(theta) along.

    Parameters
    ----------
    parameters : ndarray of shape (n_tracks, 5), float64
        See `clew.trackfit.Tracks`.
    covariance : ndarray of shape (n_tracks, 2, 2), float64, mm2
        Of d0 and z0.
    seeds : ndarray of shape (n_seeds,), float64, mm
        z of the vertices; changed.
    cuts : tuple of four floats
        Width of the beam spot [mm], chi2 of a track that belongs by half, least sum of weights, and errors
        within which two vertices are one.

    Returns
    -------
    position, covariance, chi2 : ndarray of shapes (n, 3), (n, 3, 3) and (n,)
    weights, vertex, track : ndarray of shape (n_pairs,)
        How much each track belongs to each vertex near it.
    """
    n, m = len(seeds), len(parameters)
    begin = np.zeros(m + 1, dtype=np.int64)
    position, spread, chi2 = np.zeros((n, 3)), np.zeros((n, 3, 3)), np.zeros(n)
    position[:, 2] = seeds
    alive = np.ones(n, dtype=np.bool_)
    sizes, total = np.zeros(n), 0
    first = np.searchsorted(seeds, parameters[:, 1] - _reach(covariance))
    last = np.searchsorted(seeds, parameters[:, 1] + _reach(covariance))
    for i in range(m):
        total += last[i] - first[i]
        begin[i + 1] = total
    weights, chi = np.zeros(total), np.zeros(total)
    for temperature in _TEMPERATURES:
        _weigh(
            parameters,
            covariance,
            position,
            alive,
            (first, last, begin),
            (temperature, cuts[1]),
            weights,
            chi,
        )
        _solve(parameters, covariance, (first, last, begin), weights, cuts[0], position, spread)
        sizes[:] = 0.0
        for i in range(m):
            for k in range(first[i], last[i]):
                sizes[k] += weights[begin[i] + k - first[i]]
        for k in range(n):
            alive[k] = alive[k] and sizes[k] >= (cuts[2] if temperature == 1.0 else 0.5)
        _merge(position, spread, sizes, alive, cuts[3])
    _weigh(parameters, covariance, position, alive, (first, last, begin), (1.0, cuts[1]), weights, chi)
    _solve(parameters, covariance, (first, last, begin), weights, cuts[0], position, spread)
    kept = np.cumsum(alive) - 1
    vertex, track = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=np.int64)
    for i in range(m):
        for k in range(first[i], last[i]):
            pair = begin[i] + k - first[i]
            track[pair], vertex[pair] = i, max(kept[k], 0)
            chi2[k] += weights[pair] * chi[pair]
    return position[alive], spread[alive], chi2[alive], weights, vertex, track


@kernel(owns=True)
def _reach(covariance: Float64Array) -> Float64Array:
    """Return how far in z [mm] the vertices of each track may be."""
    reach = np.empty(len(covariance))
    for i in range(len(covariance)):
        reach[i] = min(_NEAR * np.sqrt(covariance[i, 1, 1]), _WIDEST)
    return reach


@kernel(force=True)
def _off(track: Float64Array, place: Float64Array) -> tuple[float, float]:
    """Return how far a place is off a track [mm], across it and in z."""
    cos, sin = np.cos(track[2]), np.sin(track[2])
    slope = np.cos(track[3]) / np.sin(track[3])
    across = place[1] * cos - place[0] * sin - track[0]
    return across, place[2] - track[1] - (place[0] * cos + place[1] * sin) * slope


@kernel
def _weigh(
    parameters: Float64Array,
    covariance: Float64Array,
    position: Float64Array,
    alive: BoolArray,
    pairs: tuple[Int64Array, Int64Array, Int64Array],
    annealing: tuple[float, float],
    weights: Float64Array,
    chi: Float64Array,
) -> None:
    """Write how much each track belongs to each vertex at a temperature."""
    first, last, begin = pairs
    temperature, cut = annealing
    for i in range(len(parameters)):
        own = covariance[i]
        determinant = own[0, 0] * own[1, 1] - own[0, 1] ** 2
        total = np.exp(-0.5 * cut / temperature)
        for k in range(first[i], last[i]):
            pair = begin[i] + k - first[i]
            weights[pair] = 0.0
            if alive[k]:
                a, z = _off(parameters[i], position[k])
                chi[pair] = (a * a * own[1, 1] - 2.0 * a * z * own[0, 1] + z * z * own[0, 0]) / determinant
                weights[pair] = np.exp(-0.5 * chi[pair] / temperature)
                total += weights[pair]
        for pair in range(begin[i], begin[i + 1]):
            weights[pair] /= total


@kernel(owns=True)
def _solve(
    parameters: Float64Array,
    covariance: Float64Array,
    pairs: tuple[Int64Array, Int64Array, Int64Array],
    weights: Float64Array,
    beam_spot: float,
    position: Float64Array,
    spread: Float64Array,
) -> None:
    """Move each vertex to where its weighted tracks and the beam spot want it."""
    first, last, begin = pairs
    n = len(position)
    matrix, vector = np.zeros((n, 3, 3)), np.zeros((n, 3))
    rows = np.zeros((2, 3))
    for i in range(len(parameters)):
        track, own = parameters[i], covariance[i]
        cos, sin, slope = np.cos(track[2]), np.sin(track[2]), np.cos(track[3]) / np.sin(track[3])
        determinant = own[0, 0] * own[1, 1] - own[0, 1] ** 2
        g00, g01, g11 = own[1, 1] / determinant, -own[0, 1] / determinant, own[0, 0] / determinant
        rows[0, 0], rows[0, 1], rows[0, 2] = -sin, cos, 0.0
        rows[1, 0], rows[1, 1], rows[1, 2] = -cos * slope, -sin * slope, 1.0
        for k in range(first[i], last[i]):
            weight = weights[begin[i] + k - first[i]]
            if weight < 1e-6:
                continue
            for p in range(3):
                one, two = rows[0, p] * g00 + rows[1, p] * g01, rows[0, p] * g01 + rows[1, p] * g11
                vector[k, p] += weight * (one * track[0] + two * track[1])
                for q in range(3):
                    matrix[k, p, q] += weight * (one * rows[0, q] + two * rows[1, q])
    for k in range(n):
        for p in range(2):
            matrix[k, p, p] += 1.0 / beam_spot**2
        if matrix[k, 2, 2] <= 0.0:
            continue
        _invert(matrix[k], spread[k])
        for p in range(3):
            position[k, p] = (
                spread[k, p, 0] * vector[k, 0]
                + spread[k, p, 1] * vector[k, 1]
                + spread[k, p, 2] * vector[k, 2]
            )


@kernel(force=True)
def _invert(m: Float64Array, inverse: Float64Array) -> None:
    """Write the inverse of a symmetric matrix of shape (3, 3)."""
    c00 = m[1, 1] * m[2, 2] - m[1, 2] ** 2
    c01 = m[0, 2] * m[1, 2] - m[0, 1] * m[2, 2]
    c02 = m[0, 1] * m[1, 2] - m[0, 2] * m[1, 1]
    scale = 1.0 / (m[0, 0] * c00 + m[0, 1] * c01 + m[0, 2] * c02)
    inverse[0, 0], inverse[0, 1], inverse[0, 2] = c00 * scale, c01 * scale, c02 * scale
    inverse[1, 1] = (m[0, 0] * m[2, 2] - m[0, 2] ** 2) * scale
    inverse[1, 2] = (m[0, 1] * m[0, 2] - m[0, 0] * m[1, 2]) * scale
    inverse[2, 2] = (m[0, 0] * m[1, 1] - m[0, 1] ** 2) * scale
    inverse[1, 0], inverse[2, 0], inverse[2, 1] = inverse[0, 1], inverse[0, 2], inverse[1, 2]


@kernel
def _merge(
    position: Float64Array, spread: Float64Array, sizes: Float64Array, alive: BoolArray, apart: float
) -> None:
    """Give up the smaller of two neighbours that are one within their errors."""
    last = -1
    for k in range(len(position)):
        if not alive[k]:
            continue
        if last >= 0:
            variance = spread[k, 2, 2] + spread[last, 2, 2]
            if (position[k, 2] - position[last, 2]) ** 2 < apart * apart * variance:
                if sizes[k] > sizes[last]:
                    alive[last] = False
                    last = k
                else:
                    alive[k] = False
                continue
        last = k
