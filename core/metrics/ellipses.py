"""Ellipses by part of the detector: how often they hold the right hit, how many others, and their areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import Detector
from clew.metrics.parts import parts_of

__all__ = ["EllipseTable", "ellipse_table"]


@dataclass(frozen=True)
class EllipseTable:
    """Ellipses for the next hits of true tracks, for each part of the detector; NaN without any.

    Attributes
    ----------
    parts : tuple of str
        See `clew.metrics.parts.parts_of`.
    steps : ndarray of shape (n_parts,), int64
        Next hits.
    efficiency : ndarray of shape (n_parts,), float64
        Next hits that are in their ellipse / next hits.
    purity : ndarray of shape (n_parts,), float64
        Hits of the right particle in the ellipses / hits in them.
    area : ndarray of shape (n_parts,), float64
        Median area of the ellipses that hold a hit, mm2.
    """

    parts: tuple[str, ...]
    steps: Int64Array
    efficiency: Float64Array
    purity: Float64Array
    area: Float64Array

    def table(self) -> str:
        """Return aligned text, one line per part of the detector."""
        head = f"{'ellipses':<20}{'next hits':>10}{'efficiency':>12}{'purity':>9}{'area mm2':>10}"
        rows = zip(self.parts, self.steps, self.efficiency, self.purity, self.area, strict=True)
        lines = [
            f"{part:<20}{n:10d}{rate:12.4f}{pure:9.4f}{area:10.2f}" for part, n, rate, pure, area in rows
        ]
        return "\n".join([head, *lines])


def ellipse_table(
    detector: Detector,
    layer: Int32Array,
    inside: BoolArray,
    hits: Int64Array,
    own: Int64Array,
    area: Float64Array,
) -> EllipseTable:
    """Sort ellipses by the part of the detector where the next hits are.

    Parameters
    ----------
    detector : Detector
    layer : ndarray of shape (n,), int32
        Dense index of each next hit's layer.
    inside : ndarray of shape (n,), bool
        Whether the hit is in its ellipse.
    hits, own : ndarray of shape (n,), int64
        Hits in the ellipse, and those of the right particle among them.
    area : ndarray of shape (n,), float64
        Of the ellipse, mm2; NaN where it holds no hit.
    """
    parts = parts_of(detector)
    masks = np.array([layers[layer] for layers in parts.values()], dtype=np.int64)
    steps = masks.sum(axis=1)
    with np.errstate(invalid="ignore"):
        efficiency, purity = (masks @ inside) / steps, (masks @ own) / (masks @ hits)
    areas = [area[mask.astype(bool) & ~np.isnan(area)] for mask in masks]
    medians = np.array([np.median(some) if len(some) else np.nan for some in areas])
    return EllipseTable(tuple(parts), steps, efficiency, purity, medians)
