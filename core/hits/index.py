"""Where hits are: by layer, azimuth column and z/r, so that a search reads only what is near."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array
from clew.event import Hits
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype
from clew.tracks import NO_HIT

__all__ = [
    "HIT_POINT",
    "N_COLUMNS",
    "HitIndex",
    "HitPoint",
    "SortedHits",
    "build_index",
    "cell_span",
    "cells_of",
    "columns_of",
    "entries_of",
    "in_columns",
    "shift_for",
    "without",
]

N_COLUMNS: Final = 256
"""Azimuth columns of a layer, a power of 2: windows are rounded to whole ones."""

_PER_RADIAN: Final = N_COLUMNS / (2 * np.pi)
_PHI, _RATIO = 0, 3
"""Columns of `Hits.features`."""

_FEW: Final = 64
"""Hits of a cell that are sorted by insertion."""

_HITS_PER_CELL: Final = 16
"""Mean number of hits of a cell, below which columns share cells: fewer are to be looked into then."""


class HitPoint:
    """Fields of a hit as searches see it.

    Attributes
    ----------
    x, y, z : float, mm
    z_over_r : float
    phi : float, rad
        Azimuth in (-pi, pi].
    r : float, mm
        Distance from the beam axis.
    axis_cos, axis_sin : float
        Cosine and sine of the azimuth to which its module points: along the strips on a disc, along the
        normal on a cylinder.
    chance : float
        Logarithm of how often another hit there has its cluster; see `clew.hits.clusters`.
    across_row, along_row : int
        Rows of `clew.hits.clusters.shapes_of` for the extents of its cluster.
    layer, module : int
        Dense index of its layer, and its module's number.
    """

    x: float
    y: float
    z: float
    z_over_r: float
    phi: float
    r: float
    axis_cos: float
    axis_sin: float
    chance: float
    across_row: int
    along_row: int
    layer: int
    module: int


HIT_POINT: Final[np.dtype[np.void]] = record_dtype(HitPoint)


class HitIndex(NamedTuple):
    """Hits sorted by layer, azimuth column and z/r.

    Attributes
    ----------
    points : ndarray of shape (n,), HitPoint
    ratio : ndarray of shape (n,), float64
        z/r of each, by themselves: searches bisect them.
    column : ndarray of shape (n,), int16
        Azimuth column of each.
    row : ndarray of shape (n,), int32
        Each entry's row in the event.
    starts : ndarray of shape (n_layers * n_cells + 1,), int64
        Entries of cell c of layer l are starts[l * n_cells + c] up to the next one.
    surfaces : ndarray of shape (n_layers,), `clew.detector.surface.Surface`
        The detector's layers with the range and the density of their hits.
    shift : int
        A cell is of 2 ** shift columns: a layer has n_cells = N_COLUMNS >> shift of them.
    """

    points: RecordArray
    ratio: Float64Array
    column: Int16Array
    row: Int32Array
    starts: Int64Array
    surfaces: RecordArray
    shift: int


def shift_for(n_hits: int, n_layers: int) -> int:
    """Return how many columns are to make a cell, as a power of 2: enough that cells hold some hits each."""
    per_column = n_hits / (N_COLUMNS * max(n_layers, 1))
    shift = 0
    while N_COLUMNS >> shift > 1 and per_column * 2**shift < _HITS_PER_CELL:
        shift += 1
    return shift


class SortedHits(Protocol):
    """What a search reads of `HitIndex` and of `clew.hits.space.SearchSpace`."""

    @property
    def points(self) -> RecordArray: ...  # noqa: D102

    @property
    def ratio(self) -> Float64Array: ...  # noqa: D102

    @property
    def column(self) -> Int16Array: ...  # noqa: D102

    @property
    def starts(self) -> Int64Array: ...  # noqa: D102

    @property
    def surfaces(self) -> RecordArray: ...  # noqa: D102

    @property
    def shift(self) -> int: ...  # noqa: D102


def build_index(
    hits: Hits, rows: Int64Array | None = None, max_background: float = np.inf, shift: int = 0
) -> HitIndex:
    """Sort the given rows of an event into an index; hits on unknown layers are left out.

    Parameters
    ----------
    hits : Hits
    rows : ndarray of shape (n,), int64, or None
        The hits that a search may find; None for all.
    max_background : float
        See clew.fitting.nearest.road.
    shift : int
        Columns that make a cell, as a power of 2; see `HitIndex`.
    """
    chosen = np.arange(len(hits)) if rows is None else rows
    chosen = chosen[hits.layer_index[chosen] >= 0]
    n, n_layers = len(chosen), len(hits.detector)
    own = np.empty(n, dtype=np.int32)
    _find_cells(hits.phi, hits.layer_index, chosen, shift, own)
    starts = np.zeros(n_layers * (N_COLUMNS >> shift) + 1, dtype=np.int64)
    row = np.empty(n, dtype=np.int32)
    _distribute(chosen, own, starts, row)
    ratio = np.empty(n)
    _sort_cells(hits.features, starts, row, ratio)
    column = np.empty(n, dtype=np.int16)
    _find_columns(hits.phi, row, column)
    points = np.empty(n, dtype=HIT_POINT)
    _fill_points(hits.x, hits.y, hits.features, hits.layer_index, hits.module, row, points)
    surfaces = hits.detector.surfaces.copy()
    surfaces["max_background"] = max_background
    _fill_surfaces(points, starts, shift, surfaces)
    return HitIndex(points, ratio, column, row, starts, surfaces, shift)


def entries_of(row: Int32Array, n_hits: int) -> Int32Array:
    """Return the entry of each hit of an event, NO_HIT for those that an index or a search space lacks.

    Parameters
    ----------
    row : ndarray of shape (n,), int32
        The row of each entry in the event.
    n_hits : int
        Of the event.

    Returns
    -------
    ndarray of shape (n_hits + 1,), int32
        The last is for NO_HIT, which so stays what it is.
    """
    entries = np.full(n_hits + 1, NO_HIT, dtype=np.int32)
    entries[row] = np.arange(len(row), dtype=np.int32)
    return entries


def without(index: HitIndex, taken: BoolArray) -> HitIndex:
    """Return the index without the hits that the mask of shape (n_hits,) names."""
    keep = ~taken[index.row]
    before = np.concatenate([[0], np.cumsum(keep)])
    return index._replace(
        points=index.points[keep],
        ratio=index.ratio[keep],
        column=index.column[keep],
        row=index.row[keep],
        starts=before[index.starts],
    )


@kernel(force=True)
def _column_of(phi: float) -> int:
    """Return the azimuth column 0..N_COLUMNS - 1 of a phi in [-pi, pi]."""
    return min(max(int((phi + np.pi) * _PER_RADIAN), 0), N_COLUMNS - 1)


@kernel
def _find_cells(phi: Float32Array, layer: Int32Array, rows: Int64Array, shift: int, own: Int32Array) -> None:
    """Write the cell of each row, counted through all layers."""
    n_cells = N_COLUMNS >> shift
    for k in range(len(rows)):
        own[k] = layer[rows[k]] * n_cells + (_column_of(np.float64(phi[rows[k]])) >> shift)


@kernel
def _find_columns(phi: Float32Array, row: Int32Array, column: Int16Array) -> None:
    for k in range(len(row)):
        column[k] = _column_of(np.float64(phi[row[k]]))


@kernel
def _distribute(rows: Int64Array, cells: Int32Array, starts: Int64Array, row: Int32Array) -> None:
    """Sort rows by cell, those of one cell in their order (a counting sort)."""
    for k in range(len(cells)):
        starts[cells[k] + 1] += 1
    for cell in range(len(starts) - 1):
        starts[cell + 1] += starts[cell]
    for k in range(len(cells)):
        row[starts[cells[k]]] = rows[k]
        starts[cells[k]] += 1
    for cell in range(len(starts) - 1, 0, -1):
        starts[cell] = starts[cell - 1]
    starts[0] = 0


@kernel(owns=True)
def _sort_cells(features: Float32Array, starts: Int64Array, row: Int32Array, ratio: Float64Array) -> None:
    for cell in range(len(starts) - 1):
        begin, end = starts[cell], starts[cell + 1]
        if end - begin < _FEW:
            _insert(features, row, ratio, begin, end)
        else:  # in a dense place a cell may hold thousands of hits
            _sort_cell(features, row, ratio, begin, end)


@kernel(owns=True)
def _sort_cell(features: Float32Array, row: Int32Array, ratio: Float64Array, begin: int, end: int) -> None:
    """Sort the hits of a cell by z/r, equal ones by azimuth."""
    own, keys = row[begin:end].copy(), np.empty(end - begin)
    for column in (_PHI, _RATIO):  # a stable sort by the first key within one by the second
        for k in range(end - begin):
            keys[k] = features[own[k], column]
        own = own[np.argsort(keys, kind="mergesort")]
    for k in range(end - begin):
        row[begin + k], ratio[begin + k] = own[k], features[own[k], _RATIO]


@kernel(force=True)
def _insert(features: Float32Array, row: Int32Array, ratio: Float64Array, begin: int, end: int) -> None:
    """Sort the hits of a small cell by z/r, equal ones by azimuth: insert one after the other."""
    for k in range(begin, end):
        own, value, phi = row[k], np.float64(features[row[k], _RATIO]), features[row[k], _PHI]
        place = k
        while place > begin and (
            ratio[place - 1] > value or (ratio[place - 1] == value and features[row[place - 1], _PHI] > phi)
        ):
            row[place], ratio[place] = row[place - 1], ratio[place - 1]
            place -= 1
        row[place], ratio[place] = own, value


@kernel
def _fill_points(
    x: Float32Array,
    y: Float32Array,
    features: Float32Array,
    layer: Int32Array,
    module: Int32Array,
    row: Int32Array,
    points: RecordArray,
) -> None:
    for k in range(len(row)):
        point, own = points[k], row[k]
        point.x, point.y = x[own], y[own]
        point.phi, point.r = features[own, 0], features[own, 1]
        point.z, point.z_over_r = features[own, 2], features[own, 3]
        point.axis_cos, point.axis_sin, point.chance = 0.0, 0.0, 0.0
        point.across_row, point.along_row = 0, 0
        point.layer, point.module = layer[own], module[own]


@kernel
def _fill_surfaces(points: RecordArray, starts: Int64Array, shift: int, surfaces: RecordArray) -> None:
    """Write the range and the density of each layer's hits."""
    n_cells = N_COLUMNS >> shift
    for layer in range(len(surfaces)):
        surface = surfaces[layer]
        begin, end = starts[layer * n_cells], starts[(layer + 1) * n_cells]
        for hit in range(begin, end):
            r, z = points[hit].r, points[hit].z
            surface.r_low, surface.r_high = min(surface.r_low, r), max(surface.r_high, r)
            surface.z_low, surface.z_high = min(surface.z_low, z), max(surface.z_high, z)
        if begin == end:
            continue
        if surface.barrel:
            extent = 2 * np.pi * surface.r_high * max(surface.z_high - surface.z_low, 1.0)
        else:
            extent = 2 * np.pi * np.log(max(surface.r_high / max(surface.r_low, 1.0), 1.1))
        surface.density = (end - begin) / extent


