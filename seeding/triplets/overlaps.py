"""Second hits on a layer: neighbouring modules overlap, a quarter of the crossings leave a hit in both."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.kernels import kernel, parallel_kernel
from clew.seeding.triplets.probing import N_PROBE, aim, collect, expect_beside
from clew.tracks import NO_HIT

__all__ = ["find_doubles", "with_doubles"]

_MOST_NEAR: Final = 8


@parallel_kernel
def find_doubles(
    points: Float64Array,
    layer: Int32Array,
    module: Int32Array,
    starts: Int64Array,
    surfaces: Float64Array,
    tracks: Int32Array,
    pull: float,
    scattering: float,
    doubles: Int32Array,
    behind: BoolArray,
) -> None:
    """Write for each hit of each track the nearest hit of another module of its layer, NO_HIT for none.

    Parameters
    ----------
    points, layer, starts, surfaces
        As in `clew.seeding.triplets.search.search_all`.
    module : ndarray of shape (n,), int32
    tracks : ndarray of shape (n_tracks, width), int32
        Places in the index, NO_HIT behind the last; at least three hits each.
    pull : float
        Largest distance from the track, in expected deviations.
    scattering : float
    doubles : ndarray of the shape of `tracks`, int32
        Filled with NO_HIT.
    behind : ndarray of the same shape, bool
        Whether the double comes after the hit along the track.
    """
    for i in numba.prange(len(tracks)):
        probe, spread = np.empty(N_PROBE), np.empty(4)
        near, chi2 = np.empty(_MOST_NEAR, np.int32), np.empty(_MOST_NEAR)
        track = tracks[i]
        for k in range(len(track)):
            c = track[k]
            if c == NO_HIT:
                break
            step = -1 if k >= 2 else 1
            a, b = track[k + 2 * step], track[k + step]
            if a == NO_HIT or not aim(points, layer, a, b, c, scattering, probe):
                continue
            expect_beside(probe, layer[c], spread)
            n = collect(points, starts, surfaces, layer[c], probe[:6], spread, pull, near, chi2)
            doubles[i, k] = _nearest(near[:n], chi2, module, module[c])
            if doubles[i, k] != NO_HIT:
                dx, dy = points[doubles[i, k], 0] - probe[0], points[doubles[i, k], 1] - probe[1]
                behind[i, k] = (dx * spread[2] + dy * spread[3]) * step < 0.0


@kernel
def _nearest(near: Int32Array, chi2: Float64Array, module: Int32Array, own: int) -> int:
    best = -1
    for k in range(len(near)):
        if module[near[k]] != own and (best < 0 or chi2[k] < chi2[best]):
            best = k
    return near[best] if best >= 0 else NO_HIT


@kernel
def with_doubles(tracks: Int32Array, doubles: Int32Array, behind: BoolArray, n: int) -> Int32Array:
    """Return the tracks with their doubles, shape (n_tracks, 2 * width); the first to claim a hit has it.

    Parameters
    ----------
    tracks : ndarray of shape (n_tracks, width), int32
        Best first, no hit in two of them.
    doubles, behind
        From `find_doubles`.
    n : int
        Hits in the index.
    """
    taken = np.zeros(n, dtype=np.bool_)
    for track in tracks:
        for hit in track:
            if hit != NO_HIT:
                taken[hit] = True
    rows = np.full((len(tracks), 2 * tracks.shape[1]), NO_HIT, dtype=np.int32)
    for i in range(len(tracks)):
        for k in range(tracks.shape[1]):
            hit, double = tracks[i, k], doubles[i, k]
            rows[i, 2 * k] = hit
            if double != NO_HIT and not taken[double]:
                taken[double] = True
                rows[i, 2 * k], rows[i, 2 * k + 1] = (hit, double) if behind[i, k] else (double, hit)
    return rows
