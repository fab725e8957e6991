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
    points, ratio : ndarray
        See `clew.hits.index.HitIndex`.
    slopes : ndarray of shape (n, 2), float64
        Least and largest abs(dz/dr) of a track that makes such a cluster of cells.
    row : ndarray of shape (n,), int32
        Each hit's row in the event.
    starts, surfaces : ndarray
        See `clew.hits.index.HitIndex`.
    """

    points: RecordArray
    ratio: Float64Array
    slopes: Float64Array
    row: Int32Array
    starts: Int64Array
    surfaces: RecordArray


_LEAST_LEFT: Final = 0.05
"""Share of its hits that a layer counts as having at least: gains stay finite where few are left."""


def select_space(space: SearchSpace, free: BoolArray) -> SearchSpace:
    """Return the space of the hits that a mask of shape (n_hits,) names; layers are as much emptier."""
    n_layers = len(space.surfaces)
    left = np.zeros(n_layers, dtype=np.int64)
    n = _count(space, free, left)
    if n == len(space.row):
        return space
    part = SearchSpace(
        np.empty(n, dtype=space.points.dtype),
        np.empty(n),
        np.empty((n, 2)),
        np.empty(n, dtype=np.int32),
        np.empty_like(space.starts),
        space.surfaces.copy(),
    )
    _select(space, free, part)
    _thin_out(space, left, part.surfaces)
    return part


def whole_space(hits: Hits) -> SearchSpace:
    """Return the search space of all hits of an event."""
    index = build_index(hits)
    orient_modules(hits, index)
    slopes = slope_limits(hits, index)
    return SearchSpace(index.points, index.ratio, slopes, index.row, index.starts, index.surfaces)


@kernel
def _count(space: SearchSpace, free: BoolArray, left: Int64Array) -> int:
    """Write how many free hits each layer has; return their sum."""
    for hit in range(len(space.row)):
        left[space.points[hit].layer] += free[space.row[hit]]
    return left.sum()


@kernel
def _thin_out(space: SearchSpace, left: Int64Array, surfaces: RecordArray) -> None:
    """Scale the density of each layer by the share of its hits that are left."""
    for layer in range(len(surfaces)):
        first = layer * N_COLUMNS
        share = left[layer] / max(space.starts[first + N_COLUMNS] - space.starts[first], 1)
        surfaces[layer].density *= max(share, _LEAST_LEFT)


@kernel
def _select(space: SearchSpace, free: BoolArray, part: SearchSpace) -> None:
    """Copy the free hits."""
    n = 0
    for cell in range(len(part.starts) - 1):
        part.starts[cell] = n
        for hit in range(space.starts[cell], space.starts[cell + 1]):
            if free[space.row[hit]]:
                part.points[n], part.ratio[n] = space.points[hit], space.ratio[hit]
                part.slopes[n, 0], part.slopes[n, 1] = space.slopes[hit, 0], space.slopes[hit, 1]
                part.row[n] = space.row[hit]
                n += 1
    part.starts[len(part.starts) - 1] = n
