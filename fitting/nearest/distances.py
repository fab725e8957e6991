"""How far a hit is from a prediction: each distance in one place, with the window that bounds it."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.surface import Surface
from clew.fitting.nearest.cosine import cosine, cosine_window
from clew.fitting.nearest.mahalanobis import mahalanobis, mahalanobis_window
from clew.fitting.nearest.road import NOWHERE, road, road_window, turn
from clew.fitting.nearest.targets import Target
from clew.hits.index import HitPoint
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


_R_SCALE: Final = 1000.0
_Z_SCALE: Final = 3000.0
_RATIO_SCALE: Final = 3.0
"""What r [mm], z [mm] and z/r are divided by, as Finnie and Finnie do."""

_METRE: Final = 1000.0  # mm
_LEAST_R: Final = 1.0  # mm; least r that is divided by


@kernel(force=True)
def distance(kind: int, target: Target, hit: HitPoint, surface: Surface) -> tuple[float, float]:
    """Return the distance of a hit from a target, and by what rivals are compared."""
    if kind == ROAD:
        return road(target, hit, surface)
    if kind == MAHALANOBIS:
        return mahalanobis(target, hit, surface)
    if kind == COSINE:
        return cosine(target, hit, surface)
    if kind == POLAR:
        return _polar(target, hit)
    dphi = abs(turn(hit.phi - target.phi))
    dr = abs(hit.r - target.r) / _R_SCALE
    dz = abs(hit.z - target.z) / _Z_SCALE
    ratio = abs(hit.z_over_r - target.z_over_r) / _RATIO_SCALE
    d = dphi + dr + dz + ratio if kind == MANHATTAN else np.sqrt(dphi**2 + dr**2 + dz**2 + ratio**2)
    return d, d


@kernel(force=True)
def _polar(target: Target, hit: HitPoint) -> tuple[float, float]:
    chord2 = (hit.r - target.r) ** 2 + 4 * hit.r * target.r * np.sin((hit.phi - target.phi) / 2) ** 2
    d = np.sqrt(1e-6 * chord2 + (np.arcsinh(hit.z_over_r) - np.arcsinh(target.z_over_r)) ** 2)
    return d, d


@kernel(force=True)
def window(kind: int, target: Target, surface: Surface, maximum: float) -> tuple[float, float, float, float]:
    """Return where in a layer hits within the maximum distance may be: phi, half width, z/r range.

    The half width is negative where the layer is out of reach.
    """
    if kind == ROAD:
        return road_window(target, surface, maximum)
    if kind == MAHALANOBIS:
        return mahalanobis_window(target, surface, maximum)
    if kind == COSINE:
        return cosine_window(target, surface, maximum)
    gap_r = max(0.0, surface.r_low - target.r, target.r - surface.r_high) / _R_SCALE
    gap_z = max(0.0, surface.z_low - target.z, target.z - surface.z_high) / _Z_SCALE
    if kind == POLAR:
        if gap_r > maximum:
            return NOWHERE
        eta = np.arcsinh(target.z_over_r)
        reach = maximum * _METRE / max(target.r, _LEAST_R)
        half = np.arcsin(reach) if reach < 1.0 else np.pi
        return target.phi, half, np.sinh(eta - maximum), np.sinh(eta + maximum)
    if kind == MANHATTAN:
        left = maximum - gap_r - gap_z
    else:
        left2 = maximum**2 - gap_r**2 - gap_z**2
        left = np.sqrt(left2) if left2 >= 0 else -1.0
    return target.phi, left, target.z_over_r - _RATIO_SCALE * left, target.z_over_r + _RATIO_SCALE * left