@kernel(force=True)
def columns_of(phi: float, half: float) -> tuple[int, int]:
    """Return the first and the last azimuth column of a window around phi [rad].

    Columns are counted on past the turn, from below 0 to beyond the last one; a window of the whole turn has
    each column once.
    """
    first = int(np.floor((phi + np.pi - half) * _PER_RADIAN))
    last = int(np.floor((phi + np.pi + half) * _PER_RADIAN))
    return first, min(last, first + N_COLUMNS - 1)


@kernel(force=True)
def cells_of(index: SortedHits, columns: tuple[int, int]) -> tuple[int, int]:
    """Return the first and the last cell that hold the columns of a window; counted on past the turn, too."""
    first, last = columns[0] >> index.shift, columns[1] >> index.shift
    return first, min(last, first + (N_COLUMNS >> index.shift) - 1)


@kernel(force=True)
def in_columns(index: SortedHits, hit: int, columns: tuple[int, int]) -> bool:
    """Tell whether a hit is in the columns of a window: cells may hold more of them."""
    return ((index.column[hit] - columns[0]) & (N_COLUMNS - 1)) <= columns[1] - columns[0]


@kernel(force=True)
def lower_bound(ratio: Float64Array, begin: int, end: int, low: float) -> int:
    """Return the first entry of a cell whose z/r is not below `low`."""
    while begin < end:
        middle = (begin + end) >> 1
        if ratio[middle] < low:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel(force=True)
def cell_span(index: SortedHits, layer: int, cell: int, low: float, high: float) -> tuple[int, int]:
    """Return where the hits of a cell with z/r from `low` to `high` begin and end."""
    n_cells = N_COLUMNS >> index.shift
    place = layer * n_cells + (cell & (n_cells - 1))
    stop = index.starts[place + 1]
    begin = lower_bound(index.ratio, index.starts[place], stop, low)
    end = begin
    while end < stop and index.ratio[end] <= high:  # windows are narrow: cheaper than to bisect again
        end += 1
    return begin, end
