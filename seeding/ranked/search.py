"""The likeliest triplets of each first hit: doublets from the beam line, and third hits near their helix."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.hits.index import cell_span, cells_of, columns_of, in_columns
from clew.hits.space import SearchSpace
from clew.kernels import kernel, run_blocks
from clew.records import RecordArray
from clew.seeding.clusters import clusters_of_three
from clew.seeding.doublets import DOUBLET, Doublet, DoubletCuts, doublet_window, find_thirds, make_doublet
from clew.seeding.shortlist import Triplets, insert_triplet, no_triplets
from clew.seeding.slopes import slope_fits, slope_windows

__all__ = ["search_triplets"]

_MOST_THIRDS: Final = 16
"""Third hits of a doublet on one layer that are looked at."""


class _Rules(NamedTuple):
    """Where second and third hits may be, what they must keep to, and what clusters weigh."""

    seconds: Int32Array
    thirds: Int32Array
    cuts: DoubletCuts
    clusters: float


class _Scratch(NamedTuple):
    """What one thread works in: a doublet, its third hits and their gains."""

    doublets: RecordArray
    found: Int32Array
    gains: Float64Array


@kernel(force=True)
def _add_thirds(
    space: SearchSpace,
    rules: _Rules,
    pair: tuple[int, int],
    slope: float,
    scratch: _Scratch,
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    """Add the triplets of a doublet to the best ones of its first hit."""
    doublet: Doublet = scratch.doublets[0]
    points = space.points
    first, second = points[pair[0]], points[pair[1]]
    for layer in rules.thirds[second.layer]:
        if layer < 0:
            break
        n = find_thirds(space, layer, doublet, rules.cuts, scratch.found, scratch.gains)
        for k in range(n):
            third = scratch.found[k]
            if slope_fits(space.slopes, third, slope):
                gain = scratch.gains[k]
                if rules.clusters > 0.0:
                    gain += rules.clusters * clusters_of_three(space, first, second, points[third])
                insert_triplet(hits, gains, (pair[0], pair[1], third), gain)


@kernel(force=True)
def _search_window(
    space: SearchSpace,
    rules: _Rules,
    first: int,
    layer: int,
    window: tuple[float, float, float],
    scratch: _Scratch,
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    """Add the triplets whose second hit lies in half a range of phi and a range of z/r of a layer."""
    points, start, cuts = space.points, space.points[first], rules.cuts
    half, low, high = window
    columns = columns_of(start.phi, half)
    left, right = cells_of(space, columns)
    for cell in range(left, right + 1):
        begin, end = cell_span(space, layer, cell, low, high)
        for second in range(begin, end):
            if not in_columns(space, second, columns):
                continue
            gap = points[second].r - start.r
            if gap < cuts.least_gap:
                continue
            # clusters tell the slope: most doublets fail here, before their helix is worked out
            slope = abs(points[second].z - start.z) / gap
            if not (slope_fits(space.slopes, first, slope) and slope_fits(space.slopes, second, slope)):
                continue
            if make_doublet(start, points[second], space.surfaces, cuts, scratch.doublets[0]):
                _add_thirds(space, rules, (first, second), slope, scratch, hits, gains)


@kernel
def _search_one(
    space: SearchSpace,
    rules: _Rules,
    first: int,
    scratch: _Scratch,
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    """Write the best triplets of one first hit."""
    start, slopes = space.points[first], space.slopes[first]
    for layer in rules.seconds[start.layer]:
        if layer < 0:
            break
        surface = space.surfaces[layer]
        half, low, high = doublet_window(start, surface, rules.cuts)
        if half < 0.0:
            continue
        for side in slope_windows(start, surface, slopes[0], slopes[1]):
            window = half, max(low, side[0]), min(high, side[1])
            if window[1] <= window[2]:
                _search_window(space, rules, first, layer, window, scratch, hits, gains)


@kernel(owns=True)
def _search_block(
    space: SearchSpace,
    rules: _Rules,
    firsts: Int64Array,
    triplets: Triplets,
    block: tuple[int, int],
) -> None:
    """Write the best triplets of the first hits of a block: numbers block[0] to block[1]."""
    scratch = _Scratch(
        np.zeros(1, dtype=DOUBLET), np.empty(_MOST_THIRDS, dtype=np.int32), np.empty(_MOST_THIRDS)
    )
    for i in range(block[0], block[1]):
        _search_one(space, rules, firsts[i], scratch, triplets.hits[i], triplets.gains[i])


def search_triplets(
    space: SearchSpace,
    seconds: Int32Array,
    thirds: Int32Array,
    firsts: Int64Array,
    cuts: DoubletCuts,
    clusters: float,
    width: int,
) -> Triplets:
    """Return the `width` best triplets that begin with each of the first hits.

    Parameters
    ----------
    space : SearchSpace
    seconds, thirds : ndarray of shape (n_layers, any), int32
        Layers on which the hit after a first or a second one may be, -1 padded.
    firsts : ndarray of shape (n_first,), int64
        Entries of the space.
    cuts : DoubletCuts
    clusters : float
        Weight of what clusters gain.
    width : int
    """
    n = len(firsts)
    triplets = no_triplets(n, width)
    rules = _Rules(seconds, thirds, cuts, clusters)

    def search_block(begin: int, end: int) -> None:
        _search_block(space, rules, firsts, triplets, (begin, end))

    run_blocks(search_block, n)
    return triplets
