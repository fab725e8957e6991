"""The "road" distance: how far a hit is from a predicted path, across it, in expected deviations.

Modules are staggered by some mm around their layer's nominal place, so that a prediction on the nominal
surface misses the hit by several mm *along* the track while it is right across it.  The prediction is
therefore carried along its direction to the hit's own surface (its r on a cylinder, its z on a disc)
before the two are compared.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.surface import Surface
from clew.fitting.nearest.targets import Target
from clew.hits.index import HitPoint
from clew.kernels import kernel

__all__ = ["NOWHERE", "deviations", "path_to", "path_window", "road", "road_window", "turn"]

NOWHERE: Final = (0.0, -1.0, 0.0, 0.0)
"""The window of a layer that is out of reach."""

_REACH: Final = 40.0  # mm to carry at most: more than any stagger, less than to the next layer
_STEEPEST: Final = 0.05  # directions flatter against a surface than this are carried as if at this slope
_LEAST_R: Final = 1e-3  # mm; least r that is divided by
_LEAST_DENSITY_R: Final = 1.0  # mm; least r at which the density of a disc's hits is asked for


@kernel(force=True)
def turn(phi: float) -> float:
    """Return an angle's equivalent in [-pi, pi)."""
    return phi - 2 * np.pi * np.floor(phi / (2 * np.pi) + 0.5)


@kernel(force=True)
def path_to(target: Target, r: float, z: float, barrel: bool) -> float:
    """Return the mm in the (r, z) half plane from a target to the surface at r (cylinder) or z (disc)."""
    gap = r - target.r if barrel else z - target.z
    slope = target.dr if barrel else target.dz
    if abs(slope) < _STEEPEST:
        slope = -_STEEPEST if slope < 0 else _STEEPEST
    return gap / slope


@kernel(force=True)
def deviations(target: Target, hit: HitPoint, surface: Surface) -> tuple[float, float]:
    """Return by how many mm a hit lies off the predicted path: in r*phi, and in z (cylinder) or r (disc)."""
    path = path_to(target, hit.r, hit.z, surface.barrel)
    across = turn(hit.phi - target.phi - path * target.dphi) * hit.r
    if surface.barrel:
        return across, hit.z - target.z - path * target.dz - target.z_offset
    return across, hit.r - target.r - path * target.dr - target.r_offset


@kernel(force=True)
def road(target: Target, hit: HitPoint, surface: Surface) -> tuple[float, float]:
    """Return the distance in expected deviations, and by what rivals for a hit are compared.

    Distances alone would favour vague predictions, which are near everything.  The second number is the
    logarithm of the likelihood: the squared distance and that of the area of the deviations.  Infinite
    where more background hits than `surface.max_background` are expected to be as near by chance.
    """
    if abs(path_to(target, hit.r, hit.z, surface.barrel)) > _REACH:
        return np.inf, np.inf
    across, along = deviations(target, hit, surface)
    wide, long = _spread(target, surface)
    pull2 = (across / wide) ** 2 + (along / long) ** 2
    if pull2 * np.pi * wide * long * _density(hit.r, surface) > surface.max_background:
        return np.inf, np.inf
    return np.sqrt(pull2), pull2 + 2 * np.log(wide * long)


@kernel(force=True)
def _density(r: float, surface: Surface) -> float:
    """Return the hits per mm2 at r; on a disc there are as many in each octave of r."""
    return surface.density if surface.barrel else surface.density / (r * r)


@kernel(force=True)
def _spread(target: Target, surface: Surface) -> tuple[float, float]:
    """Return the expected deviations of hits on a surface, in mm: in r*phi, and in z or r."""
    long = target.z_sigma if surface.barrel else target.r_sigma
    return np.hypot(target.across_sigma, surface.coarse_across), np.hypot(long, surface.coarse_along)


@kernel(force=True)
def road_window(target: Target, surface: Surface, maximum: float) -> tuple[float, float, float, float]:
    """Return where hits within the maximum may be: phi, half width (negative for nowhere), z/r range."""
    if surface.barrel:
        if target.r < surface.r_low - _REACH or target.r > surface.r_high + _REACH:
            return NOWHERE
    elif target.z < surface.z_low - _REACH or target.z > surface.z_high + _REACH:
        return NOWHERE
    near = path_to(target, surface.r_low, surface.z_low, surface.barrel)
    far = path_to(target, surface.r_high, surface.z_high, surface.barrel)
    first, last = max(min(near, far), -_REACH), min(max(near, far), _REACH)
    if first > last:
        return NOWHERE
    wide, long = _spread(target, surface)
    maximum = _within_background(target, surface, maximum, wide, long)
    return path_window(target, surface, first, last, maximum * wide, maximum * long)


@kernel(force=True)
def path_window(
    target: Target, surface: Surface, first: float, last: float, aside: float, along: float
) -> tuple[float, float, float, float]:
    """Return where hits near a stretch of the path may be: phi, half width (negative for nowhere), z/r range.

    The path in the (r, z) half plane from `first` to `last` [mm]; hits are off it by at most so many mm in
    r*phi, and in z (cylinder) or r (disc).
    """
    middle, half_path = (first + last) / 2, (last - first) / 2
    if surface.barrel:
        slope, place = target.dz, target.z + target.z_offset
    else:
        slope, place = target.dr, target.r + target.r_offset
    reach = abs(slope) * half_path + along
    low, high = place + middle * slope - reach, place + middle * slope + reach
    if surface.barrel:
        r_low, r_high, z_low, z_high = surface.r_low, surface.r_high, low, high
    else:
        r_low, r_high = max(low, surface.r_low), min(high, surface.r_high)
        z_low, z_high = surface.z_low, surface.z_high
    if r_low > r_high or z_low > surface.z_high or z_high < surface.z_low:
        return NOWHERE
    r_low = max(r_low, _LEAST_R)
    half = abs(target.dphi) * half_path + aside / r_low
    lowest = z_low / (r_high if z_low > 0 else r_low)
    highest = z_high / (r_low if z_high > 0 else r_high)
    return target.phi + middle * target.dphi, half, lowest, highest


@kernel(force=True)
def _within_background(target: Target, surface: Surface, maximum: float, wide: float, long: float) -> float:
    """Return the distance, `maximum` at most, beyond which hits are as near by chance."""
    farthest = min(surface.r_high, target.r + abs(target.r_offset) + _REACH + maximum * long)
    expected = np.pi * wide * long * _density(max(farthest, _LEAST_DENSITY_R), surface)
    if expected * maximum**2 <= surface.max_background:
        return maximum
    return np.sqrt(surface.max_background / expected) * (1 + 1e-9)
