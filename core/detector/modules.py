"""The modules of a detectors.csv: where each is, which way it points, how large it and its cells are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.errors import InputError

__all__ = ["Modules", "module_key"]


@dataclass(frozen=True)
class Modules:
    """The modules of a detectors.csv, one row each.

    Attributes
    ----------
    volume, layer, module : ndarray of shape (n_modules,), int32
    centre : ndarray of shape (n_modules, 3), float32, mm
    rotation : ndarray of shape (n_modules, 3, 3), float32
        Columns are the module's u, v and w axes in global coordinates.
    half_size : ndarray of shape (n_modules, 4), float32, mm
        Half thickness, half width at low v, half width at high v, half length.
    pitch : ndarray of shape (n_modules, 2), float32, mm
        Cell size in u and v.
    """

    volume: Int32Array
    layer: Int32Array
    module: Int32Array
    centre: Float32Array
    rotation: Float32Array
    half_size: Float32Array
    pitch: Float32Array

    def to_local(self, rows: Int32Array | Int64Array, vectors: Float64Array) -> Float64Array:
        """Return vectors of shape (n, 3), each along the u, v and w axes of its module."""
        return np.einsum("nij,ni->nj", self.rotation[rows].astype(np.float64), vectors)

    def to_global(self, rows: Int32Array | Int64Array, vectors: Float64Array) -> Float64Array:
        """Return vectors of shape (n, 3) in their modules' axes along x, y and z: undoes `to_local`."""
        return np.einsum("nij,nj->ni", self.rotation[rows].astype(np.float64), vectors)

    def rows(self, volume: Int32Array, layer: Int32Array, module: Int32Array) -> Int64Array:
        """Return the row of each given module; raises InputError for one that is not listed."""
        own = module_key(self.volume, self.layer, self.module)
        wanted = module_key(volume, layer, module)
        order = np.argsort(own)
        place = np.minimum(np.searchsorted(own, wanted, sorter=order), len(own) - 1)
        rows = order[place]
        missing = np.flatnonzero(own[rows] != wanted)
        if len(missing):
            k = missing[0]
            name = f"volume {volume[k]}, layer {layer[k]}, module {module[k]}"
            raise InputError(f"module ({name}) is not in detectors.csv: use the file of this data set")
        return rows


def module_key(volume: Int32Array, layer: Int32Array, module: Int32Array) -> Int64Array:
    """Return one number for each (volume, layer, module), all of them below 2^16."""
    return (volume.astype(np.int64) << 32) | (layer.astype(np.int64) << 16) | module
