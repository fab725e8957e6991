"""The combinatorial search: doublets from each first hit, triplets, and the best track that grows of them.

Every first hit writes its best track into its own row, so that the threads do not matter.
"""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import LAYERS
from clew.fitting.index import N_COLUMNS
from clew.kernels import kernel, parallel_kernel
from clew.seeding.probing import BEAM_LINE, N_PROBE, aim, collect, gain, project

__all__ = ["LONGEST", "search_all"]

LONGEST: Final = 20
"""Hits of a track at most, one per layer."""

_MOST_NEAR: Final = 16
_POSITION: Final = np.array([layer.position for layer in LAYERS])


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
    points : ndarray of shape (n, 4), float64
        x, y, z [mm] and z/r in the order of a `clew.fitting.index.HitIndex`.
    layer : ndarray of shape (n,), int32
    starts, surfaces
        Of the same index.
    adjacent, following : ndarray of shape (n_layers, width), int32
        From `clew.seeding.transitions.next_layers`, for the second hit and for the others.
    firsts : ndarray of shape (n_firsts,), int64
        Places of the first hits in the index.
    cuts : ndarray of shape (7,), float64
        Largest curvature [1/mm], largest |z0|, error of the beam line [mm], largest pull, least gain of a
        hit, cost of a missing layer, factor of scattering.
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
    track = np.empty(LONGEST, np.int32)
    probe, target, spread, window = np.empty(N_PROBE), np.empty(6), np.empty(2), np.empty(4)
    tip, target2, spread2 = np.empty(N_PROBE), np.empty(6), np.empty(2)
    found, chi2 = np.empty(_MOST_NEAR, np.int32), np.empty(_MOST_NEAR)
    near, near_chi2 = np.empty(_MOST_NEAR, np.int32), np.empty(_MOST_NEAR)
    scale = N_COLUMNS / (2 * np.pi)
    track[0] = first
    for option in range(adjacent.shape[1]):
        second_layer = adjacent[layer[first], option]
        if second_layer < 0 or most > cuts[7]:
            break
        if not _doublet_window(points, first, surfaces, second_layer, cuts, window):
            continue
        for column in range(int(np.floor(window[0] * scale)), int(np.floor(window[1] * scale)) + 1):
            cell = second_layer * N_COLUMNS + column % N_COLUMNS
            begin, end = starts[cell], starts[cell + 1]
            second = begin + np.searchsorted(points[begin:end, 3], window[2])
            while second < end and points[second, 3] <= window[3]:
                track[1] = second
                if _is_doublet(points, layer, first, second, cuts, probe):
                    for other in range(following.shape[1]):
                        third_layer = following[second_layer, other]
                        if third_layer < 0:
                            break
                        if project(probe, third_layer, second_layer, target, spread) == np.inf:
                            continue
                        worth = gain(target, spread, surfaces, third_layer)
                        if worth < cuts[4]:
                            continue
                        n = collect(
                            points, starts, surfaces, third_layer, target, spread, cuts[3], found, chi2
                        )
                        for k in range(n):
                            track[2] = found[k]
                            value = worth - 0.5 * chi2[k]
                            if value < cuts[4]:
                                continue
                            length, value = _grow(
                                points, layer, starts, surfaces, following, cuts, value, track, tip, target2, spread2, near, near_chi2
                            )
                            if value > most:
                                most = value
                                best[:length] = track[:length]
                                best[length:] = -1
                second += 1
    return most


@kernel
def _doublet_window(
    points: Float64Array, first: int, surfaces: Float64Array, layer: int, cuts: Float64Array, window: Float64Array
) -> bool:
    """Write the range of phi + pi and of z/r in which a second hit on a layer may be."""
    x, y, z = points[first, 0], points[first, 1], points[first, 2]
    r, phi = np.hypot(x, y), np.arctan2(y, x) + np.pi
    low, high = z + cuts[1], z - cuts[1]
    if surfaces[layer, 4] > 0:
        near, far = surfaces[layer, 0], surfaces[layer, 1]
        if far <= r:
            return False
        z_low = z + min((z - cuts[1]) * (far / r - 1.0), (z - cuts[1]) * (near / r - 1.0))
        z_top = z + max((z + cuts[1]) * (far / r - 1.0), (z + cuts[1]) * (near / r - 1.0))
        z_low, z_top = max(z_low, surfaces[layer, 2]), min(z_top, surfaces[layer, 3])
        if z_low > z_top:
            return False
        window[2] = z_low / (far if z_low > 0 else near)
        window[3] = z_top / (near if z_top > 0 else far)
        outer = far
    else:
        place = surfaces[layer, 3] if surfaces[layer, 3] > 0 else surfaces[layer, 2]
        sign = 1.0 if place > 0 else -1.0
        ahead, level = sign * place, sign * z
        if ahead <= level or level + cuts[1] <= 0:
            return False
        near = r * (1.0 + (sign * (surfaces[layer, 2] if sign > 0 else surfaces[layer, 3]) - level) / (level + cuts[1]))
        far = 1100.0
        if level > cuts[1]:
            far = min(far, r * (1.0 + (ahead - level) / (level - cuts[1])))
        near, far = max(near * 0.98, surfaces[layer, 0]), min(far, surfaces[layer, 1])
        if near > far:
            return False
        window[2] = surfaces[layer, 2] / (near if surfaces[layer, 2] < 0 else far)
        window[3] = surfaces[layer, 3] / (near if surfaces[layer, 3] > 0 else far)
        outer = far
    curl = 0.5 * cuts[0]
    half = np.arcsin(min(outer * curl, 1.0)) - np.arcsin(min(r * curl, 1.0))
    half += 3.0 * cuts[2] * (1.0 / r - 1.0 / max(outer, r)) + 1e-3
    window[0], window[1] = phi - half, phi + half
    return True


@kernel
def _is_doublet(
    points: Float64Array,
    layer: Int32Array,
    first: int,
    second: int,
    cuts: Float64Array,
    probe: Float64Array,
) -> bool:
    """Tell whether two hits and the beam line make a helix within the cuts; its probe is written."""
    if not aim(points, layer, BEAM_LINE, first, second, cuts[2], cuts[6], probe):
        return False
    return abs(probe[4]) <= cuts[0] and abs(points[first, 2] - probe[5] * probe[6]) <= cuts[1]


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
        if not aim(points, layer, a, b, c, cuts[2], cuts[6], probe):
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
        n = collect(
            points, starts, surfaces, following_layer, target, spread, cuts[3], near, chi2
        )
        top, chosen = cuts[4], -1
        for k in range(n):
            value = worth - 0.5 * chi2[k]
            if value > top:
                top, chosen = value, near[k]
        if chosen >= 0:
            best, most, nearest = chosen, top, arc
    return best, most
