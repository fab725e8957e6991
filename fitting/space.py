"""The hits of an event as a search sees them: sorted by place, with what their clusters tell."""

from __future__ import annotations

import weakref
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import N_LAYERS
from clew.event import Hits
from clew.fitting.clusters import slope_limits
from clew.fitting.index import build_index
from clew.fitting.rings import strip_azimuth

__all__ = ["DENSITY", "SearchSpace", "search_space"]

DENSITY: Final = 7
"""Column of `SearchSpace.surfaces` with the density of hits."""


class SearchSpace(NamedTuple):
    """Hits sorted by layer, azimuth column and z/r; all arrays but the last two have one row per hit.

    Attributes
    ----------
    points : ndarray of shape (n, 8), float64
        x, y, z [mm], z/r, phi [rad], r [mm], cosine and sine of the azimuth in which the module lies.
    layer, module : ndarray of shape (n,), int32
        Dense layer index and module number.
    slopes : ndarray of shape (n, 2), float64
        Least and largest abs(dz/dr) of a track that makes such a cluster of cells.
    row : ndarray of shape (n,), int32
        Each hit's row in the event.
    starts, surfaces : ndarray
        See clew.fitting.index.HitIndex.
    """

    points: Float64Array
    layer: Int32Array
    module: Int32Array
    slopes: Float64Array
    row: Int32Array
    starts: Int64Array
    surfaces: Float64Array

    def thinned(self, free: BoolArray) -> Float64Array:
        """Return `surfaces` with the density of those hits only that a mask of shape (n,) names."""
        n = np.bincount(self.layer, minlength=N_LAYERS)
        left = np.bincount(self.layer[free], minlength=N_LAYERS)
        surfaces = self.surfaces.copy()
        surfaces[:, DENSITY] *= np.maximum(left / np.maximum(n, 1), _LEAST_LEFT)
        return surfaces


_LEAST_LEFT: Final = 0.05
_latest: list[tuple[weakref.ref[Hits], SearchSpace]] = []


def search_space(hits: Hits) -> SearchSpace:
    """Return the search space of an event's hits; that of the last event asked for is kept."""
    if _latest and _latest[0][0]() is hits:
        return _latest[0][1]
    space = _build(hits)
    _latest[:] = [(weakref.ref(hits), space)]
    return space


def _build(hits: Hits) -> SearchSpace:
    index = build_index(hits, np.arange(len(hits)))
    phi, r, z, ratio = index.features.T
    x, y = hits.x[index.row], hits.y[index.row]
    axis = strip_azimuth(hits)[index.row]
    columns = [x, y, z, ratio, phi, r, np.cos(axis), np.sin(axis)]
    return SearchSpace(
        points=np.stack(columns, axis=1, dtype=np.float64),
        layer=hits.layer_index[index.row],
        module=hits.module[index.row],
        slopes=slope_limits(hits)[index.row],
        row=index.row,
        starts=index.starts,
        surfaces=index.surfaces,
    )
