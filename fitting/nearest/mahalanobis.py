"""The Mahalanobis distance: how far a hit is from a prediction, in expected deviations in all directions.

As for "road" the prediction is carried along its path to the hit's own surface and compared with the hit
there, across the path and along the module.  The third deviation is that of the surface from the predicted
place, in r on a cylinder and in z on a disc: modules of one layer are staggered by some mm, other layers are
far off.  The three are independent, so the covariance is diagonal; all of it is the prediction's own.

SPRACE (2020) takes the distance in its networks' coordinates.
"""

from __future__ import annotations

import numpy as np

from clew.detector.surface import Surface
from clew.fitting.nearest.road import NOWHERE, deviations, path_to, path_window
from clew.fitting.nearest.targets import Target
from clew.hits.index import HitPoint
from clew.kernels import kernel

__all__ = ["mahalanobis", "mahalanobis_window"]


@kernel(force=True)
def _depth_and_length(target: Target, surface: Surface) -> tuple[float, float]:
    """Return the expected deviations [mm] of the surface's place and along the module."""
    if surface.barrel:
        return target.r_sigma, target.z_sigma
    return target.z_sigma, target.r_sigma


@kernel(force=True)
def mahalanobis(target: Target, hit: HitPoint, surface: Surface) -> tuple[float, float]:
    """Return the distance in expected deviations, and by what rivals are compared.

    The second number is the logarithm of the likelihood, as for "road".
    """
    across, along = deviations(target, hit, surface)
    ahead = hit.r - target.r if surface.barrel else hit.z - target.z
    deep, long = _depth_and_length(target, surface)
    pull2 = (across / target.across_sigma) ** 2 + (along / long) ** 2 + (ahead / deep) ** 2
    return np.sqrt(pull2), pull2 + 2.0 * np.log(target.across_sigma * long * deep)


@kernel(force=True)
def mahalanobis_window(target: Target, surface: Surface, maximum: float) -> tuple[float, float, float, float]:
    """Return where hits within the maximum may be: phi, half width (negative for nowhere), z/r range."""
    barrel = surface.barrel
    if barrel:
        place, low, high = target.r, surface.r_low, surface.r_high
    else:
        place, low, high = target.z, surface.z_low, surface.z_high
    deep, long = _depth_and_length(target, surface)
    low, high = max(low, place - maximum * deep), min(high, place + maximum * deep)
    if low > high:
        return NOWHERE
    begin, end = path_to(target, low, low, barrel), path_to(target, high, high, barrel)
    aside = maximum * target.across_sigma
    return path_window(target, surface, min(begin, end), max(begin, end), aside, maximum * long)
