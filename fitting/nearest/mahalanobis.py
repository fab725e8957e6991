"""The Mahalanobis distance: how far a hit is from a prediction, in expected deviations in all directions.

As for "road" the prediction is carried along its path to the hit's own surface and compared with the hit
there, across the path and along the module.  The third deviation is that of the surface from the predicted
place, in r in a barrel and in z in an endcap: modules of one layer are staggered by some mm, other layers are
far off.  The three are independent, so the covariance is diagonal; all of it is the prediction's own.

SPRACE (2020) takes the distance in its networks' coordinates.
"""

from __future__ import annotations

import numpy as np

from clew.arrays import Float64Array
from clew.fitting.nearest.road import deviations, path_to, path_window
from clew.kernels import kernel

__all__ = ["mahalanobis", "mahalanobis_window"]


@kernel
def mahalanobis(target: Float64Array, hit: Float64Array, surface: Float64Array) -> tuple[float, float]:
    """Return the distance in expected deviations, and by what rivals are compared.

    The second number is the logarithm of the likelihood, as for "road".
    """
    barrel = surface[4] > 0
    across, along = deviations(target, hit, surface)
    ahead = hit[1] - target[1] if barrel else hit[2] - target[2]
    deep, long = (target[8], target[9]) if barrel else (target[9], target[8])
    pull2 = (across / target[7]) ** 2 + (along / long) ** 2 + (ahead / deep) ** 2
    return np.sqrt(pull2), pull2 + 2.0 * np.log(target[7] * long * deep)


@kernel
def mahalanobis_window(
    target: Float64Array, surface: Float64Array, maximum: float
) -> tuple[float, float, float, float]:
    """Return where hits within the maximum may be: phi, half width (negative for nowhere), z/r range."""
    barrel = surface[4] > 0
    place, low, high = (target[1], surface[0], surface[1]) if barrel else (target[2], surface[2], surface[3])
    deep, long = (target[8], target[9]) if barrel else (target[9], target[8])
    low, high = max(low, place - maximum * deep), min(high, place + maximum * deep)
    if low > high:
        return 0.0, -1.0, 0.0, 0.0
    begin, end = path_to(target, low, low, barrel), path_to(target, high, high, barrel)
    return path_window(target, surface, min(begin, end), max(begin, end), maximum * target[7], maximum * long)
