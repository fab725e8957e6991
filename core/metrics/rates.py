"""Counted rates in bins: how many of a total passed, with the binomial uncertainty of their ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int64Array

__all__ = ["BinnedRate", "ratio"]


def ratio(passed: float | np.integer, total: float | np.integer) -> float:
    """Return passed / total, NaN where there is nothing to count."""
    return float(passed / total) if total else float("nan")


@dataclass(frozen=True)
class BinnedRate:
    """A rate against one quantity.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,), float64
        In the quantity's unit; a bin holds its lower edge, not its upper one.
    passed, total : ndarray of shape (n_bins,), int64
        Numerator and denominator of each bin.
    """

    edges: Float64Array
    passed: Int64Array
    total: Int64Array

    @classmethod
    def count(cls, values: Float32Array, passed: BoolArray, edges: Float64Array) -> BinnedRate:
        """Count `values`, one per particle or track, and those that passed; outside the edges none counts."""
        total, _ = np.histogram(values, edges)
        chosen, _ = np.histogram(values[passed], edges)
        return cls(edges, chosen.astype(np.int64), total.astype(np.int64))

    @classmethod
    def add(cls, rates: Sequence[BinnedRate]) -> BinnedRate:
        """Return the rate of several events together; all must have the same edges."""
        passed = np.sum([rate.passed for rate in rates], axis=0)
        return cls(rates[0].edges, passed, np.sum([rate.total for rate in rates], axis=0))

    @property
    def rate(self) -> Float64Array:
        """The rate passed / total, shape (n_bins,), NaN in empty bins."""
        return self.passed / np.where(self.total > 0, self.total, np.nan)

    @property
    def interval(self) -> tuple[Float64Array, Float64Array]:
        """Lower and upper end of the rate's 68.3% Wilson interval, each of shape (n_bins,).

        Unlike the normal approximation it is no point at rates of 0 and 1.
        """
        n = np.where(self.total > 0, self.total, np.nan)
        p = self.passed / n
        centre = (p + 0.5 / n) / (1 + 1 / n)
        half = np.sqrt(p * (1 - p) / n + 0.25 / n**2) / (1 + 1 / n)
        return np.clip(centre - half, 0.0, p), np.clip(centre + half, p, 1.0)
