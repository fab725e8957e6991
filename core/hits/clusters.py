"""What the length of a pixel cluster tells of the track's slope."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import ClusterSlopes, Detector
from clew.event import Hits
from clew.hits.index import HitIndex
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = ["slope_limits"]

_SLOPES: Final = record_dtype(ClusterSlopes)
_STEEPEST: Final = 1e3
_MARGIN: Final = (0.97, 0.01, 1.03, 0.01)
"""Factor and offset of the least and of the largest slope: how far the limits are loosened."""


def slope_limits(hits: Hits, index: HitIndex) -> Float64Array:
    """Return the least and the largest abs(dz/dr) that the clusters of indexed hits allow, float64, (n, 2).

    A track of slope s crosses s times the sensitive thickness along v in a barrel module and 1/s times it in
    an endcap module, and fires the columns in between; see `clew.detector.ClusterSlopes`.  Layers of classes
    without such limits, and hits without cells, allow any slope.
    """
    limits = np.empty((len(index.row), 2))
    limits[:, 0], limits[:, 1] = -_MARGIN[1], _STEEPEST * _MARGIN[2] + _MARGIN[3]
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


@kernel(force=True)
def _columns(channel: Int32Array, begin: int, end: int) -> int:
    """Return how many columns along v a cluster spans."""
    low = high = channel[begin, 1]
    for cell in range(begin + 1, end):
        low, high = min(low, channel[cell, 1]), max(high, channel[cell, 1])
    return high - low + 1


@kernel
def _limit(
    index: HitIndex,
    offsets: Int64Array,
    channel: Int32Array,
    table: RecordArray,
    limits: Float64Array,
) -> None:
    low_scale, low_off, high_scale, high_off = _MARGIN
    for hit in range(len(index.row)):
        layer = index.points[hit].layer
        begin, end = offsets[index.row[hit]], offsets[index.row[hit] + 1]
        slopes = table[layer]
        if begin == end or np.isnan(slopes.least_per_column):
            continue
        n = _columns(channel, begin, end)
        fewer = slopes.least_per_column * (n - 2.0) - slopes.least_off
        more = slopes.most_per_column * n + slopes.most_off
        if index.surfaces[layer].barrel:
            least, most = max(fewer, 0.0), more
        else:
            least, most = 1.0 / more, 1.0 / max(fewer, 1.0 / _STEEPEST)
        limits[hit, 0], limits[hit, 1] = least * low_scale - low_off, most * high_scale + high_off
