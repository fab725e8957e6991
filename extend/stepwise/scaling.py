"""Scaling of coordinates for a network, by what the training tracks show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Literal, Self

import numpy as np

from clew.arrays import Float32Array, Float64Array
from clew.settings import within

__all__ = ["Scaling", "ScalingName"]

ScalingName = Literal["standard", "min-max"]

_LEAST: Final = 1e-6  # of a unit, where a coordinate does not vary

_Offset = Annotated[float, within(-1e6, 1e6)]
_Unit = Annotated[float, within(_LEAST, 1e6)]


@dataclass(frozen=True)
class Scaling:
    """A linear map of three coordinates, (value - offset) / unit.

    Attributes
    ----------
    offset, unit : tuple of float
        In each coordinate's unit.
    """

    offset: tuple[_Offset, _Offset, _Offset]
    unit: tuple[_Unit, _Unit, _Unit]

    @classmethod
    def fit(cls, name: ScalingName, values: Float64Array) -> Self:
        """Make the scaling of values of shape (n, 3).

        "standard" gives mean 0 and standard deviation 1; "min-max" takes lowest and highest to 0 and 1.
        """
        if name == "standard":
            offset, unit = values.mean(axis=0), values.std(axis=0)
        else:
            offset, unit = values.min(axis=0), np.ptp(values, axis=0)
        (x, y, z), (a, b, c) = offset.tolist(), np.maximum(unit, _LEAST).tolist()
        return cls((x, y, z), (a, b, c))

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
