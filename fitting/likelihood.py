"""The hit on a layer that a predicted crossing most likely made, against chance.

A hit's gain is the logarithm of how much likelier it is the track's than one of the layer's other hits:
-chi2 / 2 - log(2 pi sqrt(det S) times the density of hits), S the covariance of the residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.hits.index import N_COLUMNS, place
from clew.hits.space import DENSITY, Ground
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL
from clew.motion.measurement import chi2_and_spread, measure
from clew.motion.state import AA, ACROSS_ERROR, LENGTH_ERROR, SLOPE, ZZ, X, Y, Z

__all__ = [
    "LikelihoodConfig",
    "Snap",
    "hit_density",
    "hit_window",
    "most_likely_hit",
    "snap_of",
]

_DEPTH: Final = 12.0  # mm that modules stand before or behind their layer's mean place
_ASKEW: Final = 0.07  # rad between a disc's strip and the radius at a hit on it
_SCALE: Final = N_COLUMNS / (2 * np.pi)


class Snap(NamedTuple):
    """Which hits may be taken: those within `pull` expected deviations that gain at least `least_gain`."""

    pull: float
    least_gain: float


@dataclass(frozen=True)
class LikelihoodConfig:
    """Settings of fitting by likelihood.

    Attributes
    ----------
    pull : float
        Hits farther from a prediction, in expected deviations, are not looked at.
    least_gain : float
        Hits that gain less are not taken.  Below 0 a hit is taken that is likelier one by chance than the
        track's: as tracks seldom leave no hit where they cross a layer, that pays down to about -2.5.
    """

    pull: float = 5.0
    least_gain: float = -2.5


def snap_of(config: LikelihoodConfig) -> Snap:
    """Return the settings as kernels take them."""
    return Snap(config.pull, config.least_gain)


@kernel
def hit_window(
    surfaces: Float64Array, layer: int, state: Float64Array, way: Float64Array, pull: float
) -> tuple[float, float, float, float]:
    """Return phi + pi, half the range of phi, and the range of z/r, in which hits within `pull` are."""
    x, y = state[X], state[Y]
    r = np.sqrt(x * x + y * y)
    cos = min(abs(x * way[0] + y * way[1]) / r, 1.0)
    sin = np.sqrt(1.0 - cos * cos)
    slope = abs(state[SLOPE])
    phi = np.arctan2(y, x) + np.pi
    if IS_BARREL[layer]:
        across = pull * np.sqrt(state[AA] + ACROSS_ERROR[layer] ** 2)
        height = pull * np.sqrt(state[ZZ] + LENGTH_ERROR[layer] ** 2)
        near, far = surfaces[layer, 0], surfaces[layer, 1]
        depth = min(max(far - r, r - near, 0.0) / max(cos, 0.1), _DEPTH)
        low, high = state[Z] - height - depth * slope, state[Z] + height + depth * slope
        half = (across / max(cos, 0.1) + depth * sin) / r
    else:
        slope = max(slope, 0.05)
        length = LENGTH_ERROR[layer]
        askew = min(sin + _ASKEW, 1.0)
        across = pull * np.sqrt(state[AA] + ACROSS_ERROR[layer] ** 2 + (length * askew) ** 2)
        height = pull * np.sqrt(state[ZZ] + (length * slope) ** 2)
        low, high = surfaces[layer, 2], surfaces[layer, 3]
        path = height / slope + min(max(high - state[Z], state[Z] - low, 0.0) / slope, _DEPTH)
        near, far = max(r - across * sin - path * cos, 20.0), r + across * sin + path * cos
        half = (across + path * sin) / near
    return phi, min(half, 1.0), low / (far if low > 0 else near), high / (near if high > 0 else far)


@kernel
def hit_density(surfaces: Float64Array, layer: int, state: Float64Array) -> float:
    """Return the hits per mm2 of a layer where a state meets it."""
    density = surfaces[layer, DENSITY]
    return density if IS_BARREL[layer] else density / (state[X] ** 2 + state[Y] ** 2 + 1.0)


@kernel
def _on_module_of(module: Int32Array, hit: int, met: Int32Array) -> bool:
    crossed = False
    for other in met:
        crossed |= module[other] == module[hit]
    return crossed


@kernel
def most_likely_hit(
    ground: Ground,
    layer: int,
    state: Float64Array,
    way: Float64Array,
    snap: Snap,
    met: Int32Array,
    residual: Float64Array,
) -> tuple[int, float]:
    """Return the hit on a layer that gains most, -1 if none does enough, and its gain.

    Hits on the modules of those that the track has `met` on the layer are left out: it crosses a module once.
    """
    phi, half, low, high = hit_window(ground.surfaces, layer, state, way, snap.pull)
    density = hit_density(ground.surfaces, layer, state)
    best, most, farthest = -1, snap.least_gain, snap.pull * snap.pull
    points, starts = ground.points, ground.starts
    for column in range(int(np.floor((phi - half) * _SCALE)), int(np.floor((phi + half) * _SCALE)) + 1):
        cell = layer * N_COLUMNS + column % N_COLUMNS
        for hit in range(place(points, starts[cell], starts[cell + 1], low), starts[cell + 1]):
            if points[hit, 3] > high:
                break
            if _on_module_of(ground.module, hit, met):
                continue
            measure(points, hit, layer, state, way, residual)
            chi2, spread = chi2_and_spread(state, residual)
            if chi2 < farthest:
                gain = -0.5 * chi2 - np.log(2.0 * np.pi * np.sqrt(spread) * density + 1e-9)
                if gain > most:
                    best, most = hit, gain
    return best, most
