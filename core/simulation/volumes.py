"""Which modules are of barrels or have pixels, and how they are read out."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array
from clew.detector import Modules, trackml
from clew.detector.shapes import Description

__all__ = ["BARRELS", "PIXELS", "ModuleKinds", "kinds_of"]


def _volumes(word: str) -> tuple[int, ...]:
    """Return the volumes of the TrackML detector's layers with a word in the name of their class."""
    return tuple(sorted({layer.volume for layer in trackml().layers if word in layer.kind.split()}))


BARRELS: Final = _volumes("barrel")
PIXELS: Final = _volumes("pixel")

_LORENTZ: Final = {8: -0.1206, 13: 0.1206, 17: 0.0801}
"""Tangent of the Lorentz angle along u; its sign tells on which side the read-out is."""

_LONGEST_PIXEL: Final = 0.5  # mm


class ModuleKinds(NamedTuple):
    """How modules are read out, an entry for each.

    Attributes
    ----------
    barrel : ndarray of shape (n_modules,), bool
    pixel : ndarray of shape (n_modules,), bool
        Whether charges are measured.
    depth : ndarray of shape (n_modules,), float64, mm
        Sensitive depth.
    lorentz : ndarray of shape (n_modules,), float64
        Tangent of the angle at which charges drift along u.
    """

    barrel: BoolArray
    pixel: BoolArray
    depth: Float64Array
    lorentz: Float64Array


def kinds_of(modules: Modules, description: Description | None = None) -> ModuleKinds:
    """Return the kinds of the modules of TrackML's detector, or of one that is described."""
    half = modules.half_size[:, 0].astype(np.float64)
    if description is not None:
        barrel = np.abs(modules.rotation[:, 2, 2]) < 0.5
        return ModuleKinds(barrel, modules.pitch[:, 1] < _LONGEST_PIXEL, 2.0 * half, np.zeros(len(half)))
    barrel = np.isin(modules.volume, BARRELS)
    lorentz = np.array([_LORENTZ.get(volume, 0.0) for volume in modules.volume.tolist()])
    # TrackML's barrels are depleted by half
    return ModuleKinds(barrel, np.isin(modules.volume, PIXELS), np.where(barrel, 1.0, 2.0) * half, lorentz)
