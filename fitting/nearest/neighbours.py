"""The k nearest hits of each target, exactly, by reading only the cells of the index that can hold them."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.fitting.nearest.distances import distance, window
from clew.fitting.nearest.targets import Target, is_missing
from clew.hits.index import HitIndex, cell_span, cells_of, columns_of, in_columns
from clew.kernels import kernel, parallel_kernel
from clew.records import RecordArray
from clew.tracks import NO_HIT

__all__ = ["nearest_hits", "search"]

_ROUNDING: Final = 1e-9
"""Rounding must not put a hit at exactly the maximum outside its window: this much of it is added."""

_ROUNDING_PHI: Final = 1e-7  # rad; the same for the azimuth of a window
_ROUNDING_RATIO: Final = 1e-6  # the same, relative, for its z/r


def nearest_hits(
    index: HitIndex, targets: RecordArray, barred: Int32Array, kind: int, k: int, maximum: float
) -> tuple[Int32Array, Float64Array]:
    """Return each target's k nearest hits and their ranks, nearest first, equal ones by row.

    Parameters
    ----------
    index : HitIndex
    targets : ndarray of shape (n,), `clew.fitting.nearest.targets.Target`
        One with NaN finds nothing.
    barred : ndarray of shape (n, m), int32
        Hits that a target must not find.
    kind : int
        One of clew.fitting.nearest.distances.DISTANCES.
    k : int
    maximum : float
        Hits farther than this are not found.

    Returns
    -------
    found : ndarray of shape (n, k), int32
        NO_HIT where there are fewer.
    ranks : ndarray of shape (n, k), float64
        By what rivals for a hit are compared: the distance, or for "road" its likelihood (see there).
        Infinite where there are fewer.
    """
    found = np.full((len(targets), k), NO_HIT, dtype=np.int32)
    ranks = np.full((len(targets), k), np.inf)
    _search_all(index, targets, barred, kind, maximum, found, ranks)
    return found, ranks


@parallel_kernel
def _search_all(
    index: HitIndex,
    targets: RecordArray,
    barred: Int32Array,
    kind: int,
    maximum: float,
    found: Int32Array,
    ranks: Float64Array,
) -> None:
    for i in numba.prange(len(targets)):
        _search_one(index, targets, barred, kind, maximum, found, ranks, i)


@kernel(owns=True)
def _search_one(
    index: HitIndex,
    targets: RecordArray,
    barred: Int32Array,
    kind: int,
    maximum: float,
    found: Int32Array,
    ranks: Float64Array,
    i: int,
) -> None:
    if not is_missing(targets[i]):
        search(index, targets[i], barred[i], kind, maximum, found[i], ranks[i])


@kernel
def search(
    index: HitIndex,
    target: Target,
    barred: Int32Array,
    kind: int,
    maximum: float,
    found: Int32Array,
    ranks: Float64Array,
) -> None:
    """Insert the hits near one target into its lists of the best found so far, by rank and row."""
    points = index.points
    for layer in range(len(index.surfaces)):
        surface = index.surfaces[layer]
        if surface.density == 0.0:  # it has no hits
            continue
        phi, half, low, high = window(kind, target, surface, maximum * (1 + _ROUNDING) + _ROUNDING)
        if half < 0:
            continue
        low, high = low - _ROUNDING_RATIO * abs(low), high + _ROUNDING_RATIO * abs(high)
        columns = columns_of(phi, half + _ROUNDING_PHI)
        first, last = cells_of(index, columns)
        for cell in range(first, last + 1):
            begin, end = cell_span(index, layer, cell, low, high)
            for entry in range(begin, end):
                if not in_columns(index, entry, columns):
                    continue
                d, rank = distance(kind, target, points[entry], surface)
                if d <= maximum and not _holds(barred, index.row[entry]):
                    _insert(found, ranks, index.row[entry], rank)


@kernel(force=True)
def _holds(rows: Int32Array, row: int) -> bool:
    for other in rows:  # noqa: SIM110 - numba
        if other == row:
            return True
    return False


@kernel(force=True)
def _insert(found: Int32Array, ranks: Float64Array, row: int, rank: float) -> None:
    place = len(found)
    while place > 0 and (rank < ranks[place - 1] or (rank == ranks[place - 1] and row < found[place - 1])):
        place -= 1
    if place == len(found):
        return
    for later in range(len(found) - 1, place, -1):
        found[later] = found[later - 1]
        ranks[later] = ranks[later - 1]
    found[place] = row
    ranks[place] = rank
