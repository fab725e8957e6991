"""Measured times: warm-up left out, repeats, median and spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

__all__ = ["Timing", "measure"]


@dataclass(frozen=True)
class Timing:
    """Median and extremes of repeated measurements.

    Attributes
    ----------
    median, low, high : float
        Wall seconds, or what they were scaled to; low is the fastest repeat, high the slowest.
    repeats : int
    """

    median: float
    low: float
    high: float
    repeats: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Make a timing of the seconds of at least one repeat."""
        return cls(median(seconds), min(seconds), max(seconds), len(seconds))

    @classmethod
    def total(cls, parts: Sequence[Timing]) -> Timing:
        """Return what the parts take one after the other: sums of medians, of lows and of highs."""
        return cls(
            sum(part.median for part in parts),
            sum(part.low for part in parts),
            sum(part.high for part in parts),
            min(part.repeats for part in parts),
        )

    def scaled(self, factor: float) -> Timing:
        """Return the timing of `factor` times the work."""
        return Timing(self.median * factor, self.low * factor, self.high * factor, self.repeats)


def measure(work: Callable[[], object], repeats: int) -> Timing:
    """Time `work` after one call that does not count, which compiles and loads what is needed."""
    work()
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return Timing.of(seconds)
