"""The features of four hits in local coordinates: see clew.extend.stepwise.local."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.detector import Detector
from clew.fitting.nearest.targets import Target
from clew.hits.index import HitPoint
from clew.kernels import kernel
from clew.motion.state import State
from clew.records import RecordArray, record_dtype

__all__ = ["LAYER_KIND", "N_FEATURES", "LayerKind", "crossing_features", "hit_features", "layer_kinds"]

N_FEATURES: Final = 20
"""Features of each hit: its place along, across and above the helix; its r, z and kind of layer (barrel,
pixel, long strip); and, the same for all four, those of the helix and its crossing."""

_LOWEST_CURVATURE: Final = 1e-5  # 1/mm


class LayerKind:
    """Fields of what a network knows of a layer.

    Attributes
    ----------
    barrel, pixel, long : bool
        Whether it is a cylinder; has pixels; has long strips.
    """

    barrel: bool
    pixel: bool
    long: bool


LAYER_KIND: Final[np.dtype[np.void]] = record_dtype(LayerKind)


def layer_kinds(detector: Detector) -> RecordArray:
    """Return the kind of each layer, shape (n_layers,), `LayerKind`."""
    kinds = np.zeros(len(detector), dtype=LAYER_KIND)
    kinds["barrel"] = detector.barrel
    kinds["pixel"], kinds["long"] = detector.of_kind("pixel"), detector.of_kind("long", "strip")
    return kinds


@kernel
def hit_features(
    point: HitPoint,
    kind: LayerKind,
    state: State,
    bent: float,
    turn: float,
    side: float,
    features: Float64Array,
) -> None:
    """Write where a hit is, seen from the state at the last one, and on what kind of layer.

    `bent` is the curvature on the way ahead [1/mm]; `turn` and `side` mirror (see References).
    """
    dx, dy = point.x - state.x, point.y - state.y
    cos, sin = np.cos(state.psi), np.sin(state.psi)
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    arc = np.arctan2(bent * ahead, 1.0 - bent * left) / bent
    inside = 2.0 * left - bent * (ahead * ahead + left * left)
    across = inside / (1.0 + np.sqrt(max(1.0 - bent * inside, 0.0)))
    height = point.z - state.z - state.slope * arc
    features[0], features[1] = arc, np.arcsinh(10.0 * turn * across)
    features[2] = np.arcsinh(3.0 * side * height)
    features[3], features[4] = point.r / 1000.0, side * point.z / 3000.0
    features[5], features[6], features[7] = kind.barrel, kind.pixel, kind.long


@kernel
def crossing_features(
    crossing: State,
    kind: LayerKind,
    arc: float,
    turn: float,
    side: float,
    target: Target,
    features: Float64Array,
) -> None:
    """Write what the helix is like where it crosses the next layer, after an arc [mm]."""
    features[8] = np.log10(max(abs(crossing.kappa), _LOWEST_CURVATURE)) + 3.0
    features[9] = np.arcsinh(abs(crossing.slope)) / 3.0
    features[10], features[11], features[12] = arc / 300.0, target.r / 1000.0, side * target.z / 3000.0
    features[13], features[14], features[15] = kind.barrel, kind.pixel, kind.long
    aside = crossing.psi - target.phi
    features[16], features[17] = turn * np.sin(aside), np.cos(aside)
    along = target.z_sigma if kind.barrel else target.r_sigma
    features[18], features[19] = np.log(target.across_sigma) / 3.0, np.log(along) / 3.0
