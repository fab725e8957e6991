"""The helix from the beam line that fits a few hits best, and how far hits are from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array
from clew.kernels import kernel

__all__ = ["Helix", "fit_helix", "residual2"]


class Helix(NamedTuple):
    """A helix that starts on the beam line, in a frame whose first axis is (cos, sin).

    Attributes
    ----------
    cos, sin : float
    offset, slope : float
        v = offset + slope u for u = x/r^2, v = y/r^2 in that frame, 1/mm and 1.
    z0, cot : float
        z = z0 + cot * arc length, mm and 1.
    """

    cos: float
    sin: float
    offset: float
    slope: float
    z0: float
    cot: float


@kernel
def fit_helix(places: Float64Array, sigma: Float64Array, keep: BoolArray) -> Helix:
    """Fit the hits to keep: a line in the conformal plane, then a line of z over arc length.

    Parameters
    ----------
    places : ndarray of shape (n, 3), float64, mm
    sigma : ndarray of shape (n, 2), float64, mm
        Expected transverse and longitudinal residuals.
    keep : ndarray of shape (n,), bool
        At least two hits.
    """
    x, y = 0.0, 0.0
    for i in range(len(places)):
        if keep[i]:
            x, y = x + places[i, 0], y + places[i, 1]
    norm = np.hypot(x, y) + 1e-9
    cos, sin = x / norm, y / norm
    sums = np.zeros(5)
    for i in range(len(places)):
        if keep[i]:
            r2 = places[i, 0] ** 2 + places[i, 1] ** 2
            u = (places[i, 0] * cos + places[i, 1] * sin) / r2
            v = (places[i, 1] * cos - places[i, 0] * sin) / r2
            _add(sums, u, v, (r2 / sigma[i, 0]) ** 2)
    offset, slope = _line(sums)
    helix = Helix(cos, sin, offset, slope, 0.0, 0.0)
    sums[:] = 0.0
    for i in range(len(places)):
        if keep[i]:
            _add(sums, _arc(places[i], helix), places[i, 2], sigma[i, 1] ** -2)
    z0, cot = _line(sums)
    return Helix(cos, sin, offset, slope, z0, cot)


@kernel
def _add(sums: Float64Array, x: float, y: float, weight: float) -> None:
    sums[0] += weight
    sums[1] += weight * x
    sums[2] += weight * y
    sums[3] += weight * x * x
    sums[4] += weight * x * y


@kernel
def _line(sums: Float64Array) -> tuple[float, float]:
    """Return offset and slope of the weighted least-squares line."""
    mean_x, mean_y = sums[1] / sums[0], sums[2] / sums[0]
    variance = sums[3] / sums[0] - mean_x * mean_x
    slope = (sums[4] / sums[0] - mean_x * mean_y) / variance if variance > 0 else 0.0
    return mean_y - slope * mean_x, slope


@kernel
def _arc(place: Float64Array, helix: Helix) -> float:
    """Return the arc length from the beam line to the hit's radius, mm."""
    r = np.hypot(place[0], place[1])
    half = helix.offset / np.sqrt(1.0 + helix.slope**2)
    c = min(abs(r * half), 1.0)
    return np.arcsin(c) / abs(half) if c > 1e-6 else r


@kernel
def residual2(place: Float64Array, sigma: Float64Array, helix: Helix) -> float:
    """Return the squared distance of a hit from the helix: transverse and along z, each in units of sigma."""
    r2 = place[0] ** 2 + place[1] ** 2
    along = place[0] * helix.cos + place[1] * helix.sin
    across = place[1] * helix.cos - place[0] * helix.sin
    transverse = across - helix.offset * r2 - helix.slope * along
    longitudinal = place[2] - helix.z0 - helix.cot * _arc(place, helix)
    return (transverse / sigma[0]) ** 2 + (longitudinal / sigma[1]) ** 2
