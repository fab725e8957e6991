"""The hits of an event as a track search sees them: sorted by place, with what clusters and modules tell."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.hits.clusters import slope_limits
from clew.hits.index import N_COLUMNS, build_index
from clew.hits.rings import orient_modules
from clew.kernels import kernel
from clew.records import RecordArray

__all__ = ["SearchSpace", "select_space", "whole_space"]


class SearchSpace(NamedTuple):
    """Hits sorted by layer, azimuth column and z/r.

    Attributes
    ----------
    points : ndarray of shape (n,), `clew.hits.index.HitPoint`
    slopes : ndarray of shape (n, 2), float64
        Least and largest abs(dz/dr) of a track that makes such a cluster of cells.
    row : ndarray of shape (n,), int32
        Each hit's row in the event.
    starts, surfaces : ndarray
        See `clew.hits.index.HitIndex`.
    """

    points: RecordArray
    slopes: Float64Array
    row: Int32Array
    starts: Int64Array
    surfaces: RecordArray


_LEAST_LEFT: Final = 0.05
"""Share of its hits that a layer counts as having at least: gains stay finite where few are left."""


def select_space(space: SearchSpace, free: BoolArray) -> SearchSpace:
    """Return the space of the free hits alone, from a mask of shape (n_hits,); layers are as much emptier."""
    starts, surfaces = np.empty_like(space.starts), space.surfaces.copy()
    n = _count(space.row, space.starts, free, starts, surfaces)
    if n == len(space.row):
        return space
    points, slopes, row = np.empty(n, space.points.dtype), np.empty((n, 2)), np.empty(n, dtype=np.int32)
    _select(space, free, points, slopes, row)
    return SearchSpace(points, slopes, row, starts, surfaces)


def whole_space(hits: Hits) -> SearchSpace:
    """Return the search space of all hits of an event."""
    index = build_index(hits, np.arange(len(hits)))
    orient_modules(hits, index)
    return SearchSpace(index.points, slope_limits(hits, index), index.row, index.starts, index.surfaces)


@kernel
def _count(
    row: Int32Array, starts: Int64Array, free: BoolArray, left: Int64Array, surfaces: RecordArray
) -> int:
    """Write where the cells of the free hits start, and thin out the layers' densities; return their number."""
    n = 0
    for layer in range(len(surfaces)):
        before, first = n, layer * N_COLUMNS
        for cell in range(first, first + N_COLUMNS):
            left[cell] = n
            for hit in range(starts[cell], starts[cell + 1]):
                n += free[row[hit]]
        share = (n - before) / max(starts[first + N_COLUMNS] - starts[first], 1)
        surfaces[layer].density *= max(share, _LEAST_LEFT)
    left[len(left) - 1] = n
    return n


@kernel
def _select(
    space: SearchSpace, free: BoolArray, points: RecordArray, slopes: Float64Array, row: Int32Array
) -> None:
    n = 0
    for hit in range(len(space.row)):
        if free[space.row[hit]]:
            points[n] = space.points[hit]
            slopes[n, 0], slopes[n, 1] = space.slopes[hit, 0], space.slopes[hit, 1]
            row[n] = space.row[hit]
            n += 1
