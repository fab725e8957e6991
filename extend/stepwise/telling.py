"""What a network is told of four hits in local coordinates: see clew.extend.stepwise.local."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.detector import LAYERS
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL
from clew.motion.state import KAPPA, PSI, SLOPE, X, Y, Z

__all__ = ["N_TOLD", "tell_crossing", "tell_hit"]

N_TOLD: Final = 20
"""Numbers told of each hit: its place along, across and above the helix; its r, z and kind of layer (barrel,
pixel, long strip); and, the same for all four, the helix and its crossing."""

_IS_PIXEL: Final = np.array([layer.volume in (7, 8, 9) for layer in LAYERS])
_IS_LONG: Final = np.array([layer.volume in (16, 17, 18) for layer in LAYERS])
_LOWEST_CURVATURE: Final = 1e-5


@kernel
def tell_hit(
    points: Float64Array,
    hit: int,
    layer: int,
    state: Float64Array,
    bent: float,
    turn: float,
    side: float,
    told: Float64Array,
) -> None:
    """Write where a hit is, seen from the state at the last one, and on what kind of layer.

    `bent` is the curvature on the way ahead [1/mm]; `turn` and `side` mirror (see References).
    """
    dx, dy = points[hit, 0] - state[X], points[hit, 1] - state[Y]
    cos, sin = np.cos(state[PSI]), np.sin(state[PSI])
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    arc = np.arctan2(bent * ahead, 1.0 - bent * left) / bent
    inside = 2.0 * left - bent * (ahead * ahead + left * left)
    across = inside / (1.0 + np.sqrt(max(1.0 - bent * inside, 0.0)))
    height = points[hit, 2] - state[Z] - state[SLOPE] * arc
    told[0], told[1], told[2] = arc, np.arcsinh(10.0 * turn * across), np.arcsinh(3.0 * side * height)
    told[3], told[4] = points[hit, 5] / 1000.0, side * points[hit, 2] / 3000.0
    told[5], told[6], told[7] = IS_BARREL[layer], _IS_PIXEL[layer], _IS_LONG[layer]


@kernel
def tell_crossing(
    crossing: Float64Array,
    layer: int,
    arc: float,
    turn: float,
    side: float,
    target: Float64Array,
    told: Float64Array,
) -> None:
    """Write what the helix is like where it crosses the next layer, after an arc [mm]."""
    told[8] = np.log10(max(abs(crossing[KAPPA]), _LOWEST_CURVATURE)) + 3.0
    told[9] = np.arcsinh(abs(crossing[SLOPE])) / 3.0
    told[10], told[11], told[12] = arc / 300.0, target[1] / 1000.0, side * target[2] / 3000.0
    told[13], told[14], told[15] = IS_BARREL[layer], _IS_PIXEL[layer], _IS_LONG[layer]
    aside = crossing[PSI] - target[0]
    told[16], told[17] = turn * np.sin(aside), np.cos(aside)
    along = target[9] if IS_BARREL[layer] else target[8]
    told[18], told[19] = np.log(target[7]) / 3.0, np.log(along) / 3.0
