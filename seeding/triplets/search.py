"""The combinatorial search: doublets from each first hit, triplets, and the best track that grows of them.

Every first hit writes its best track into its own row, so that the threads do not matter.
"""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.hits.index import N_COLUMNS, place
from clew.kernels import kernel, parallel_kernel
from clew.seeding.doublets import N_DOUBLET, doublet_window, find_thirds, make_doublet
from clew.seeding.triplets.probing import N_PROBE, aim, collect, gain, project

__all__ = ["LONGEST", "search_all"]

LONGEST: Final = 20
"""Hits of a track at most, one per layer."""

_MOST_NEAR: Final = 16
_SCALE: Final = N_COLUMNS / (2 * np.pi)


@parallel_kernel
def search_all(
    points: Float64Array,
    layer: Int32Array,
    starts: Int64Array,
    surfaces: Float64Array,
    adjacent: Int32Array,
    following: Int32Array,
    firsts: Int64Array,
    cuts: Float64Array,
    tracks: Int32Array,
    quality: Float64Array,
) -> None:
    """Write the best track of each first hit and its quality, 0 where there is none.

    Parameters
    ----------
    points : ndarray of shape (n, 6), float64
        x, y, z [mm], z/r, phi [rad] and r [mm] in the order of a `clew.hits.index.HitIndex`.
    layer : ndarray of shape (n,), int32
    starts, surfaces
        Of the same index.
    adjacent, following : ndarray of shape (n_layers, width), int32
        From `clew.detector.transitions.next_layers`, for the second hit and for the others.
    firsts : ndarray of shape (n_firsts,), int64
        Places of the first hits in the index.
    cuts : ndarray of shape (7,), float64
        Largest curvature [1/mm], largest |z0|, distance from the beam line [mm], largest pull, least gain
        of a hit, quality that is enough, factor of scattering.
    tracks : ndarray of shape (n_firsts, LONGEST), int32
        Filled with -1.
    quality : ndarray of shape (n_firsts,), float64
    """
    for i in numba.prange(len(firsts)):
        quality[i] = _search_one(
            points, layer, starts, surfaces, adjacent, following, firsts[i], cuts, tracks[i]
        )


@kernel
def _search_one(
    points: Float64Array,
    layer: Int32Array,
    starts: Int64Array,
    surfaces: Float64Array,
    adjacent: Int32Array,
    following: Int32Array,
    first: int,
    cuts: Float64Array,
    best: Int32Array,
) -> float:
    most = 0.0
    window, doublet = np.empty(3), np.empty(N_DOUBLET)
    track, thirds, gains = np.empty(LONGEST, np.int32), np.empty(_MOST_NEAR, np.int32), np.empty(_MOST_NEAR)
    work = (np.empty(N_PROBE), np.empty(6), np.empty(4), np.empty(_MOST_NEAR, np.int32), np.empty(_MOST_NEAR))
    track[0] = first
    phi = points[first, 4] + np.pi
    for option in range(adjacent.shape[1]):
        second_layer = adjacent[layer[first], option]
        if second_layer < 0 or most > cuts[5]:
            break
        if not doublet_window(points, first, surfaces, second_layer, cuts, window):
            continue
        last = int(np.floor((phi + window[0]) * _SCALE))
        for column in range(int(np.floor((phi - window[0]) * _SCALE)), last + 1):
            cell = second_layer * N_COLUMNS + column % N_COLUMNS
            for second in range(place(points, starts[cell], starts[cell + 1], window[1]), starts[cell + 1]):
                if points[second, 3] > window[2] or most > cuts[5]:
                    break
                if not make_doublet(points, layer, first, second, cuts, doublet):
                    continue
                track[1] = second
                for other in range(following.shape[1]):
                    third_layer = following[second_layer, other]
                    if third_layer < 0 or most > cuts[5]:
                        break
                    n = find_thirds(points, starts, surfaces, third_layer, doublet, cuts, thirds, gains)
                    for k in range(n):
                        track[2] = thirds[k]
                        length, value = _grow(
                            points, layer, starts, surfaces, following, cuts, gains[k], track, *work
                        )
                        if value > most:
                            most = value
                            best[:length] = track[:length]
                            best[length:] = -1
    return most


@kernel
def _grow(
    points: Float64Array,
    layer: Int32Array,
    starts: Int64Array,
    surfaces: Float64Array,
    following: Int32Array,
    cuts: Float64Array,
    value: float,
    track: Int32Array,
    probe: Float64Array,
    target: Float64Array,
    spread: Float64Array,
    near: Int32Array,
    chi2: Float64Array,
) -> tuple[int, float]:
    """Add hit by hit to a triplet, each time the one that gains most; return length and quality."""
    length = 3
    while length < LONGEST:
        a, b, c = track[length - 3], track[length - 2], track[length - 1]
        if not aim(points, layer, a, b, c, cuts[6], probe):
            break
        hit, most = _next_hit(
            points, layer[c], starts, surfaces, following, cuts, probe, target, spread, near, chi2
        )
        if hit < 0:
            break
        track[length] = hit
        value += most
        length += 1
    return length, value


@kernel
def _next_hit(
    points: Float64Array,
    last_layer: int,
    starts: Int64Array,
    surfaces: Float64Array,
    following: Int32Array,
    cuts: Float64Array,
    probe: Float64Array,
    target: Float64Array,
    spread: Float64Array,
    near: Int32Array,
    chi2: Float64Array,
) -> tuple[int, float]:
    """Return the hit that gains most on one of the following layers, nearer ones first."""
    best, most, nearest = -1, cuts[4], np.inf
    for option in range(following.shape[1]):
        following_layer = following[last_layer, option]
        if following_layer < 0:
            break
        arc = project(probe, following_layer, last_layer, target, spread)
        if arc == np.inf or arc > nearest:
            continue
        worth = gain(target, spread, surfaces, following_layer)
        if worth < cuts[4]:
            continue
        n = collect(points, starts, surfaces, following_layer, target, spread, cuts[3], near, chi2)
        top, chosen = cuts[4], -1
        for k in range(n):
            value = worth - 0.5 * chi2[k]
            if value > top:
                top, chosen = value, near[k]
        if chosen >= 0:
            best, most, nearest = chosen, top, arc
    return best, most
