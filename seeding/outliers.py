"""Outlier removal: hits that do not lie on the helix which the rest of their cluster agrees on leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.tracks import Candidates

__all__ = ["OutlierConfig", "remove_outliers"]

_FEWEST = 3  # a helix through the origin always passes two hits


@dataclass(frozen=True)
class OutlierConfig:
    """What a hit may be off the helix of its cluster.

    Attributes
    ----------
    transverse, longitudinal : float
        Expected residuals, mm: scattering more than resolution.
    strip : float
        What long strips (volumes 16 to 18) add to the longitudinal one, mm.
    limit : float
        A hit is an outlier if its residuals, each over its expectation, are longer than this.
    """

    transverse: float = 0.3
    longitudinal: float = 0.8
    strip: float = 2.0
    limit: float = 4.0


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


def remove_outliers(hits: Hits, clusters: Candidates, config: OutlierConfig) -> Candidates:
    """Return the clusters without their outliers, each with its hits ordered from the inside outwards.

    The hit whose removal mends the fit most goes first, until all that remain are near the helix.  Of two
    hits on one module the one farther from the helix is an outlier too.
    """
    places = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    strip = np.isin(hits.volume, (16, 17, 18))
    sigma = np.empty((len(hits), 2))
    sigma[:, 0] = config.transverse
    sigma[:, 1] = config.longitudinal + config.strip * strip
    module = (hits.layer_index << 16) | hits.module
    order = clusters.hits.copy()
    keep = np.zeros(len(order), dtype=np.bool_)
    _clean_all(places, sigma, module, clusters.offsets, config.limit, order, keep)
    offsets = np.zeros(len(keep) + 1, dtype=np.int64)
    np.cumsum(keep, out=offsets[1:])
    return Candidates(order[keep], offsets[clusters.offsets])


@parallel_kernel
def _clean_all(
    places: Float64Array,
    sigma: Float64Array,
    module: Int32Array,
    offsets: Int32Array,
    limit: float,
    order: Int32Array,
    keep: BoolArray,
) -> None:
    for i in numba.prange(len(offsets) - 1):
        first, last = offsets[i], offsets[i + 1]
        if last - first >= _FEWEST:
            members = order[first:last]
            _clean(places[members], sigma[members], module[members], limit, members, keep[first:last])


@kernel
def _clean(
    places: Float64Array,
    sigma: Float64Array,
    module: Int32Array,
    limit: float,
    members: Int32Array,
    keep: BoolArray,
) -> None:
    keep[:] = True
    helix = _fit(places, sigma, keep)
    while keep.sum() > _FEWEST:
        worst = _farthest(places, sigma, keep, helix)
        if _residual2(places[worst], sigma[worst], helix) <= limit * limit:
            worst = _twin(places, sigma, module, keep, helix)
            if worst < 0:
                break
        else:
            worst = _most_harmful(places, sigma, keep)
        keep[worst] = False
        helix = _fit(places, sigma, keep)
    farthest = _farthest(places, sigma, keep, helix)
    if _residual2(places[farthest], sigma[farthest], helix) > limit * limit:
        keep[:] = False
    progress = np.hypot(places[:, 0], places[:, 1]) + np.copysign(1.0, helix.cot) * places[:, 2]
    outwards = np.argsort(progress)
    members[:] = members[outwards]
    keep[:] = keep[outwards]


@kernel
def _fit(places: Float64Array, sigma: Float64Array, keep: BoolArray) -> Helix:
    """Fit the hits to keep: a line in the conformal plane, then a line of z over arc length."""
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
def _residual2(place: Float64Array, sigma: Float64Array, helix: Helix) -> float:
    r2 = place[0] ** 2 + place[1] ** 2
    along = place[0] * helix.cos + place[1] * helix.sin
    across = place[1] * helix.cos - place[0] * helix.sin
    transverse = across - helix.offset * r2 - helix.slope * along
    longitudinal = place[2] - helix.z0 - helix.cot * _arc(place, helix)
    return (transverse / sigma[0]) ** 2 + (longitudinal / sigma[1]) ** 2


@kernel
def _farthest(places: Float64Array, sigma: Float64Array, keep: BoolArray, helix: Helix) -> int:
    worst, most = -1, -1.0
    for i in range(len(places)):
        if keep[i]:
            residual2 = _residual2(places[i], sigma[i], helix)
            if residual2 > most:
                worst, most = i, residual2
    return worst


@kernel
def _most_harmful(places: Float64Array, sigma: Float64Array, keep: BoolArray) -> int:
    """Return the hit without which the others fit best."""
    worst, least = -1, np.inf
    for i in range(len(places)):
        if keep[i]:
            keep[i] = False
            helix = _fit(places, sigma, keep)
            chi2 = 0.0
            for j in range(len(places)):
                if keep[j]:
                    chi2 += _residual2(places[j], sigma[j], helix)
            keep[i] = True
            if chi2 < least:
                worst, least = i, chi2
    return worst


@kernel
def _twin(
    places: Float64Array, sigma: Float64Array, module: Int32Array, keep: BoolArray, helix: Helix
) -> int:
    """Return a hit that another one on its module is nearer to the helix than, -1 if there is none."""
    for i in range(len(places)):
        for j in range(len(places)):
            if i != j and keep[i] and keep[j] and module[i] == module[j]:
                first = _residual2(places[i], sigma[i], helix)
                second = _residual2(places[j], sigma[j], helix)
                if first > second or (first == second and i > j):
                    return i
    return -1
