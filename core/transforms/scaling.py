"""Scaling of the three coordinates; all of it can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from clew.arrays import Float64Array
from clew.detector import Detector
from clew.errors import ConfigError, InputError
from clew.settings import listed, within
from clew.transforms.points import Points

__all__ = [
    "LimitsConfig",
    "MinMax",
    "Normalise",
    "NormaliseConfig",
    "Standard",
    "StandardConfig",
    "StationLimits",
]

_Place = Annotated[float, within(-1e6, 1e6)]
_Width = Annotated[float, within(1e-9, 1e6)]
Triple = tuple[_Place, _Place, _Place]


def _check_limits(lowest: Triple, highest: Triple) -> None:
    if not all(low < high for low, high in zip(lowest, highest, strict=True)):
        raise ConfigError(f"limits {lowest} to {highest}: each lowest must be below its highest")


@dataclass(frozen=True)
class StandardConfig:
    """Mean and standard deviation of each coordinate, in its unit."""

    mean: Triple
    deviation: tuple[_Width, _Width, _Width]


class Standard:
    """Coordinates of mean 0 and standard deviation 1, if the settings are those of the data."""

    def __init__(self, config: StandardConfig) -> None:
        self._mean, self._deviation = np.array(config.mean), np.array(config.deviation)

    def apply(self, points: Points) -> Points:
        """Return (value - mean) / deviation."""
        return replace(points, values=(points.values - self._mean) / self._deviation)

    def invert(self, points: Points) -> Points:
        """Return value * deviation + mean."""
        return replace(points, values=points.values * self._deviation + self._mean)


@dataclass(frozen=True)
class LimitsConfig:
    """Lowest and highest of each coordinate, in its unit."""

    lowest: Triple
    highest: Triple

    def __post_init__(self) -> None:
        _check_limits(self.lowest, self.highest)


class MinMax:
    """From the limits to [0, 1]."""

    def __init__(self, config: LimitsConfig) -> None:
        self._lowest = np.array(config.lowest)
        self._range = np.array(config.highest) - self._lowest

    def apply(self, points: Points) -> Points:
        """Return 0 at the lowest and 1 at the highest."""
        return replace(points, values=(points.values - self._lowest) / self._range)

    def invert(self, points: Points) -> Points:
        """Return the values within their limits again."""
        return replace(points, values=points.values * self._range + self._lowest)


@dataclass(frozen=True)
class StationLimits:
    """Lowest and highest of each coordinate on one station, named by its volume and layer in files."""

    volume: Annotated[int, within(0, 1_000_000)]
    layer: Annotated[int, within(0, 1_000_000)]
    lowest: Triple
    highest: Triple

    def __post_init__(self) -> None:
        _check_limits(self.lowest, self.highest)


@dataclass(frozen=True)
class NormaliseConfig:
    """Constraints: `lowest` and `highest` hold for all stations but those that `stations` lists."""

    lowest: Triple | None = None
    highest: Triple | None = None
    stations: Annotated[tuple[StationLimits, ...], listed(0, 10000)] = ()

    def __post_init__(self) -> None:
        if self.lowest is None and self.highest is None:
            if not self.stations:
                raise ConfigError("normalise: no constraints: give lowest and highest, or stations")
        elif self.lowest is None or self.highest is None:
            raise ConfigError("normalise: give both lowest and highest")
        else:
            _check_limits(self.lowest, self.highest)


class Normalise:
    """From the constraints, global or of the hit's station, to [-1, 1]."""

    def __init__(self, config: NormaliseConfig) -> None:
        self._config = config

    def apply(self, points: Points) -> Points:
        """Return -1 at the lowest and 1 at the highest; raises InputError for a station without limits."""
        lowest, highest = self._at(points)
        return replace(points, values=2 * (points.values - lowest) / (highest - lowest) - 1)

    def invert(self, points: Points) -> Points:
        """Return the values within their constraints again."""
        lowest, highest = self._at(points)
        return replace(points, values=lowest + (points.values + 1) / 2 * (highest - lowest))

    def _at(self, points: Points) -> tuple[Float64Array, Float64Array]:
        if (points.station < 0).any():
            raise InputError("normalise: a hit is on no layer of its detector: remove it")
        limits = self._limits(points.detector)
        outside = np.isnan(limits[0, points.station, 0])
        if outside.any():
            station = points.detector.layers[points.station[outside][0]]
            raise InputError(
                f"normalise: volume {station.volume}, layer {station.layer} has no constraints: "
                "list it, or give global ones"
            )
        return limits[0, points.station], limits[1, points.station]

    def _limits(self, detector: Detector) -> Float64Array:
        """Return lowest and highest on each layer, shape (2, n_layers, 3); NaN where there are none."""
        config = self._config
        limits = np.full((2, len(detector), 3), np.nan)
        if config.lowest is not None and config.highest is not None:
            limits[:] = np.array([config.lowest, config.highest])[:, None]
        for own in config.stations:
            (station,) = detector.layer_index(
                np.array([own.volume], np.int32), np.array([own.layer], np.int32)
            )
            if station < 0:
                raise ConfigError(
                    f"normalise: the detector {detector.name} has no layer {own.layer} of volume {own.volume}"
                )
            limits[:, station] = own.lowest, own.highest
        return limits
