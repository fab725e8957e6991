"""Second hits on a layer: neighbouring modules overlap, a quarter of the crossings leave a hit in both."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.hits.index import HitIndex
from clew.kernels import kernel, parallel_kernel
from clew.motion.crossings import HELIX
from clew.records import RecordArray
from clew.seeding.doublets import DoubletCuts
from clew.seeding.triplets.probing import PROBE, SPREAD, aim, collect, expect_beside
from clew.tracks import NO_HIT

__all__ = ["find_doubles", "with_doubles"]

_MOST_NEAR: Final = 8
"""Hits beside another that are looked at."""


class _Scratch(NamedTuple):
    """What one thread works in: a helix with its probe and spread, and hits nearby with their chi2."""

    helices: RecordArray
    probes: RecordArray
    spreads: RecordArray
    near: Int32Array
    chi2: Float64Array


@parallel_kernel
def find_doubles(
    index: HitIndex, tracks: Int32Array, cuts: DoubletCuts, doubles: Int32Array, behind: BoolArray
) -> None:
    """Write for each hit of each track the nearest hit of another module of its layer, NO_HIT for none.

    Parameters
    ----------
    index : HitIndex
    tracks : ndarray of shape (n_tracks, width), int32
        Places in the index, NO_HIT behind the last; at least three hits each.
    cuts : DoubletCuts
    doubles : ndarray of the shape of `tracks`, int32
        Filled with NO_HIT.
    behind : ndarray of the same shape, bool
        Whether the double comes after the hit along the track.
    """
    for i in numba.prange(len(tracks)):
        _find_doubles(index, tracks[i], cuts, doubles[i], behind[i])


@kernel(owns=True)
def _find_doubles(
    index: HitIndex, track: Int32Array, cuts: DoubletCuts, doubles: Int32Array, behind: BoolArray
) -> None:
    scratch = _Scratch(
        np.zeros(1, dtype=HELIX),
        np.zeros(1, dtype=PROBE),
        np.zeros(1, dtype=SPREAD),
        np.empty(_MOST_NEAR, dtype=np.int32),
        np.empty(_MOST_NEAR),
    )
    for k in range(len(track)):
        if track[k] == NO_HIT:
            break
        doubles[k], behind[k] = _find_double(index, track, k, cuts, scratch)


@kernel
def _find_double(
    index: HitIndex, track: Int32Array, k: int, cuts: DoubletCuts, scratch: _Scratch
) -> tuple[int, bool]:
    """Return the double of the k-th hit of a track and whether it comes after that hit."""
    points, surfaces, spread = index.points, index.surfaces, scratch.spreads[0]
    helix, probe = scratch.helices[0], scratch.probes[0]
    step = -1 if k >= 2 else 1
    a, b, hit = track[k + 2 * step], track[k + step], points[track[k]]
    if a == NO_HIT or not aim(points[a], points[b], hit, surfaces, cuts, helix, probe):
        return NO_HIT, False
    expect_beside(helix, probe, surfaces[hit.layer], cuts, spread)
    n = collect(index, hit.layer, helix, spread, cuts.pull, scratch.near, scratch.chi2)
    double = _nearest(points, scratch.near[:n], scratch.chi2, hit.module)
    if double == NO_HIT:
        return NO_HIT, False
    dx, dy = points[double].x - helix.x, points[double].y - helix.y
    return double, (dx * spread.cos + dy * spread.sin) * step < 0.0


@kernel
def _nearest(points: RecordArray, near: Int32Array, chi2: Float64Array, own: int) -> int:
    """Return the hit of least chi2 that is on another module than one's own."""
    best = -1
    for k in range(len(near)):
        if points[near[k]].module != own and (best < 0 or chi2[k] < chi2[best]):
            best = k
    return near[best] if best >= 0 else NO_HIT


@kernel(owns=True)
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
