"""Scaling of coordinates for a network, by what the training tracks show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

import numpy as np

from clew.arrays import Float32Array, Float64Array

__all__ = ["Scaling", "ScalingName"]

ScalingName = Literal["standard", "min-max"]

_LEAST: Final = 1e-6  # of a unit, where a coordinate does not vary


@dataclass(frozen=True)
class Scaling:
    """A linear map of three coordinates, (value - offset) / unit.

    Attributes
    ----------
    offset, unit : tuple of float
        In each coordinate's unit.
    """

    offset: tuple[float, ...]
    unit: tuple[float, ...]

    @classmethod
    def fit(cls, name: ScalingName, values: Float64Array) -> Self:
        """Make the scaling of values of shape (n, 3).

        "standard" gives mean 0 and standard deviation 1; "min-max" takes lowest and highest to 0 and 1.
        """
        if name == "standard":
            offset, unit = values.mean(axis=0), values.std(axis=0)
        else:
            offset, unit = values.min(axis=0), np.ptp(values, axis=0)
        return cls(tuple(map(float, offset)), tuple(map(float, np.maximum(unit, _LEAST))))

    @classmethod
    def read(cls, record: Mapping[str, Sequence[float]]) -> Self:
        """Return what `write` wrote, also after a journey through JSON."""
        return cls(tuple(record["offset"]), tuple(record["unit"]))

    def write(self) -> dict[str, Any]:
        """Return the numbers as JSON can hold them."""
        return asdict(self)

    def apply(self, values: Float64Array) -> Float32Array:
        """Return scaled values of shape (..., 3), float32."""
        return ((values - np.array(self.offset)) / np.array(self.unit)).astype(np.float32)

    def invert(self, scaled: Float32Array) -> Float64Array:
        """Return the values again."""
        return scaled.astype(np.float64) * np.array(self.unit) + np.array(self.offset)

    def widths(self, scaled: Float32Array) -> Float64Array:
        """Return deviations of scaled values, shape (..., 3), in the coordinates' units."""
        return scaled.astype(np.float64) * np.array(self.unit)
