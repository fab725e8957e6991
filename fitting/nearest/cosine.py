"""The cosine distance: the angle at the origin between a hit and a prediction.

It does not know how far out a hit is, so it needs to know the layer: only hits of the layer at the prediction
are compared, the one whose hits lie around it, or whose surface is less than 15 mm away.  SPRACE (2020) is
told the true layer instead.  The distance is 1 - cosine, 0 for the same direction.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.kernels import kernel

__all__ = ["cosine", "cosine_window"]

_NEAR: Final = 15.0  # mm; more than any stagger, less than half way to the next layer


@kernel
def _at_layer(target: Float64Array, surface: Float64Array) -> bool:
    """Tell whether a prediction is at a layer, by the extent of the layer's hits."""
    r, z = target[1], target[2]
    near_r = surface[0] - _NEAR < r < surface[1] + _NEAR
    return near_r and surface[2] - _NEAR < z < surface[3] + _NEAR


@kernel
def cosine(target: Float64Array, hit: Float64Array, surface: Float64Array) -> tuple[float, float]:
    """Return 1 - cosine of the angle at the origin between hit and target, twice; inf on other layers."""
    if not _at_layer(target, surface):
        return np.inf, np.inf
    # half the squared chord between the two directions: exact for small angles too
    one, other = np.sqrt(1.0 + hit[3] * hit[3]), np.sqrt(1.0 + target[3] * target[3])
    along = hit[3] / one - target[3] / other
    across = 1.0 / one - 1.0 / other
    turned = np.sin(0.5 * (hit[0] - target[0]))
    d = 0.5 * (along * along + across * across) + 2.0 * turned * turned / (one * other)
    return d, d


@kernel
def cosine_window(
    target: Float64Array, surface: Float64Array, maximum: float
) -> tuple[float, float, float, float]:
    """Return where hits within the maximum may be: phi, half width (negative for nowhere), z/r range."""
    if not _at_layer(target, surface):
        return 0.0, -1.0, 0.0, 0.0
    angle = np.arccos(max(1.0 - maximum, -1.0))
    latitude = np.arctan(target[3])
    low, high = latitude - angle, latitude + angle
    to_pole = 0.5 * np.pi - abs(latitude)
    half = np.arcsin(np.sin(angle) / np.sin(to_pole)) if angle < to_pole else np.pi
    lowest = np.tan(low) if low > -0.5 * np.pi else -np.inf
    highest = np.tan(high) if high < 0.5 * np.pi else np.inf
    return target[0], half, lowest, highest
