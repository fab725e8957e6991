"""The k nearest hits of each target, exactly, by reading only the cells of the index that can hold them."""

from __future__ import annotations

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.fitting.nearest.distances import distance, window
from clew.hits.index import N_COLUMNS, HitIndex
from clew.kernels import kernel, parallel_kernel
from clew.tracks import NO_HIT

__all__ = ["nearest_hits", "search"]


def nearest_hits(
    index: HitIndex, targets: Float64Array, barred: Int32Array, kind: int, k: int, maximum: float
) -> tuple[Int32Array, Float64Array]:
    """Return each target's k nearest hits and their ranks, nearest first, equal ones by row.

    Parameters
    ----------
    index : HitIndex
    targets : ndarray of shape (n, 12), float64
        See clew.fitting.nearest.road; one with NaN finds nothing.
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
    targets: Float64Array,
    barred: Int32Array,
    kind: int,
    maximum: float,
    found: Int32Array,
    ranks: Float64Array,
) -> None:
    for i in numba.prange(len(targets)):
        if not np.isnan(targets[i].sum()):
            search(index, targets[i], barred[i], kind, maximum, found[i], ranks[i])


@kernel
def search(
    index: HitIndex,
    target: Float64Array,
    barred: Int32Array,
    kind: int,
    maximum: float,
    found: Int32Array,
    ranks: Float64Array,
) -> None:
    """Insert the hits near one target into its lists of the best found so far, by rank and row."""
    for layer in range(len(index.surfaces)):
        if index.starts[layer * N_COLUMNS] == index.starts[(layer + 1) * N_COLUMNS]:
            continue
        surface = index.surfaces[layer]
        # Rounding must not put a hit at exactly the maximum outside its window.
        phi, half, low, high = window(kind, target, surface, maximum * (1 + 1e-9) + 1e-9)
        if half < 0:
            continue
        first, n_columns = _columns(phi, half)
        for step in range(n_columns):
            cell = layer * N_COLUMNS + (first + step) % N_COLUMNS
            start, stop = index.starts[cell], index.starts[cell + 1]
            entry = start + np.searchsorted(index.features[start:stop, 3], low - 1e-6 * abs(low))
            while entry < stop and index.features[entry, 3] <= high + 1e-6 * abs(high):
                d, rank = distance(kind, target, index.features[entry], surface)
                if d <= maximum and not _holds(barred, index.row[entry]):
                    _insert(found, ranks, index.row[entry], rank)
                entry += 1


@kernel
def _columns(phi: float, half: float) -> tuple[int, int]:
    scale = N_COLUMNS / (2 * np.pi)
    first = int(np.floor((phi - half + np.pi) * scale - 1e-6))
    last = int(np.floor((phi + half + np.pi) * scale + 1e-6))
    return first % N_COLUMNS, min(last - first + 1, N_COLUMNS)


@kernel
def _holds(rows: Int32Array, row: int) -> bool:
    for other in rows:  # noqa: SIM110 - numba
        if other == row:
            return True
    return False


@kernel
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
