"""The hits inside an ellipse on a layer: all of them, as TrackNETv2 lets a candidate branch to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.errors import ConfigError
from clew.fitting.likelihood import hit_window
from clew.hits.index import N_COLUMNS, place
from clew.hits.space import Ground
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL
from clew.motion.measurement import R1, R2, measure, spreads
from clew.motion.state import KAPPA, SLOPE

__all__ = ["Branching", "EllipseConfig", "branching_of", "hits_in_ellipse"]

_SCALE: Final = N_COLUMNS / (2 * np.pi)


class Branching(NamedTuple):
    """How far hits may be from the centre of an ellipse, in its radii, and how many candidates compete."""

    widening: float
    branches: int


@dataclass(frozen=True)
class EllipseConfig:
    """Settings of fitting by ellipses.

    Attributes
    ----------
    widening : float
        Factor of the ellipses' radii within which hits are taken.
    branches : int
        Candidates of one first hit that go on after each station, those with the highest gain.
    """

    widening: float = 2.0
    branches: int = 4

    def __post_init__(self) -> None:
        if not self.widening > 0:
            raise ConfigError(f"fitting: widening is {self.widening}: it must be above 0")
        if self.branches < 1:
            raise ConfigError(f"fitting: branches is {self.branches}: it must be at least 1")


def branching_of(config: EllipseConfig) -> Branching:
    """Return the settings as kernels take them."""
    return Branching(config.widening, config.branches)


@kernel
def hits_in_ellipse(
    ground: Ground,
    layer: int,
    state: Float64Array,
    way: Float64Array,
    ellipse: Float32Array,
    widening: float,
    residual: Float64Array,
    found: Int32Array,
    near: Float64Array,
    area: Float64Array,
) -> int:
    """Write the hits of a layer that are inside an ellipse, nearest to its centre first; return how many.

    Parameters
    ----------
    ground : Ground
    layer : int
    state, way : ndarray
        The helix where it crosses the layer; see clew.motion.transport.
    ellipse : ndarray of shape (4,), float32
        Centre and radii in expected deviations of the helix, its curvature and slope counted as positive.
    widening : float
        Factor of the radii.
    residual : ndarray
        Work space; see clew.motion.measurement.
    found : ndarray of shape (most,), int32
        Gets the hits; farther ones than it has room for are left out.
    near : ndarray of shape (most,), float64
        Gets their distances from the centre in widened radii.
    area : ndarray of shape (most,), float64
        Gets the area [mm2] of the widened ellipse, which depends on the module.
    """
    reach = max(abs(ellipse[0]) + widening * ellipse[2], abs(ellipse[1]) + widening * ellipse[3])
    phi, half, low, high = hit_window(ground.surfaces, layer, state, way, reach)
    side = np.copysign(1.0, state[KAPPA])
    end = np.copysign(1.0, state[SLOPE]) if IS_BARREL[layer] else 1.0
    wide, long = widening * ellipse[2], widening * ellipse[3]
    points, starts, n = ground.points, ground.starts, 0
    for column in range(int(np.floor((phi - half) * _SCALE)), int(np.floor((phi + half) * _SCALE)) + 1):
        cell = layer * N_COLUMNS + column % N_COLUMNS
        for hit in range(place(points, starts[cell], starts[cell + 1], low), starts[cell + 1]):
            if points[hit, 3] > high:
                break
            measure(points, hit, layer, state, way, residual)
            s11, _, s22 = spreads(state, residual)
            u, v = np.sqrt(s11), np.sqrt(s22)
            off = np.hypot(
                (side * residual[R1] / u - ellipse[0]) / wide, (end * residual[R2] / v - ellipse[1]) / long
            )
            if off <= 1.0:
                n = _insert(found, near, area, n, hit, off, np.pi * wide * long * u * v)
    return n


@kernel
def _insert(
    found: Int32Array, near: Float64Array, area: Float64Array, n: int, hit: int, off: float, size: float
) -> int:
    """Put a hit among n others, which are ordered by distance; the farthest falls out.  Return the new n."""
    rank = n
    while rank > 0 and near[rank - 1] > off:
        rank -= 1
        if rank + 1 < len(found):
            found[rank + 1], near[rank + 1], area[rank + 1] = found[rank], near[rank], area[rank]
    if rank < len(found):
        found[rank], near[rank], area[rank] = hit, off, size
    return min(n + 1, len(found))
