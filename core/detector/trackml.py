"""The TrackML detector: 48 layers of silicon modules in nine volumes, and its solenoid.

Lengths are in mm, the field in T.  Volumes 7, 8, 9 are pixels, 12, 13, 14 short strips, 16, 17, 18 long
strips; 8, 13 and 17 are barrels (cylinders), the others endcaps (discs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.errors import InputError

__all__ = ["BARREL_VOLUMES", "FIELD_STRENGTH", "LAYERS", "N_LAYERS", "Layer", "Modules", "layer_index"]

BARREL_VOLUMES: Final = (8, 13, 17)
FIELD_STRENGTH: Final = 1.9944
"""Field at the solenoid's centre, T."""


@dataclass(frozen=True)
class Layer:
    """One layer: a cylinder of radius `position` or a disc at z = `position`.

    `reach` is its extent in the other coordinate, (lowest, highest): |z| for a barrel, r for an endcap.
    """

    volume: int
    layer: int
    barrel: bool
    position: float
    reach: tuple[float, float]
    n_modules: int


def _endcaps(volume: int, positions: tuple[float, ...], r: tuple[float, float], n: int) -> list[Layer]:
    return [Layer(volume, 2 * k + 2, False, z, r, n) for k, z in enumerate(positions)]


def _barrel(volume: int, radii: tuple[float, ...], z: float, n: tuple[int, ...]) -> list[Layer]:
    pairs = enumerate(zip(radii, n, strict=True))
    return [Layer(volume, 2 * k + 2, True, r, (0.0, z), count) for k, (r, count) in pairs]


_PIXEL_Z: Final = (600.0, 700.0, 820.0, 960.0, 1100.0, 1300.0, 1500.0)
_STRIP_Z: Final = (1220.0, 1500.0, 1800.0, 2150.0, 2550.0, 2950.0)


def _backward(z: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(-position for position in reversed(z))


LAYERS: Final[tuple[Layer, ...]] = tuple(
    _endcaps(7, _backward(_PIXEL_Z), (30.0, 176.5), 108)
    + _barrel(8, (32.0, 72.0, 116.0, 172.0), 491.0, (224, 448, 728, 1092))
    + _endcaps(9, _PIXEL_Z, (30.0, 176.5), 108)
    + _endcaps(12, _backward(_STRIP_Z), (240.0, 701.0), 170)
    + _barrel(13, (260.0, 360.0, 500.0, 660.0), 1084.0, (840, 1176, 1638, 2142))
    + _endcaps(14, _STRIP_Z, (240.0, 701.0), 170)
    + _endcaps(16, _backward(_STRIP_Z), (755.0, 1018.0), 98)
    + _barrel(17, (820.0, 1020.0), 1084.0, (2520, 3192))
    + _endcaps(18, _STRIP_Z, (755.0, 1018.0), 98)
)
"""All layers; a layer's place in this tuple is its dense index 0..47."""

N_LAYERS: Final = len(LAYERS)


def _lookup_table() -> Int32Array:
    table = np.full((32, 32), -1, dtype=np.int32)
    for index, layer in enumerate(LAYERS):
        table[layer.volume, layer.layer] = index
    return table


_LOOKUP: Final = _lookup_table()
_N_MODULES: Final = np.array([layer.n_modules for layer in LAYERS])


def layer_index(volume: Int32Array, layer: Int32Array) -> Int32Array:
    """Return the dense layer index 0..47 of each (volume, layer) pair, -1 where there is none."""
    inside = (volume >= 0) & (volume < 32) & (layer >= 0) & (layer < 32)
    found = _LOOKUP[np.where(inside, volume, 0), np.where(inside, layer, 0)]
    return np.where(inside, found, -1).astype(np.int32)


def known_module(volume: Int32Array, layer: Int32Array, module: Int32Array) -> BoolArray:
    """Tell for each (volume, layer, module) whether the TrackML detector has such a module."""
    index = layer_index(volume, layer)
    return (index >= 0) & (module >= 1) & (module <= _N_MODULES[index])


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
        own = _module_key(self.volume, self.layer, self.module)
        wanted = _module_key(volume, layer, module)
        order = np.argsort(own)
        place = np.minimum(np.searchsorted(own, wanted, sorter=order), len(own) - 1)
        rows = order[place]
        missing = np.flatnonzero(own[rows] != wanted)
        if len(missing):
            k = missing[0]
            name = f"volume {volume[k]}, layer {layer[k]}, module {module[k]}"
            raise InputError(f"module ({name}) is not in detectors.csv: use the file of this data set")
        return rows


def _module_key(volume: Int32Array, layer: Int32Array, module: Int32Array) -> Int64Array:
    return (volume.astype(np.int64) << 32) | (layer.astype(np.int64) << 16) | module
