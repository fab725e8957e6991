"""Noise hits: so many per module, whatever the event; each a cluster like that of a particle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.detector import Modules
from clew.simulation.digitisation import fits

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["MOMENTUM", "make_noise"]

MOMENTUM: Final = 1e6
"""Magnitude of the momentum that the truth gives a noise hit, GeV."""

_SPREAD: Final = 0.13
"""Mean of 1 - cosine to an endcap module's normal."""

_LEAST: Final = 0.3
"""Smallest such cosine."""

_STEEPEST: Final = 2.4
"""Largest pseudorapidity of a noise hit's direction in the barrels, spread evenly."""

_TURN: Final = 0.4
"""Spread of the angle between a barrel's noise and the normal across the beam, rad."""


def make_noise(
    modules: Modules, barrels: BoolArray, mean: float, random: Random
) -> tuple[Int32Array, Float64Array, Float64Array]:
    """Return module rows, places and directions of noise, in the frames of the modules.

    `barrels` tells which modules are of cylinders, shape (n_modules,).

    Places are even over the modules' areas.  Directions have the clusters' sizes as in the data: those of
    endcaps near the normal, those of barrels even in pseudorapidity.
    """
    counts = random.poisson(mean, size=len(modules.module))
    module = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    place = _places(module, modules, random)
    barrel = barrels[module]
    around = random.uniform(-np.pi, np.pi, len(module))
    cos = np.maximum(1.0 - random.exponential(_SPREAD, len(module)), _LEAST)
    sin = np.sqrt(1.0 - cos**2)
    near = np.stack([sin * np.cos(around), sin * np.sin(around), cos], axis=1)
    dip = np.sinh(random.uniform(-_STEEPEST, _STEEPEST, len(module)))
    turn = random.normal(0.0, _TURN, len(module))
    along = np.stack([np.sin(turn), dip, np.cos(turn)], axis=1)
    along /= np.linalg.norm(along, axis=1)[:, None]
    return module, place, MOMENTUM * np.where(barrel[:, None], along, near)


def _places(module: Int32Array, modules: Modules, random: Random) -> Float64Array:
    half = modules.half_size[module].astype(np.float64)
    widest = np.column_stack([half[:, 2], half[:, 3]])
    place = np.zeros((len(module), 3))
    todo = np.arange(len(module))
    while len(todo):
        place[todo, :2] = random.uniform(-1.0, 1.0, (len(todo), 2)) * widest[todo]
        todo = todo[~fits(place[todo, :2], module[todo], modules)]
    return place
