"""Outlier removal: hits that do not lie on the helix which the rest of their cluster agrees on leave it."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.seeding.unrolled.helix import Helix, fit_helix, residual2
from clew.tracks import Candidates

__all__ = ["OutlierConfig", "remove_outliers"]

_FEWEST = 3  # a helix through the origin always passes two hits


@dataclass(frozen=True)
class OutlierConfig:
    """How far hits may be off the helix of their cluster.

    Attributes
    ----------
    transverse, longitudinal : float
        Expected residuals on the beam line, mm.
    transverse_growth, longitudinal_growth : float
        What scattering adds to them per mm of r.
    strip : float
        What long strips (volumes 16 to 18) add to the longitudinal one, mm.
    limit : float
        A hit is an outlier if its two residuals, each over its expectation, are longer than this together.
    """

    transverse: float = 0.1
    transverse_growth: float = 0.0008
    longitudinal: float = 0.4
    longitudinal_growth: float = 0.002
    strip: float = 2.0
    limit: float = 4.0


def remove_outliers(hits: Hits, clusters: Candidates, config: OutlierConfig) -> Candidates:
    """Return the clusters without their outliers, each with its hits ordered from the inside outwards.

    The hit whose removal mends the fit most goes first, until all that remain are near the helix.  Of two
    hits on one module the one farther from the helix is an outlier too.
    """
    rows = clusters.hits
    places = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)[rows]
    sigma = _expected_residuals(hits, config)[rows]
    module = ((hits.layer_index << 16) | hits.module)[rows]
    keep = np.zeros(len(rows), dtype=np.bool_)
    progress = np.zeros(len(rows))
    _clean_all(places, sigma, module, clusters.offsets, config.limit, keep, progress)
    outwards = np.lexsort((progress, clusters.owners))
    keep = keep[outwards]
    offsets = np.append(0, np.cumsum(keep))[clusters.offsets]
    return Candidates(rows[outwards][keep], offsets)


def _expected_residuals(hits: Hits, config: OutlierConfig) -> Float64Array:
    """Return the expected transverse and longitudinal residual of each hit, shape (n_hits, 2), mm."""
    strip = config.strip * np.isin(hits.volume, (16, 17, 18))
    transverse = config.transverse + config.transverse_growth * hits.r
    return np.stack([transverse, config.longitudinal + config.longitudinal_growth * hits.r + strip], axis=1)


@parallel_kernel
def _clean_all(
    places: Float64Array,
    sigma: Float64Array,
    module: Int32Array,
    offsets: Int64Array,
    limit: float,
    keep: BoolArray,
    progress: Float64Array,
) -> None:
    """Clean each cluster; `progress` is what grows along its track."""
    for i in numba.prange(len(offsets) - 1):
        a, b = offsets[i], offsets[i + 1]
        if b - a >= _FEWEST:
            _clean(places[a:b], sigma[a:b], module[a:b], limit, keep[a:b], progress[a:b])


@kernel
def _clean(
    places: Float64Array,
    sigma: Float64Array,
    module: Int32Array,
    limit: float,
    keep: BoolArray,
    progress: Float64Array,
) -> None:
    keep[:] = True
    helix = fit_helix(places, sigma, keep)
    while keep.sum() > _FEWEST:
        worst = _farthest(places, sigma, keep, helix)
        if residual2(places[worst], sigma[worst], helix) <= limit * limit:
            worst = _twin(places, sigma, module, keep, helix)
            if worst < 0:
                break
        else:
            worst = _most_harmful(places, sigma, keep)
        keep[worst] = False
        helix = fit_helix(places, sigma, keep)
    farthest = _farthest(places, sigma, keep, helix)
    if residual2(places[farthest], sigma[farthest], helix) > limit * limit:
        keep[:] = False
    along = np.copysign(1.0, helix.cot)
    for i in range(len(places)):
        progress[i] = np.hypot(places[i, 0], places[i, 1]) + along * places[i, 2]


@kernel
def _farthest(places: Float64Array, sigma: Float64Array, keep: BoolArray, helix: Helix) -> int:
    worst, most = -1, -1.0
    for i in range(len(places)):
        if keep[i]:
            distance2 = residual2(places[i], sigma[i], helix)
            if distance2 > most:
                worst, most = i, distance2
    return worst


@kernel
def _most_harmful(places: Float64Array, sigma: Float64Array, keep: BoolArray) -> int:
    """Return the hit without which the others fit best."""
    worst, least = -1, np.inf
    for i in range(len(places)):
        if keep[i]:
            keep[i] = False
            helix = fit_helix(places, sigma, keep)
            chi2 = 0.0
            for j in range(len(places)):
                if keep[j]:
                    chi2 += residual2(places[j], sigma[j], helix)
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
                first = residual2(places[i], sigma[i], helix)
                second = residual2(places[j], sigma[j], helix)
                if first > second or (first == second and i > j):
                    return i
    return -1
