"""The hits of an event as a search sees them: sorted by place, with what their clusters tell."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import N_LAYERS
from clew.event import Hits
from clew.hits.clusters import slope_limits
from clew.hits.index import build_index
from clew.hits.rings import strip_azimuth

__all__ = ["DENSITY", "Ground", "SearchSpace", "select_space", "whole_space"]

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
        See clew.hits.index.HitIndex.
    """

    points: Float64Array
    layer: Int32Array
    module: Int32Array
    slopes: Float64Array
    row: Int32Array
    starts: Int64Array
    surfaces: Float64Array


class Ground(NamedTuple):
    """What kernels read of a a SearchSpace."""

    points: Float64Array
    layer: Int32Array
    module: Int32Array
    starts: Int64Array
    surfaces: Float64Array


_LEAST_LEFT: Final = 0.05


def select_space(space: SearchSpace, free: BoolArray) -> SearchSpace:
    """Return the space of the free hits alone, from a mask of shape (n_hits,); layers are as much emptier."""
    keep = free[space.row]
    if keep.all():
        return space
    before = np.concatenate([[0], np.cumsum(keep)])
    layer = space.layer[keep]
    share = np.bincount(layer, minlength=N_LAYERS) / np.maximum(
        np.bincount(space.layer, minlength=N_LAYERS), 1
    )
    surfaces = space.surfaces.copy()
    surfaces[:, DENSITY] *= np.maximum(share, _LEAST_LEFT)
    return SearchSpace(
        points=space.points[keep],
        layer=layer,
        module=space.module[keep],
        slopes=space.slopes[keep],
        row=space.row[keep],
        starts=before[space.starts],
        surfaces=surfaces,
    )


def whole_space(hits: Hits) -> SearchSpace:
    """Return the search space of all hits of an event."""
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
