"""What the clusters of three hits tell of the circle through them."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.hits.clusters import cluster_gain
from clew.hits.index import HitPoint
from clew.hits.space import SearchSpace
from clew.kernels import kernel

__all__ = ["clusters_of_three"]

_CLOSEST: Final = 1e-3
"""mm between two hits of a triplet."""

_LEAST: Final = -12.0
"""Clusters tell no more than so much against a triplet: one of them may be another particle's, too."""


@kernel(force=True)
def _turned(x: float, y: float, sine: float) -> tuple[float, float]:
    """Return a direction, of length 1, turned to the left by an angle given by its sine."""
    cosine = np.sqrt(1.0 - sine * sine)
    return x * cosine - y * sine, x * sine + y * cosine


@kernel(force=True)
def clusters_of_three(space: SearchSpace, first: HitPoint, second: HitPoint, third: HitPoint) -> float:
    """Return what the clusters of three hits gain for the circle through them, at least _LEAST."""
    x1, y1, x2, y2 = second.x - first.x, second.y - first.y, third.x - second.x, third.y - second.y
    chord1, chord2 = np.sqrt(x1 * x1 + y1 * y1), np.sqrt(x2 * x2 + y2 * y2)
    whole = np.sqrt((x1 + x2) ** 2 + (y1 + y2) ** 2)
    if min(chord1, chord2, whole) < _CLOSEST:
        return _LEAST
    # a tangent and a chord differ by half the arc: its sine is half the curvature times the chord
    half = (x1 * y2 - y1 * x2) / (chord1 * chord2 * whole)
    sine1, sine2 = min(max(half * chord1, -0.99), 0.99), min(max(half * chord2, -0.99), 0.99)
    slope = (second.z - first.z) / chord1
    cos1, sin1, cos2, sin2 = x1 / chord1, y1 / chord1, x2 / chord2, y2 / chord2
    surfaces, shapes = space.surfaces, space.shapes
    gain = cluster_gain(shapes, first, surfaces[first.layer].barrel, _turned(cos1, sin1, -sine1), slope)
    gain += cluster_gain(shapes, second, surfaces[second.layer].barrel, _turned(cos1, sin1, sine1), slope)
    gain += cluster_gain(shapes, third, surfaces[third.layer].barrel, _turned(cos2, sin2, sine2), slope)
    return max(gain, _LEAST)
