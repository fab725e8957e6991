"""Where the free hits are: by layer, azimuth column and z/r, so that a search reads only what is near."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import LAYERS, N_LAYERS
from clew.event import Hits
from clew.kernels import kernel

__all__ = ["N_COLUMNS", "HitIndex", "build_index", "column_of", "place", "without"]

N_COLUMNS: Final = 256
"""Azimuth columns of a layer; the busiest layer then has about 30 hits in each."""

_PIXEL, _SHORT_STRIP, _LONG_STRIP = (0.02, 0.02), (0.02, 0.3), (0.03, 3.0)
_RESOLUTION: Final = dict.fromkeys((7, 8, 9), _PIXEL) | {
    **dict.fromkeys((12, 13, 14), _SHORT_STRIP),
    **dict.fromkeys((16, 17, 18), _LONG_STRIP),
}
"""mm in r*phi and along the module (z or r), by volume."""


class HitIndex(NamedTuple):
    """Hits sorted by layer, azimuth column and z/r.

    Attributes
    ----------
    row : ndarray of shape (n,), int32
        Each entry's row in the event.
    features : ndarray of shape (n, 4), float64
        phi [rad], r [mm], z [mm], z/r.
    starts : ndarray of shape (n_layers * n_columns + 1,), int64
        Entries of column c of layer l are starts[l * n_columns + c] up to the next one.
    surfaces : ndarray of shape (n_layers, 9), float64
        Each layer's lowest and highest r, lowest and highest z of its hits, 1 for a barrel, and the
        resolution of its modules in r*phi and along them (z or r); lengths in mm.  Then the density of
        hits: per mm2 on a barrel, times r2 on an endcap; and `max_background`.
    """

    row: Int32Array
    features: Float64Array
    starts: Int64Array
    surfaces: Float64Array


def column_of(phi: Float64Array) -> Int64Array:
    """Return the azimuth column 0..N_COLUMNS - 1 of each phi in [-pi, pi]."""
    column = ((phi + np.pi) * (N_COLUMNS / (2 * np.pi))).astype(np.int64)
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
    starts = np.searchsorted(cell[order], np.arange(N_LAYERS * N_COLUMNS + 1))
    features = np.ascontiguousarray(features[order])
    return HitIndex(
        row=rows[order].astype(np.int32),
        features=features,
        starts=starts.astype(np.int64),
        surfaces=_surfaces(features, starts[::N_COLUMNS], max_background),
    )


def without(index: HitIndex, taken: BoolArray) -> HitIndex:
    """Return the index without the hits that the mask of shape (n_hits,) names."""
    keep = ~taken[index.row]
    before = np.concatenate([[0], np.cumsum(keep)])
    return index._replace(
        row=index.row[keep],
        features=index.features[keep],
        starts=before[index.starts],
    )


def _surfaces(features: Float64Array, starts: Int64Array, max_background: float) -> Float64Array:
    surfaces = np.tile([np.inf, -np.inf, np.inf, -np.inf, 0.0, 0.0, 0.0, 0.0, max_background], (N_LAYERS, 1))
    for number, layer in enumerate(LAYERS):
        r, z = features[starts[number] : starts[number + 1], 1:3].T
        if len(r):
            surfaces[number, :4] = r.min(), r.max(), z.min(), z.max()
            surfaces[number, 7] = len(r) / _extent(layer.barrel, *surfaces[number, :4])
        surfaces[number, 4:7] = layer.barrel, *_RESOLUTION[layer.volume]
    return surfaces


def _extent(barrel: bool, r_low: float, r_high: float, z_low: float, z_high: float) -> float:
    if barrel:
        return float(2 * np.pi * r_high * max(z_high - z_low, 1.0))
    return float(2 * np.pi * np.log(max(r_high / max(r_low, 1.0), 1.1)))


@kernel
def place(points: Float64Array, begin: int, end: int, low: float) -> int:
    """Return the first place of a cell whose z/r is not below `low`."""
    while begin < end:
        middle = (begin + end) >> 1
        if points[middle, 3] < low:
            begin = middle + 1
        else:
            end = middle
    return begin
