"""What the length of a pixel cluster tells of the track's slope."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.event import Cells, Hits
from clew.kernels import kernel

__all__ = ["slope_limits"]

_ENDCAPS: Final = (7, 9)
_BARREL: Final = 8
_STEEPEST: Final = 1e3
_MARGIN: Final = (0.97, 0.01, 1.03, 0.01)


@kernel
def _columns(offsets: np.ndarray, channel: np.ndarray) -> Int32Array:
    """Return how many columns along v each cluster spans, 0 for one without cells."""
    n = len(offsets) - 1
    columns = np.zeros(n, dtype=np.int32)
    for hit in range(n):
        begin, end = offsets[hit], offsets[hit + 1]
        if begin == end:
            continue
        low = high = channel[begin, 1]
        for cell in range(begin + 1, end):
            low, high = min(low, channel[cell, 1]), max(high, channel[cell, 1])
        columns[hit] = high - low + 1
    return columns


def slope_limits(hits: Hits) -> Float64Array:
    """Return the least and the largest abs(dz/dr) that each hit's cluster allows, shape (n_hits, 2), float64.

    A track of slope s crosses s times the sensitive thickness along v in a barrel module of pixels and 1/s
    times it in an endcap module, and fires the columns (0.05625 mm wide) in between; the limits hold 96% of
    simulated tracks.  Strips, and hits without cells, allow any slope.
    """
    limits = np.tile([0.0, _STEEPEST], (len(hits), 1))
    cells: Cells | None = hits.cells
    if cells is None:
        return limits
    n = _columns(cells.offsets, cells.channel).astype(np.float64)
    barrel = (hits.volume == _BARREL) & (n > 0)
    endcap = np.isin(hits.volume, _ENDCAPS) & (n > 0)
    limits[barrel, 0] = np.maximum(0.36 * (n[barrel] - 2.0) - 0.08, 0.0)
    limits[barrel, 1] = 0.375 * n[barrel] + 0.08
    limits[endcap, 0] = 1.0 / (0.1875 * n[endcap] + 0.05)
    limits[endcap, 1] = 1.0 / np.maximum(0.1875 * (n[endcap] - 2.0) - 0.02, 1.0 / _STEEPEST)
    low, low_off, high, high_off = _MARGIN
    return np.stack([limits[:, 0] * low - low_off, limits[:, 1] * high + high_off], axis=1)
