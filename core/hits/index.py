"""Where hits are: by layer, azimuth column and z/r, so that a search reads only what is near."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = [
    "HIT_POINT",
    "N_COLUMNS",
    "HitIndex",
    "HitPoint",
    "build_index",
    "cell_span",
    "column_of",
    "columns_of",
    "without",
]

N_COLUMNS: Final = 256
"""Azimuth columns of a layer; the busiest layer of a TrackML event then has about 30 hits in each."""

_PER_RADIAN: Final = N_COLUMNS / (2 * np.pi)


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
        Cosine and sine of the azimuth along which the strips of its module lie, on a disc.
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
    layer: int
    module: int


HIT_POINT: Final[np.dtype[np.void]] = record_dtype(HitPoint)


class HitIndex(NamedTuple):
    """Hits sorted by layer, azimuth column and z/r.

    Attributes
    ----------
    points : ndarray of shape (n,), HitPoint
    row : ndarray of shape (n,), int32
        Each entry's row in the event.
    starts : ndarray of shape (n_layers * N_COLUMNS + 1,), int64
        Entries of column c of layer l are starts[l * N_COLUMNS + c] up to the next one.
    surfaces : ndarray of shape (n_layers,), `clew.detector.surface.Surface`
        The detector's layers with the range and the density of their hits.
    """

    points: RecordArray
    row: Int32Array
    starts: Int64Array
    surfaces: RecordArray


def column_of(phi: Float64Array) -> Int64Array:
    """Return the azimuth column 0..N_COLUMNS - 1 of each phi in [-pi, pi]."""
    column = ((phi + np.pi) * _PER_RADIAN).astype(np.int64)
    return np.clip(column, 0, N_COLUMNS - 1)


def build_index(hits: Hits, rows: Int64Array, max_background: float = np.inf) -> HitIndex:
    """Sort the given rows of an event into an index; hits on unknown layers are left out.

    Parameters
    ----------
    hits : Hits
    rows : ndarray of shape (n,), int64
        The hits that a search may find.
    max_background : float
        See clew.fitting.nearest.road.
    """
    layer = hits.layer_index[rows]
    rows, layer = rows[layer >= 0], layer[layer >= 0]
    features = hits.features[rows].astype(np.float64)
    cell = layer.astype(np.int64) * N_COLUMNS + column_of(features[:, 0])
    order = np.lexsort((features[:, 3], cell))
    starts = np.searchsorted(cell[order], np.arange(len(hits.detector) * N_COLUMNS + 1)).astype(np.int64)
    row = rows[order].astype(np.int32)
    points = np.zeros(len(row), dtype=HIT_POINT)
    points["x"], points["y"] = hits.x[row], hits.y[row]
    for column, name in enumerate(("phi", "r", "z", "z_over_r")):
        points[name] = features[order, column]
    points["layer"], points["module"] = layer[order], hits.module[row]
    surfaces = hits.detector.surfaces.copy()
    surfaces["max_background"] = max_background
    _fill_surfaces(points, starts, surfaces)
    return HitIndex(points, row, starts, surfaces)


def without(index: HitIndex, taken: BoolArray) -> HitIndex:
    """Return the index without the hits that the mask of shape (n_hits,) names."""
    keep = ~taken[index.row]
    before = np.concatenate([[0], np.cumsum(keep)])
    return index._replace(
        points=index.points[keep],
        row=index.row[keep],
        starts=before[index.starts],
    )


@kernel
def _fill_surfaces(points: RecordArray, starts: Int64Array, surfaces: RecordArray) -> None:
    """Write the range and the density of each layer's hits."""
    for layer in range(len(surfaces)):
        surface = surfaces[layer]
        begin, end = starts[layer * N_COLUMNS], starts[(layer + 1) * N_COLUMNS]
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
    """Return the first and the last azimuth column of a window around phi [rad], to be taken modulo N_COLUMNS.

    A window of the whole turn has each column once.
    """
    first = int(np.floor((phi + np.pi - half) * _PER_RADIAN))
    last = int(np.floor((phi + np.pi + half) * _PER_RADIAN))
    return first, min(last, first + N_COLUMNS - 1)


@kernel(force=True)
def lower_bound(points: RecordArray, begin: int, end: int, low: float) -> int:
    """Return the first entry of a cell whose z/r is not below `low`."""
    while begin < end:
        middle = (begin + end) >> 1
        if points[middle].z_over_r < low:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel(force=True)
def cell_span(points: RecordArray, starts: Int64Array, cell: int, low: float, high: float) -> tuple[int, int]:
    """Return where the hits of a cell with z/r from `low` to `high` begin and end."""
    stop = starts[cell + 1]
    begin = lower_bound(points, starts[cell], stop, low)
    end = begin
    while end < stop and points[end].z_over_r <= high:  # windows are narrow: cheaper than to bisect again
        end += 1
    return begin, end
