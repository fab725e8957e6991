"""Regression scores: how far predicted numbers are from the true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from clew.arrays import Float64Array

__all__ = ["RegressionScores"]


@dataclass(frozen=True)
class RegressionScores:
    """Scores of predicted points.

    Attributes
    ----------
    r2 : float
        1 - squared errors / squared deviations from the mean, of each coordinate, averaged.
    mse : float, squared unit
        Mean squared error over all points and coordinates.
    mae : float
        Mean absolute error over the same.
    """

    r2: float
    mse: float
    mae: float

    @classmethod
    def of(cls, true: Float64Array, predicted: Float64Array) -> Self:
        """Score points of shape (n, n_coordinates); all NaN where there are none."""
        if not len(true):
            return cls(float("nan"), float("nan"), float("nan"))
        off = predicted - true
        spread = np.sum((true - true.mean(axis=0)) ** 2, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = 1.0 - np.sum(off**2, axis=0) / spread
        return cls(float(np.mean(r2)), float(np.mean(off**2)), float(np.mean(np.abs(off))))

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, in the points' unit."""
        return float(np.sqrt(self.mse))
