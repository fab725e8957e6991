"""Pulls of predictions by part of the detector: their widths are 1 where errors are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector import Detector
from clew.metrics.parts import parts_of

__all__ = ["PullTable", "pull_table"]

_CORE: Final = (0.1587, 0.5, 0.8413)
_FAR: Final = 3.0


@dataclass(frozen=True)
class PullTable:
    """Pulls of the true next hits of true tracks.

    Attributes
    ----------
    parts : tuple of str
        See `clew.metrics.parts.parts_of`.
    values : ndarray of shape (n_parts, 2, 3), float64
        For each part, across and along modules: median, half of the range that holds 68%, and the share
        beyond 3.  NaN where a part has no hit.
    count : ndarray of shape (n_parts,), float64
    """

    parts: tuple[str, ...]
    values: Float64Array
    count: Float64Array

    @classmethod
    def mean(cls, tables: Sequence[PullTable]) -> PullTable:
        """Return the mean of several events; of values, over the events that have them."""
        values = np.array([table.values for table in tables])
        known = np.isfinite(values)
        total, n = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
        mean = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
        return cls(tables[0].parts, mean, np.mean([table.count for table in tables], axis=0))

    def table(self) -> str:
        """Return aligned text: one line per part of the detector."""
        head = f"{'pulls':<20}{'hits':>9}" + "".join(
            f"{f'{name} {what}':>15}" for name in ("across", "along") for what in ("median", "width", "> 3")
        )
        lines = [
            f"{part:<20}{count:9.0f}" + "".join(f"{_shown(value):>15}" for value in values.ravel())
            for part, count, values in zip(self.parts, self.count, self.values, strict=True)
        ]
        return "\n".join([head, *lines])


def pull_table(detector: Detector, layer: Int32Array, across: Float64Array, along: Float64Array) -> PullTable:
    """Sort pulls by the part of the detector where the hits are.

    Parameters
    ----------
    detector : Detector
    layer : ndarray of shape (n,), int32
        Dense index of each hit's layer.
    across, along : ndarray of shape (n,), float64
    """
    parts = parts_of(detector)
    masks = [layers[layer] for layers in parts.values()]
    values = [[_shape(pulls[mask]) for pulls in (across, along)] for mask in masks]
    return PullTable(tuple(parts), np.array(values), np.array([float(mask.sum()) for mask in masks]))


def _shown(value: float) -> str:
    """Return a number in three digits, "-" where there is none."""
    return "-" if np.isnan(value) else f"{value:.3f}"


def _shape(pulls: Float64Array) -> tuple[float, float, float]:
    if len(pulls) == 0:
        return float("nan"), float("nan"), float("nan")
    low, middle, high = np.quantile(pulls, _CORE)
    return float(middle), float(high - low) / 2, float(np.mean(np.abs(pulls) > _FAR))
