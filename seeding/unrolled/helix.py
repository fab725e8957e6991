"""The helix from the beam line that fits a few hits best, and how far hits are from it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = ["CLUSTER_HIT", "SUMS", "ClusterHit", "Helix", "Sums", "fit_helix", "residual2"]


class ClusterHit:
    """Fields of a hit of a cluster.

    Attributes
    ----------
    x, y, z : float, mm
    transverse, longitudinal : float, mm
        Expected residuals across a helix and in z.
    module : int
        Identity of its module.
    """

    x: float
    y: float
    z: float
    transverse: float
    longitudinal: float
    module: int


class Sums:
    """Fields of the weighted sums of a straight line's points: of 1, x, y, x^2 and x y."""

    one: float
    x: float
    y: float
    xx: float
    xy: float


CLUSTER_HIT: Final[np.dtype[np.void]] = record_dtype(ClusterHit)
SUMS: Final[np.dtype[np.void]] = record_dtype(Sums)


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
def fit_helix(hits: RecordArray, keep: BoolArray, sums: Sums) -> Helix:
    """Fit the hits to keep: a line in the conformal plane, then a line of z over arc length.

    Parameters
    ----------
    hits : ndarray of shape (n,), ClusterHit
    keep : ndarray of shape (n,), bool
        At least two hits.
    sums : Sums
        Work space.
    """
    x, y = 0.0, 0.0
    for i in range(len(hits)):
        if keep[i]:
            x, y = x + hits[i].x, y + hits[i].y
    norm = np.hypot(x, y) + 1e-9
    cos, sin = x / norm, y / norm
    _clear(sums)
    for i in range(len(hits)):
        if keep[i]:
            hit = hits[i]
            r2 = hit.x**2 + hit.y**2
            u = (hit.x * cos + hit.y * sin) / r2
            v = (hit.y * cos - hit.x * sin) / r2
            _add(sums, u, v, (r2 / hit.transverse) ** 2)
    offset, slope = _line(sums)
    helix = Helix(cos, sin, offset, slope, 0.0, 0.0)
    _clear(sums)
    for i in range(len(hits)):
        if keep[i]:
            _add(sums, _arc(hits[i], helix), hits[i].z, hits[i].longitudinal ** -2)
    z0, cot = _line(sums)
    return Helix(cos, sin, offset, slope, z0, cot)


@kernel(force=True)
def _clear(sums: Sums) -> None:
    sums.one = sums.x = sums.y = sums.xx = sums.xy = 0.0


@kernel(force=True)
def _add(sums: Sums, x: float, y: float, weight: float) -> None:
    sums.one += weight
    sums.x += weight * x
    sums.y += weight * y
    sums.xx += weight * x * x
    sums.xy += weight * x * y


@kernel(force=True)
def _line(sums: Sums) -> tuple[float, float]:
    """Return offset and slope of the weighted least-squares line."""
    mean_x, mean_y = sums.x / sums.one, sums.y / sums.one
    variance = sums.xx / sums.one - mean_x * mean_x
    slope = (sums.xy / sums.one - mean_x * mean_y) / variance if variance > 0 else 0.0
    return mean_y - slope * mean_x, slope


@kernel(force=True)
def _arc(hit: ClusterHit, helix: Helix) -> float:
    """Return the arc length from the beam line to the hit's radius, mm."""
    r = np.hypot(hit.x, hit.y)
    half = helix.offset / np.sqrt(1.0 + helix.slope**2)
    c = min(abs(r * half), 1.0)
    return np.arcsin(c) / abs(half) if c > 1e-6 else r


@kernel(force=True)
def residual2(hit: ClusterHit, helix: Helix) -> float:
    """Return the squared distance of a hit from the helix: transverse and along z, over what is expected."""
    r2 = hit.x**2 + hit.y**2
    along = hit.x * helix.cos + hit.y * helix.sin
    across = hit.y * helix.cos - hit.x * helix.sin
    transverse = across - helix.offset * r2 - helix.slope * along
    longitudinal = hit.z - helix.z0 - helix.cot * _arc(hit, helix)
    return (transverse / hit.transverse) ** 2 + (longitudinal / hit.longitudinal) ** 2
