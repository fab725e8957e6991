"""How far a hit is from a prediction: each distance in one place, with the window that bounds it."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.fitting.nearest.cosine import cosine, cosine_window
from clew.fitting.nearest.mahalanobis import mahalanobis, mahalanobis_window
from clew.fitting.nearest.road import road, road_window, turn
from clew.kernels import kernel

__all__ = ["DEFAULT_MAXIMUM", "DISTANCES", "distance", "window"]

MANHATTAN: Final = 0
EUCLIDEAN: Final = 1
POLAR: Final = 2
ROAD: Final = 3
MAHALANOBIS: Final = 4
COSINE: Final = 5

DISTANCES: Final = {
    "manhattan": MANHATTAN,
    "euclidean": EUCLIDEAN,
    "polar": POLAR,
    "road": ROAD,
    "mahalanobis": MAHALANOBIS,
    "cosine": COSINE,
}
"""Number of each distance in the kernels.

manhattan, euclidean: in (phi, r/1000, z/3000, (z/r)/3), as Finnie and Finnie do.
polar: the hypotenuse of the transverse distance in m and the difference in pseudorapidity (SPRACE).
road: across the predicted path, in expected deviations (see clew.fitting.nearest.road).
mahalanobis: across the path and along it, in expected deviations (see clew.fitting.nearest.mahalanobis).
cosine: 1 - cosine of the angle at the origin, on the layer at the prediction
(see clew.fitting.nearest.cosine).
"""

DEFAULT_MAXIMUM: Final = {
    "manhattan": 0.03,
    "euclidean": 0.02,
    "polar": 0.05,
    "road": 15.0,
    "mahalanobis": 6.0,
    "cosine": 0.001,
}
"""Beyond these a hit does not match a prediction."""


@kernel
def distance(
    kind: int, target: Float64Array, hit: Float64Array, surface: Float64Array
) -> tuple[float, float]:
    """Return the distance of a hit (phi, r, z, z/r) from a target, and by what rivals are compared."""
    if kind == ROAD:
        return road(target, hit, surface)
    if kind == MAHALANOBIS:
        return mahalanobis(target, hit, surface)
    if kind == COSINE:
        return cosine(target, hit, surface)
    if kind == POLAR:
        chord2 = (hit[1] - target[1]) ** 2 + 4 * hit[1] * target[1] * np.sin((hit[0] - target[0]) / 2) ** 2
        d = np.sqrt(1e-6 * chord2 + (np.arcsinh(hit[3]) - np.arcsinh(target[3])) ** 2)
        return d, d
    dphi = abs(turn(hit[0] - target[0]))
    dr = abs(hit[1] - target[1]) / 1000.0
    dz = abs(hit[2] - target[2]) / 3000.0
    ratio = abs(hit[3] - target[3]) / 3.0
    d = dphi + dr + dz + ratio if kind == MANHATTAN else np.sqrt(dphi**2 + dr**2 + dz**2 + ratio**2)
    return d, d


@kernel
def window(
    kind: int, target: Float64Array, surface: Float64Array, maximum: float
) -> tuple[float, float, float, float]:
    """Return where in a layer hits within the maximum distance may be: phi, half width, z/r range.

    The half width is negative where the layer is out of reach.
    """
    if kind == ROAD:
        return road_window(target, surface, maximum)
    if kind == MAHALANOBIS:
        return mahalanobis_window(target, surface, maximum)
    if kind == COSINE:
        return cosine_window(target, surface, maximum)
    gap_r = max(0.0, surface[0] - target[1], target[1] - surface[1]) / 1000.0
    gap_z = max(0.0, surface[2] - target[2], target[2] - surface[3]) / 3000.0
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
