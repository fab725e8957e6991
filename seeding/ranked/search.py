"""The likeliest triplets of each first hit: doublets from the beam line, and third hits near their helix."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.hits.index import N_COLUMNS, place
from clew.hits.space import Ground
from clew.kernels import interleaved, kernel, parallel_kernel
from clew.seeding.doublets import N_DOUBLET, doublet_window, find_thirds, make_doublet

__all__ = ["Triplets", "search_triplets"]

_SCALE: Final = N_COLUMNS / (2 * np.pi)
_MOST_THIRDS: Final = 16
_BLOCK: Final = 32


class Triplets(NamedTuple):
    """The best triplets of each first hit.

    Attributes
    ----------
    hits : ndarray of shape (n_first, width, 3), int32
        Rows of the search space, -1 where a first hit has fewer.
    gains : ndarray of shape (n_first, width), float64
        Gain of the third hit, highest first; see clew.fitting.likelihood.
    """

    hits: Int32Array
    gains: Float64Array


@kernel
def _fits(slopes: Float64Array, hit: int, slope: float) -> bool:
    return slopes[hit, 0] <= slope <= slopes[hit, 1]


@kernel
def _insert(hits: Int32Array, gains: Float64Array, first: int, second: int, third: int, gain: float) -> None:
    """Put a triplet among the others, which are ranked by gain; the worst falls out."""
    rank = len(gains)
    while rank > 0 and gains[rank - 1] < gain:
        rank -= 1
        if rank + 1 < len(gains):
            gains[rank + 1] = gains[rank]
            hits[rank + 1] = hits[rank]
    if rank < len(gains):
        gains[rank] = gain
        hits[rank, 0], hits[rank, 1], hits[rank, 2] = first, second, third


@kernel
def _thirds(
    ground: Ground,
    slopes: Float64Array,
    thirds: Int32Array,
    cuts: Float64Array,
    doublet: Float64Array,
    pair: tuple[int, int],
    slope: float,
    found: Int32Array,
    gained: Float64Array,
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    for layer in thirds:
        if layer < 0:
            break
        n = find_thirds(ground.points, ground.starts, ground.surfaces, layer, doublet, cuts, found, gained)
        for k in range(n):
            if _fits(slopes, found[k], slope):
                _insert(hits, gains, pair[0], pair[1], found[k], gained[k])


@kernel
def _search_one(
    ground: Ground,
    slopes: Float64Array,
    seconds: Int32Array,
    thirds: Int32Array,
    first: int,
    cuts: Float64Array,
    doublet: Float64Array,
    window: Float64Array,
    found: Int32Array,
    gained: Float64Array,
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    points, starts = ground.points, ground.starts
    phi = points[first, 4] + np.pi
    for layer in seconds[ground.layer[first]]:
        if layer < 0:
            break
        if not doublet_window(points, first, ground.surfaces, layer, cuts, window):
            continue
        left, right = int(np.floor((phi - window[0]) * _SCALE)), int(np.floor((phi + window[0]) * _SCALE))
        for column in range(left, right + 1):
            cell = layer * N_COLUMNS + column % N_COLUMNS
            for second in range(place(points, starts[cell], starts[cell + 1], window[1]), starts[cell + 1]):
                if points[second, 3] > window[2]:
                    break
                gap = points[second, 5] - points[first, 5]
                if gap < 3.0:
                    continue
                slope = abs(points[second, 2] - points[first, 2]) / gap
                if not (_fits(slopes, first, slope) and _fits(slopes, second, slope)):
                    continue
                if make_doublet(points, ground.layer, first, second, cuts, doublet):
                    _thirds(
                        ground, slopes, thirds[layer], cuts, doublet, (first, second), slope,
                        found, gained, hits, gains,
                    )  # fmt: skip


@parallel_kernel
def search_triplets(
    ground: Ground,
    slopes: Float64Array,
    seconds: Int32Array,
    thirds: Int32Array,
    firsts: Int64Array,
    cuts: Float64Array,
    width: int,
) -> Triplets:
    """Return the `width` best triplets that begin with each of the first hits.

    Parameters
    ----------
    ground : Ground
    slopes : ndarray of shape (n, 2), float64
        See clew.hits.space.SearchSpace.
    seconds, thirds : ndarray of shape (n_layers, any), int32
        Layers on which the hit after a first or a second one may be, -1 padded.
    firsts : ndarray of shape (n_first,), int64
    cuts : ndarray of shape (7,), float64
        See clew.seeding.triplets.search.
    width : int
    """
    n = len(firsts)
    hits = np.full((n, width, 3), -1, dtype=np.int32)
    gains = np.full((n, width), -np.inf)
    n_blocks = (n + _BLOCK - 1) // _BLOCK
    for number in numba.prange(n_blocks):
        block = interleaved(number, n_blocks)
        doublet, window = np.empty(N_DOUBLET), np.empty(3)
        found, gained = np.empty(_MOST_THIRDS, dtype=np.int32), np.empty(_MOST_THIRDS)
        for i in range(block * _BLOCK, min(n, (block + 1) * _BLOCK)):
            _search_one(
                ground, slopes, seconds, thirds, firsts[i], cuts, doublet, window, found, gained,
                hits[i], gains[i],
            )  # fmt: skip
    return Triplets(hits, gains)
