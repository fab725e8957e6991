"""Which hits remain, by the truth, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from clew.arrays import Int64Array
from clew.settings import within
from clew.transforms.points import Points

__all__ = [
    "Buckets",
    "BucketsConfig",
    "DropFakes",
    "DropShort",
    "DropSpinning",
    "FakesConfig",
    "ShortConfig",
    "SpinningConfig",
]


@dataclass(frozen=True)
class FakesConfig:
    """There is nothing to set."""


class DropFakes:
    """Drops hits that no particle made."""

    def __init__(self, config: FakesConfig) -> None:
        self._config = config

    def apply(self, points: Points) -> Points:
        """Return the hits of particles."""
        return points.take(points.particle != 0)


@dataclass(frozen=True)
class ShortConfig:
    """Tracks that are met on fewer than `least_stations` stations are short."""

    least_stations: Annotated[int, within(0, 1000)] = 4


class DropShort:
    """Drops the hits of short tracks; fakes remain."""

    def __init__(self, config: ShortConfig) -> None:
        self._least = config.least_stations

    def apply(self, points: Points) -> Points:
        """Return the hits of the other tracks, and fakes."""
        pairs = np.unique(np.stack([points.particle, points.station], axis=1), axis=0)
        ids, stations = np.unique(pairs[:, 0], return_counts=True)
        long = stations[np.searchsorted(ids, points.particle)] >= self._least
        return points.take(long | (points.particle == 0))


@dataclass(frozen=True)
class SpinningConfig:
    """A track with more than `most_hits` hits on one station spins; overlapping modules give two or three."""

    most_hits: Annotated[int, within(0, 1000)] = 3


class DropSpinning:
    """Drops the hits of tracks that come back to a station; fakes remain."""

    def __init__(self, config: SpinningConfig) -> None:
        self._most = config.most_hits

    def apply(self, points: Points) -> Points:
        """Return the hits of the other tracks, and fakes."""
        pairs = np.stack([points.particle, points.station.astype(np.int64)], axis=1)
        pairs, hits = np.unique(pairs, axis=0, return_counts=True)
        spinning = pairs[hits > self._most, 0]
        return points.take(~np.isin(points.particle, spinning) | (points.particle == 0))


@dataclass(frozen=True)
class BucketsConfig:
    """Tracks of `longest` hits and more share the last bucket."""

    longest: Annotated[int, within(1, 1000)] = 20


class Buckets:
    """Puts tracks of as many hits into one bucket, numbered by that; fakes are in bucket 0."""

    def __init__(self, config: BucketsConfig) -> None:
        self._longest = config.longest

    def apply(self, points: Points) -> Points:
        """Return the hits by bucket, then particle; each track's in the order they had."""
        lengths = _lengths(points)
        bucket = np.where(points.particle == 0, 0, np.minimum(lengths, self._longest)).astype(np.int32)
        return replace(points, bucket=bucket).take(np.lexsort((points.particle, bucket)))


def _lengths(points: Points) -> Int64Array:
    """Return how many hits the particle of each hit has."""
    _, place, counts = np.unique(points.particle, return_inverse=True, return_counts=True)
    lengths: Int64Array = counts[place]
    return lengths
