"""The material of layers from the kinks of true tracks."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float64Array
from clew.calibration.field import tilts
from clew.calibration.samples import StepSample
from clew.detector import Solenoid

__all__ = ["MOST_OBLIQUITY", "RADIATION_LENGTHS", "thickness_of_layers"]

RADIATION_LENGTHS: Final = 0.015
"""Of a layer, where truth does not tell."""

MOST_OBLIQUITY: Final = 6.0
"""By how much more a slanting track crosses at most."""

_HIGHLAND: Final = 0.0136  # GeV
_PION_MASS: Final = 0.13957  # GeV
_LEAST_MOMENTUM: Final = 0.3  # GeV
_CENTRAL: Final = 0.98
_FEWEST: Final = 100


def thickness_of_layers(steps: StepSample, solenoid: Solenoid, barrel: BoolArray) -> Float64Array:
    """Return the radiation lengths from one layer to the next, by the layer at the end, shape (n_layers,).

    By V. L. Highland's formula without its logarithm, as `clew.detector.material` takes it back.  NaN where
    too few tracks of enough momentum cross.
    """
    secant = np.sqrt(1.0 + steps.slope**2)
    crossed = np.where(barrel[steps.layer], secant, secant / np.maximum(np.abs(steps.slope), 1e-3))
    beta = steps.momentum / np.hypot(steps.momentum, _PION_MASS)
    kink = (steps.kink - tilts(solenoid, steps)) * steps.momentum * beta / _HIGHLAND
    thickness = kink**2 / np.minimum(crossed, MOST_OBLIQUITY)
    fast = steps.momentum > _LEAST_MOMENTUM
    return np.array([_mean(thickness[fast & (steps.layer == layer)]) for layer in range(len(barrel))])


def _mean(values: Float64Array) -> float:
    """Return the mean without the largest, which are of hard kinks."""
    if len(values) < _FEWEST:
        return float("nan")
    return float(values[values <= np.quantile(values, _CENTRAL)].mean())
