"""The cosine distance: the angle at the origin between a hit and a prediction.

It does not know how far out a hit is, so it needs to know the layer: only hits of the layer at the prediction
are compared, the one whose hits lie around it, or whose surface is less than 15 mm away.  SPRACE (2020) is
told the true layer instead.  The distance is 1 - cosine, 0 for the same direction.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.surface import Surface
from clew.fitting.nearest.road import NOWHERE
from clew.fitting.nearest.targets import Target
from clew.hits.index import HitPoint
from clew.kernels import kernel

__all__ = ["cosine", "cosine_window"]

_NEAR: Final = 15.0  # mm; more than any stagger, less than half way to the next layer


@kernel(force=True)
def _at_layer(target: Target, surface: Surface) -> bool:
    """Tell whether a prediction is at a layer, by the extent of the layer's hits."""
    near_r = surface.r_low - _NEAR < target.r < surface.r_high + _NEAR
    return near_r and surface.z_low - _NEAR < target.z < surface.z_high + _NEAR


@kernel(force=True)
def cosine(target: Target, hit: HitPoint, surface: Surface) -> tuple[float, float]:
    """Return 1 - cosine of the angle at the origin between hit and target, twice; inf on other layers."""
    if not _at_layer(target, surface):
        return np.inf, np.inf
    # half the squared chord between the two directions: exact for small angles too
    one = np.sqrt(1.0 + hit.z_over_r * hit.z_over_r)
    other = np.sqrt(1.0 + target.z_over_r * target.z_over_r)
    along = hit.z_over_r / one - target.z_over_r / other
    across = 1.0 / one - 1.0 / other
    turned = np.sin(0.5 * (hit.phi - target.phi))
    d = 0.5 * (along * along + across * across) + 2.0 * turned * turned / (one * other)
    return d, d


@kernel(force=True)
def cosine_window(target: Target, surface: Surface, maximum: float) -> tuple[float, float, float, float]:
    """Return where hits within the maximum may be: phi, half width (negative for nowhere), z/r range."""
    if not _at_layer(target, surface):
        return NOWHERE
    angle = np.arccos(max(1.0 - maximum, -1.0))
    latitude = np.arctan(target.z_over_r)
    low, high = latitude - angle, latitude + angle
    to_pole = 0.5 * np.pi - abs(latitude)
    half = np.arcsin(np.sin(angle) / np.sin(to_pole)) if angle < to_pole else np.pi
    lowest = np.tan(low) if low > -0.5 * np.pi else -np.inf
    highest = np.tan(high) if high < 0.5 * np.pi else np.inf
    return target.phi, half, lowest, highest
