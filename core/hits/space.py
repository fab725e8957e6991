"""The hits of an event as a track search sees them: sorted by place, with what clusters and modules tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array
from clew.event import Hits
from clew.hits.axes import orient_modules
from clew.hits.clusters import add_clusters, shapes_of, slope_limits
from clew.hits.index import N_COLUMNS, build_index, shift_for
from clew.kernels import kernel
from clew.records import RecordArray

__all__ = ["SearchSpace", "select_space", "thinned", "whole_space"]


class SearchSpace(NamedTuple):
    """Hits sorted by layer, azimuth column and z/r.

    Attributes
    ----------
    points, ratio, column : ndarray
        See `clew.hits.index.HitIndex`.
    slopes : ndarray of shape (n, 2), float64
        Least and largest abs(dz/dr) of a track that makes such a cluster of cells.
    row : ndarray of shape (n,), int32
        Each hit's row in the event.
    starts, surfaces, shift
        See `clew.hits.index.HitIndex`.
    shapes : ndarray, float32
        What clusters tell of a track's direction; see `clew.hits.clusters.shapes_of`.
    """

    points: RecordArray
    ratio: Float64Array
    column: Int16Array
    slopes: Float64Array
    row: Int32Array
    starts: Int64Array
    surfaces: RecordArray
    shift: int
    shapes: Float32Array

    def on_layers(self, layers: Sequence[int]) -> Int64Array:
        """Return the entries of the hits on some layers, shape (n,), int64.

        By layer, column and z/r, whatever the cells are: networks that take them in batches round alike then.
        """
        edges = self.starts[:: N_COLUMNS >> self.shift]
        found = np.concatenate([np.arange(edges[layer], edges[layer + 1]) for layer in sorted(layers)])
        layer = self.points["layer"][found]
        return found[np.lexsort((self.ratio[found], self.column[found], layer))]


_LEAST_LEFT: Final = 0.05
"""Share of its hits that a layer counts as having at least: gains stay finite where few are left."""


def select_space(whole: SearchSpace, space: SearchSpace, free: BoolArray) -> SearchSpace:
    """Return the hits of a space that a mask of shape (n_hits,) names.

    Layers are as much emptier than those of the whole event.
    """
    n_layers = len(space.surfaces)
    left = np.zeros(n_layers, dtype=np.int64)
    n = _count(space, free, left)
    if n == len(space.row):
        return space
    shift = max(shift_for(n, n_layers), space.shift)
    part = SearchSpace(
        np.empty(n, dtype=space.points.dtype),
        np.empty(n),
        np.empty(n, dtype=np.int16),
        np.empty((n, 2)),
        np.empty(n, dtype=np.int32),
        np.empty(n_layers * (N_COLUMNS >> shift) + 1, dtype=np.int64),
        whole.surfaces.copy(),
        shift,
        whole.shapes,
    )
    _select(space, free, part)
    _thin_out(whole, left, part.surfaces)
    return part


def thinned(whole: SearchSpace, free: BoolArray) -> SearchSpace:
    """Return all hits; layers count as emptied to those of a mask of shape (n_hits,)."""
    left = np.zeros(len(whole.surfaces), dtype=np.int64)
    _count(whole, free, left)
    surfaces = whole.surfaces.copy()
    _thin_out(whole, left, surfaces)
    return whole._replace(surfaces=surfaces)


def whole_space(hits: Hits) -> SearchSpace:
    """Return the search space of all hits of an event."""
    index = build_index(hits, shift=shift_for(len(hits), len(hits.detector)))
    orient_modules(hits, index)
    shapes = shapes_of(hits.detector)
    add_clusters(hits, index, shapes)
    slopes = slope_limits(hits, index)
    return SearchSpace(index.points, index.ratio, index.column, slopes, *index[3:], shapes)


@kernel
def _count(space: SearchSpace, free: BoolArray, left: Int64Array) -> int:
    """Write how many free hits each layer has; return their sum."""
    n, n_cells = 0, N_COLUMNS >> space.shift
    for layer in range(len(left)):
        before = n
        for hit in range(space.starts[layer * n_cells], space.starts[(layer + 1) * n_cells]):
            n += free[space.row[hit]]
        left[layer] = n - before
    return n


@kernel
def _thin_out(whole: SearchSpace, left: Int64Array, surfaces: RecordArray) -> None:
    """Scale the density of each layer by the share of its hits that are left."""
    n_cells = N_COLUMNS >> whole.shift
    for layer in range(len(surfaces)):
        first = layer * n_cells
        share = left[layer] / max(whole.starts[first + n_cells] - whole.starts[first], 1)
        surfaces[layer].density *= max(share, _LEAST_LEFT)


@kernel(owns=True)
def _select(space: SearchSpace, free: BoolArray, part: SearchSpace) -> None:
    """Copy the free hits; where cells become one, the hits of all are merged by z/r."""
    n_merged = 1 << (part.shift - space.shift)
    heads, ends = np.empty(n_merged, dtype=np.int64), np.empty(n_merged, dtype=np.int64)
    n = 0
    for cell in range(len(part.starts) - 1):
        part.starts[cell] = n
        for k in range(n_merged):
            ends[k] = space.starts[cell * n_merged + k + 1]
            heads[k] = _next_free(space, free, space.starts[cell * n_merged + k], ends[k])
        while True:
            best = -1
            for k in range(n_merged):
                if heads[k] < ends[k] and (best < 0 or space.ratio[heads[k]] < space.ratio[heads[best]]):
                    best = k
            if best < 0:
                break
            _copy(space, heads[best], part, n)
            heads[best] = _next_free(space, free, heads[best] + 1, ends[best])
            n += 1
    part.starts[len(part.starts) - 1] = n


@kernel(force=True)
def _next_free(space: SearchSpace, free: BoolArray, hit: int, end: int) -> int:
    """Return the first free hit from an entry on, `end` if there is none."""
    while hit < end and not free[space.row[hit]]:
        hit += 1
    return hit


@kernel(force=True)
def _copy(space: SearchSpace, hit: int, part: SearchSpace, n: int) -> None:
    part.points[n], part.ratio[n], part.column[n] = space.points[hit], space.ratio[hit], space.column[hit]
    part.slopes[n, 0], part.slopes[n, 1] = space.slopes[hit, 0], space.slopes[hit, 1]
    part.row[n] = space.row[hit]
