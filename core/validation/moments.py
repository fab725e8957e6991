"""Means that can be added up: every measured quantity is the mean of something over many things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Moments", "Quantities", "add_quantities", "moments"]


@dataclass(frozen=True)
class Moments:
    """Number, sum and sum of squares of values."""

    count: int
    total: float
    squares: float

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both samples together."""
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """NaN without values."""
        return self.total / self.count if self.count else float("nan")

    @property
    def error(self) -> float:
        """Standard error of the mean, as if the values were independent; 0 for fewer than two."""
        if self.count < 2:
            return 0.0
        variance = max(self.squares - self.count * self.mean**2, 0.0) / (self.count - 1)
        return float(np.sqrt(variance / self.count))


Quantities: TypeAlias = Mapping[str, Moments]
"""Measured quantities by the name of their fact."""


def moments(values: ArrayLike) -> Moments:
    """Return the moments of values of any shape and numeric or boolean type."""
    array = np.asarray(values, dtype=np.float64).ravel()
    return Moments(len(array), float(array.sum()), float(array @ array))


def add_quantities(parts: list[Quantities]) -> dict[str, Moments]:
    """Add up what several events gave; a quantity that some of them lack is of the others."""
    summed: dict[str, Moments] = {}
    for part in parts:
        for name, value in part.items():
            summed[name] = summed[name] + value if name in summed else value
    return summed
