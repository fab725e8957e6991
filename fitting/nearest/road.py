"""The "road" distance: how far a hit is from a predicted path, across it, in expected deviations.

Modules are staggered by some mm around their layer's nominal place, so that a prediction on the nominal
surface misses the hit by several mm *along* the track while it is right across it.  The prediction is
therefore carried along its direction to the hit's own surface (its r in a barrel, its z in an endcap)
before the two are compared.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.kernels import kernel

__all__ = ["TARGET_WIDTH", "deviations", "path_to", "path_window", "road", "road_window", "turn"]

TARGET_WIDTH: Final = 12
"""Numbers of a *target*, a prediction as the kernels see it.

0 to 3: phi, r, z, z/r; 4 to 6: direction of travel, (dphi, dr, dz) per mm in the (r, z) half plane; 7 to 9:
expected deviations of r*phi, r and z; 10 and 11: by how much the path lies farther out in r where it meets
an endcap, and farther on in z where it meets a barrel.  Lengths in mm.
"""

_REACH: Final = 40.0  # mm to carry at most: more than any stagger, less than to the next layer
_STEEPEST: Final = 0.05  # directions flatter against a surface than this are carried as if at this slope


@kernel
def turn(phi: float) -> float:
    """Return an angle's equivalent in [-pi, pi)."""
    return phi - 2 * np.pi * np.floor(phi / (2 * np.pi) + 0.5)


@kernel
def path_to(target: Float64Array, r: float, z: float, barrel: bool) -> float:
    """Return the mm in the (r, z) half plane from a target to the surface at r (barrel) or z (endcap)."""
    gap = r - target[1] if barrel else z - target[2]
    slope = target[5] if barrel else target[6]
    if abs(slope) < _STEEPEST:
        slope = -_STEEPEST if slope < 0 else _STEEPEST
    return gap / slope


@kernel
def deviations(target: Float64Array, hit: Float64Array, surface: Float64Array) -> tuple[float, float]:
    """Return by how many mm a hit lies off the predicted path: in r*phi, and in z (barrel) or r (endcap)."""
    barrel = surface[4] > 0
    path = path_to(target, hit[1], hit[2], barrel)
    across = turn(hit[0] - target[0] - path * target[4]) * hit[1]
    if barrel:
        return across, hit[2] - target[2] - path * target[6] - target[11]
    return across, hit[1] - target[1] - path * target[5] - target[10]


@kernel
def road(target: Float64Array, hit: Float64Array, surface: Float64Array) -> tuple[float, float]:
    """Return the distance in expected deviations, and by what rivals for a hit are compared.

    Distances alone would favour vague predictions, which are near everything.  The second number is the
    logarithm of the likelihood: the squared distance and that of the area of the deviations.  Infinite
    where more background hits than surface[8] are expected to be as near by chance.
    """
    if abs(path_to(target, hit[1], hit[2], surface[4] > 0)) > _REACH:
        return np.inf, np.inf
    across, along = deviations(target, hit, surface)
    wide, long = spread(target, surface)
    pull2 = (across / wide) ** 2 + (along / long) ** 2
    if pull2 * np.pi * wide * long * density(hit[1], surface) > surface[8]:
        return np.inf, np.inf
    return np.sqrt(pull2), pull2 + 2 * np.log(wide * long)


@kernel
def density(r: float, surface: Float64Array) -> float:
    """Return the hits per mm2 at r; on an endcap there are as many in each octave of r."""
    return surface[7] if surface[4] > 0 else surface[7] / (r * r)


@kernel
def spread(target: Float64Array, surface: Float64Array) -> tuple[float, float]:
    """Return the expected deviations of hits on a surface, in mm: in r*phi, and in z or r."""
    long = target[9] if surface[4] > 0 else target[8]
    return np.hypot(target[7], surface[5]), np.hypot(long, surface[6])


@kernel
def road_window(
    target: Float64Array, surface: Float64Array, maximum: float
) -> tuple[float, float, float, float]:
    """Return where hits within the maximum may be: phi, half width (negative for nowhere), z/r range."""
    nowhere = (0.0, -1.0, 0.0, 0.0)
    barrel = surface[4] > 0
    if barrel:
        if target[1] < surface[0] - _REACH or target[1] > surface[1] + _REACH:
            return nowhere
    elif target[2] < surface[2] - _REACH or target[2] > surface[3] + _REACH:
        return nowhere
    near = path_to(target, surface[0], surface[2], barrel)
    far = path_to(target, surface[1], surface[3], barrel)
    first, last = max(min(near, far), -_REACH), min(max(near, far), _REACH)
    if first > last:
        return nowhere
    wide, long = spread(target, surface)
    maximum = _within_background(target, surface, maximum, wide, long)
    return path_window(target, surface, first, last, maximum * wide, maximum * long)


@kernel
def path_window(
    target: Float64Array, surface: Float64Array, first: float, last: float, aside: float, along: float
) -> tuple[float, float, float, float]:
    """Return where hits near a stretch of the path may be: phi, half width (negative for nowhere), z/r range.

    The path in the (r, z) half plane from `first` to `last` [mm]; hits are off it by at most so many mm in
    r*phi, and in z (barrel) or r (endcap).
    """
    nowhere = (0.0, -1.0, 0.0, 0.0)
    barrel = surface[4] > 0
    middle, half_path = (first + last) / 2, (last - first) / 2
    slope, place = (target[6], target[2] + target[11]) if barrel else (target[5], target[1] + target[10])
    reach = abs(slope) * half_path + along
    low, high = place + middle * slope - reach, place + middle * slope + reach
    if barrel:
        r_low, r_high, z_low, z_high = surface[0], surface[1], low, high
    else:
        r_low, r_high, z_low, z_high = max(low, surface[0]), min(high, surface[1]), surface[2], surface[3]
    if r_low > r_high or z_low > surface[3] or z_high < surface[2]:
        return nowhere
    r_low = max(r_low, 1e-3)
    half = abs(target[4]) * half_path + aside / r_low
    lowest = z_low / (r_high if z_low > 0 else r_low)
    highest = z_high / (r_low if z_high > 0 else r_high)
    return target[0] + middle * target[4], half, lowest, highest


@kernel
def _within_background(
    target: Float64Array, surface: Float64Array, maximum: float, wide: float, long: float
) -> float:
    """Return the distance, `maximum` at most, beyond which hits are as near by chance."""
    farthest = min(surface[1], target[1] + abs(target[10]) + _REACH + maximum * long)
    expected = np.pi * wide * long * density(max(farthest, 1.0), surface)
    if expected * maximum**2 <= surface[8]:
        return maximum
    return np.sqrt(surface[8] / expected) * (1 + 1e-9)
