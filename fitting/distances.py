"""How far a hit is from a prediction: each distance in one place, with the window that bounds it.

A *target* is one prediction as the kernels see it, ten numbers: phi, r, z, z/r; the direction of travel
(dphi, dr, dz) per mm in the (r, z) half plane; and the expected deviations of r*phi, r and z in mm.

"road" measures across the track.  Modules are staggered by some mm around their layer's nominal place, so
that a prediction on the nominal surface misses the hit by several mm *along* the track while it is right
across it.  The prediction is therefore carried along its direction to the hit's own surface (its r in a
barrel, its z in an endcap) before the two are compared, in units of the expected deviations.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.kernels import kernel

__all__ = ["DEFAULT_MAXIMUM", "DISTANCES", "TARGET_WIDTH", "carry", "distance", "turn", "window"]

MANHATTAN: Final = 0
EUCLIDEAN: Final = 1
POLAR: Final = 2
ROAD: Final = 3

DISTANCES: Final = {"manhattan": MANHATTAN, "euclidean": EUCLIDEAN, "polar": POLAR, "road": ROAD}
"""Number of each distance in the kernels.

manhattan, euclidean: in (phi, r/1000, z/3000, (z/r)/3), as Finnie and Finnie do.
polar: the hypotenuse of the transverse distance in m and the difference in pseudorapidity (SPRACE).
road: across the predicted path, in expected deviations (see this module's head).
"""

DEFAULT_MAXIMUM: Final = {"manhattan": 0.1, "euclidean": 0.07, "polar": 0.05, "road": 6.0}
"""Beyond these a hit does not match a prediction."""

TARGET_WIDTH: Final = 10
_REACH: Final = 40.0  # mm that "road" carries: more than any stagger, less than to the next layer
_STEEPEST: Final = 0.05  # directions flatter against a surface than this are carried as if at this slope


@kernel
def turn(phi: float) -> float:
    """Return an angle's equivalent in [-pi, pi)."""
    return phi - 2 * np.pi * np.floor(phi / (2 * np.pi) + 0.5)


@kernel
def distance(kind: int, target: Float64Array, hit: Float64Array, barrel: bool) -> float:
    """Return the distance of a hit (phi, r, z, z/r) from a target."""
    if kind in (MANHATTAN, EUCLIDEAN):
        dphi = abs(turn(hit[0] - target[0]))
        dr = abs(hit[1] - target[1]) / 1000.0
        dz = abs(hit[2] - target[2]) / 3000.0
        ratio = abs(hit[3] - target[3]) / 3.0
        if kind == MANHATTAN:
            return dphi + dr + dz + ratio
        return np.sqrt(dphi**2 + dr**2 + dz**2 + ratio**2)
    if kind == POLAR:
        chord2 = (hit[1] - target[1]) ** 2 + 4 * hit[1] * target[1] * np.sin((hit[0] - target[0]) / 2) ** 2
        return np.sqrt(1e-6 * chord2 + (np.arcsinh(hit[3]) - np.arcsinh(target[3])) ** 2)
    path = carry(target, hit[1], hit[2], barrel)
    if abs(path) > _REACH:
        return np.inf
    across = turn(hit[0] - target[0] - path * target[4]) * hit[1] / target[7]
    if barrel:
        along = (hit[2] - target[2] - path * target[6]) / target[9]
    else:
        along = (hit[1] - target[1] - path * target[5]) / target[8]
    return np.sqrt(across**2 + along**2)


@kernel
def carry(target: Float64Array, r: float, z: float, barrel: bool) -> float:
    """Return the mm in the (r, z) half plane from a target to the surface at r (barrel) or z (endcap)."""
    gap = r - target[1] if barrel else z - target[2]
    slope = target[5] if barrel else target[6]
    if abs(slope) < _STEEPEST:
        slope = -_STEEPEST if slope < 0 else _STEEPEST
    return gap / slope


@kernel
def window(
    kind: int, target: Float64Array, bounds: Float64Array, barrel: bool, maximum: float
) -> tuple[float, float, float, float]:
    """Return where in a layer hits within the maximum distance may be: phi, half width, z/r range.

    The half width is negative where the layer is out of reach.
    """
    if kind == ROAD:
        return _road_window(target, bounds, barrel, maximum)
    gap_r = max(0.0, bounds[0] - target[1], target[1] - bounds[1]) / 1000.0
    gap_z = max(0.0, bounds[2] - target[2], target[2] - bounds[3]) / 3000.0
    if kind == POLAR:
        if gap_r > maximum:
            return 0.0, -1.0, 0.0, 0.0
        eta = np.arcsinh(target[3])
        reach = maximum * 1000.0 / max(target[1], 1.0)
        half = np.arcsin(reach) if reach < 1.0 else np.pi
        return target[0], half, np.sinh(eta - maximum), np.sinh(eta + maximum)
    if kind == MANHATTAN:
        left = maximum - gap_r - gap_z
    else:
        left2 = maximum**2 - gap_r**2 - gap_z**2
        left = np.sqrt(left2) if left2 >= 0 else -1.0
    return target[0], left, target[3] - 3 * left, target[3] + 3 * left


@kernel
def _road_window(
    target: Float64Array, bounds: Float64Array, barrel: bool, maximum: float
) -> tuple[float, float, float, float]:
    near = carry(target, bounds[0], bounds[2], barrel)
    far = carry(target, bounds[1], bounds[3], barrel)
    first, last = max(min(near, far), -_REACH), min(max(near, far), _REACH)
    if first > last:
        return 0.0, -1.0, 0.0, 0.0
    middle, swing = (first + last) / 2, abs(target[4]) * (last - first) / 2
    slope, spread = (target[6], target[9]) if barrel else (target[5], target[8])
    centre = (target[2] if barrel else target[1]) + middle * slope
    reach = abs(slope) * (last - first) / 2 + maximum * spread
    low, high = centre - reach, centre + reach
    if barrel:
        r_low, r_high, z_low, z_high = bounds[0], bounds[1], low, high
    else:
        r_low, r_high, z_low, z_high = max(low, bounds[0]), min(high, bounds[1]), bounds[2], bounds[3]
    if r_low > r_high or z_low > bounds[3] or z_high < bounds[2]:
        return 0.0, -1.0, 0.0, 0.0
    r_low = max(r_low, 1e-3)
    half = swing + maximum * target[7] / r_low
    lowest = z_low / (r_high if z_low > 0 else r_low)
    highest = z_high / (r_low if z_high > 0 else r_high)
    return target[0] + middle * target[4], half, lowest, highest
