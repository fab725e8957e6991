"""Where the second hit of a doublet may be on a layer by what the first one's cluster tells of the slope."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.detector.surface import Surface
from clew.hits.index import HitPoint
from clew.kernels import kernel

__all__ = ["slope_fits", "slope_windows"]

_ROUNDING: Final = 1e-9
"""By which windows are wider than exact ones: hits on their edges stay inside."""


@kernel(force=True)
def slope_fits(slopes: Float64Array, hit: int, slope: float) -> bool:
    """Tell whether a hit's cluster allows an abs(dz/dr)."""
    return slopes[hit, 0] <= slope <= slopes[hit, 1]


@kernel(force=True)
def slope_windows(
    first: HitPoint, surface: Surface, least: float, most: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of z/r of a layer's hits that lie outside of the first one by a slope in a range.

    Two ranges that do not overlap, for tracks to either side in z; an empty one has its low end above its
    high one.

    Parameters
    ----------
    first : HitPoint
    surface : Surface
    least, most : float
        Of abs(dz/dr).
    """
    nowhere = (np.inf, -np.inf)
    z, near, far = first.z, max(surface.r_low, first.r), surface.r_high
    if not surface.barrel:
        short = max(surface.z_low - z, z - surface.z_high, 0.0)
        long = max(abs(surface.z_low - z), abs(surface.z_high - z))
        near, far = max(near, first.r + short / most), min(far, first.r + long / max(least, _ROUNDING))
        return _ratios(surface.z_low, surface.z_high, near, far), nowhere
    if near > far:
        return nowhere, nowhere
    short, long = least * (near - first.r), most * (far - first.r)
    down, up = _ratios(z - long, z - short, near, far), _ratios(z + short, z + long, near, far)
    if down[1] < up[0]:
        return down, up
    return (min(down[0], up[0]), max(down[1], up[1])), nowhere


@kernel(force=True)
def _ratios(low: float, high: float, near: float, far: float) -> tuple[float, float]:
    """Return the range of z/r of a rectangle in r and z, empty if its range of r is."""
    if near > far:
        return np.inf, -np.inf
    return low / (far if low > 0 else near) - _ROUNDING, high / (near if high > 0 else far) + _ROUNDING
