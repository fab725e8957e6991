"""What the clusters of hits tell of a track's direction.

The gain of a cluster is the logarithm of how much likelier a track in some direction leaves its extents than
another hit there does: that of the other tracks, which come from the beam line, and of noise, half and half.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import ClusterSlopes, Detector
from clew.detector.clusters import N_ANGLES, N_EXTENTS, angle_of, extent_group
from clew.event import Hits
from clew.hits.index import HitIndex, HitPoint
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = [
    "add_clusters",
    "cluster_gain",
    "crossing_angles",
    "extents",
    "prompt_angle",
    "shapes_of",
    "slope_limits",
]

_SLOPES: Final = record_dtype(ClusterSlopes)
_ACROSS, _ALONG = range(2)
"""Directions of `shapes_of`."""

_STEEPEST: Final = 1e3
_FLATTEST: Final = 1e-3
"""Least abs(z/r) of a hit on a disc."""


def shapes_of(detector: Detector) -> Float32Array:
    """Return the tables of a detector as kernels read them; a single row if it has none.

    Logarithms of the probabilities of extents, across modules over those of noise, and along modules,
    shape (2, 1 + n_classes * N_EXTENTS, N_ANGLES), float32.  Row 0, of hits without a cluster, is 0.
    """
    tables = detector.clusters
    n_rows = 0 if tables is None else len(tables.classes) * N_EXTENTS
    shapes = np.zeros((2, 1 + n_rows, N_ANGLES), dtype=np.float32)
    if tables is not None:
        shapes[0, 1:] = np.log(tables.across / tables.noise_across[:, :, None]).reshape(n_rows, N_ANGLES)
        shapes[1, 1:] = np.log(tables.along).reshape(n_rows, N_ANGLES)
    return shapes


@kernel(force=True)
def extents(channel: Int32Array, begin: int, end: int) -> tuple[int, int]:
    """Return how many columns a cluster spans across and along its module."""
    low, high = channel[begin, 0], channel[begin, 0]
    bottom, top = channel[begin, 1], channel[begin, 1]
    for cell in range(begin + 1, end):
        low, high = min(low, channel[cell, 0]), max(high, channel[cell, 0])
        bottom, top = min(bottom, channel[cell, 1]), max(top, channel[cell, 1])
    return high - low + 1, top - bottom + 1


@kernel(force=True)
def crossing_angles(point: HitPoint, barrel: bool, x: float, y: float, z: float) -> tuple[int, int]:
    """Return the bins of the angles, across and along a hit's module, at which a direction crosses it."""
    outward = point.axis_cos * x + point.axis_sin * y
    aside = point.axis_cos * y - point.axis_sin * x
    ahead = outward if barrel else z
    upward = z if barrel else outward
    return angle_of(aside, ahead), angle_of(upward, ahead)


@kernel(force=True)
def cluster_gain(
    shapes: Float32Array, point: HitPoint, barrel: bool, heading: tuple[float, float], slope: float
) -> float:
    """Return the gain of a hit's cluster for a track with a heading (cosine, sine) and a slope dz/darc."""
    across, along = crossing_angles(point, barrel, heading[0], heading[1], slope)
    return shapes[_ACROSS, point.across_row, across] + shapes[_ALONG, point.along_row, along] - point.chance


@kernel(force=True)
def prompt_angle(point: HitPoint, barrel: bool) -> int:
    """Return the bin of the angle along its module at which a track from the beam line crosses it there."""
    slope = point.z_over_r
    if barrel:
        return angle_of(slope, 1.0)
    return angle_of(1.0, np.copysign(max(abs(slope), _FLATTEST), slope))


def add_clusters(hits: Hits, index: HitIndex, shapes: Float32Array) -> None:
    """Write into the points of an index what their clusters are: `across_row`, `along_row` and `chance`."""
    detector = hits.detector
    if hits.cells is None or detector.clusters is None:
        return
    names = detector.clusters.classes
    number = np.array([names.index(one.kind) if one.kind in names else -1 for one in detector.layers])
    _add(index, hits.cells.offsets, hits.cells.channel, number, shapes, detector.clusters.noise_along)


@kernel
def _add(
    index: HitIndex,
    offsets: Int64Array,
    channel: Int32Array,
    number: Int64Array,
    shapes: Float32Array,
    noise: Float32Array,
) -> None:
    for hit in range(len(index.row)):
        point = index.points[hit]
        begin, end = offsets[index.row[hit]], offsets[index.row[hit] + 1]
        kind = number[point.layer]
        if begin == end or kind < 0:
            continue
        columns, rows = extents(channel, begin, end)
        across, along = extent_group(columns), extent_group(rows)
        point.across_row, point.along_row = 1 + kind * N_EXTENTS + across, 1 + kind * N_EXTENTS + along
        prompt = prompt_angle(point, index.surfaces[point.layer].barrel)
        track = np.exp(shapes[_ALONG, point.along_row, prompt])
        point.chance = np.log(0.5 * track + 0.5 * noise[kind, along])


def slope_limits(hits: Hits, index: HitIndex) -> Float64Array:
    """Return the least and the largest abs(dz/dr) that the clusters of indexed hits allow, float64, (n, 2).

    A track of slope s crosses s times the sensitive thickness along v in a barrel module and 1/s times it in
    an endcap module, and fires the columns in between; see `clew.detector.ClusterSlopes`.  Layers of classes
    without such limits, and hits without cells, allow any slope.
    """
    limits = np.empty((len(index.row), 2))
    limits[:, 0], limits[:, 1] = 0.0, _STEEPEST
    if hits.cells is not None:
        table = _limits_of_layers(hits.detector)
        _limit(index, hits.cells.offsets, hits.cells.channel, table, limits)
    return limits


def _limits_of_layers(detector: Detector) -> RecordArray:
    """Return the `ClusterSlopes` of each layer, shape (n_layers,); NaN where it has none."""
    table = np.full(len(detector), np.nan, dtype=_SLOPES)
    for row, layer in zip(table, detector.layers, strict=True):
        limits = detector.classes[layer.kind].cluster
        if limits is not None:
            for name in _SLOPES.names or ():
                row[name] = getattr(limits, name)
    return table


@kernel
def _limit(
    index: HitIndex,
    offsets: Int64Array,
    channel: Int32Array,
    table: RecordArray,
    limits: Float64Array,
) -> None:
    for hit in range(len(index.row)):
        layer = index.points[hit].layer
        begin, end = offsets[index.row[hit]], offsets[index.row[hit] + 1]
        slopes = table[layer]
        if begin == end or np.isnan(slopes.least_per_column):
            continue
        _, n = extents(channel, begin, end)
        fewer = slopes.least_per_column * (n - 2.0) - slopes.least_off
        more = slopes.most_per_column * n + slopes.most_off
        if index.surfaces[layer].barrel:
            limits[hit, 0], limits[hit, 1] = max(fewer, 0.0), more
        else:
            limits[hit, 0], limits[hit, 1] = 1.0 / more, 1.0 / max(fewer, 1.0 / _STEEPEST)
