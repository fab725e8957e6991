"""Outlier removal: hits that do not lie on the helix which the rest of their cluster agrees on leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.records import RecordArray
from clew.seeding.unrolled.helix import CLUSTER_HIT, SUMS, Helix, Sums, fit_helix, residual2
from clew.settings import within
from clew.tracks import Candidates

__all__ = ["OutlierConfig", "remove_outliers"]

_FEWEST: Final = 3  # a helix through the origin always passes two hits


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
        What long strips add to the longitudinal one, mm.
    limit : float
        A hit is an outlier if its two residuals, each over its expectation, are longer than this together.
    """

    transverse: Annotated[float, within(0.001, 1000)] = 0.1
    transverse_growth: Annotated[float, within(0, 1)] = 0.0008
    longitudinal: Annotated[float, within(0.001, 1000)] = 0.4
    longitudinal_growth: Annotated[float, within(0, 1)] = 0.002
    strip: Annotated[float, within(0, 1000)] = 2.0
    limit: Annotated[float, within(0.1, 100)] = 4.0


def remove_outliers(hits: Hits, clusters: Candidates, config: OutlierConfig) -> Candidates:
    """Return the clusters without their outliers, each with its hits ordered from the inside outwards.

    The hit whose removal mends the fit most goes first, until all that remain are near the helix.  Of two
    hits on one module the one farther from the helix is an outlier too.
    """
    members = _cluster_hits(hits, config)[clusters.hits]
    keep = np.zeros(len(members), dtype=np.bool_)
    progress = np.zeros(len(members))
    _clean_all(members, clusters.offsets, config.limit, keep, progress)
    outwards = np.lexsort((progress, clusters.owners))
    keep = keep[outwards]
    offsets = np.append(0, np.cumsum(keep))[clusters.offsets]
    return Candidates(clusters.hits[outwards][keep], offsets)


def _cluster_hits(hits: Hits, config: OutlierConfig) -> RecordArray:
    """Return the hits with their expected residuals, shape (n_hits,), `ClusterHit`."""
    table = np.zeros(len(hits), dtype=CLUSTER_HIT)
    table["x"], table["y"], table["z"] = hits.x, hits.y, hits.z
    long = (hits.layer_index >= 0) & hits.detector.of_kind("long", "strip")[hits.layer_index]
    table["transverse"] = config.transverse + config.transverse_growth * hits.r
    table["longitudinal"] = config.longitudinal + config.longitudinal_growth * hits.r + config.strip * long
    table["module"] = (hits.layer_index << 16) | hits.module
    return table


@parallel_kernel
def _clean_all(
    hits: RecordArray, offsets: Int64Array, limit: float, keep: BoolArray, progress: Float64Array
) -> None:
    """Clean each cluster; `progress` is what grows along its track."""
    for i in numba.prange(len(offsets) - 1):
        _clean(hits, offsets, limit, keep, progress, i)


@kernel(owns=True)
def _clean(
    hits: RecordArray,
    offsets: Int64Array,
    limit: float,
    keep: BoolArray,
    progress: Float64Array,
    cluster: int,
) -> None:
    begin, end = offsets[cluster], offsets[cluster + 1]
    if end - begin < _FEWEST:
        return
    members, kept, sums = hits[begin:end], keep[begin:end], np.zeros(1, dtype=SUMS)
    helix = _without_outliers(members, limit, kept, sums)
    along = np.copysign(1.0, helix.cot)
    for i in range(len(members)):
        progress[begin + i] = np.hypot(members[i].x, members[i].y) + along * members[i].z


@kernel
def _without_outliers(hits: RecordArray, limit: float, keep: BoolArray, scratch: RecordArray) -> Helix:
    """Write which hits of a cluster to keep; return their helix.

    `scratch` is an array, as its record would not keep the memory that the caller allocated.
    """
    sums = scratch[0]
    keep[:] = True
    n = len(hits)
    helix = fit_helix(hits, keep, sums)
    while n > _FEWEST:
        worst = _farthest(hits, keep, helix)
        if residual2(hits[worst], helix) <= limit * limit:
            worst = _twin(hits, keep, helix)
            if worst < 0:
                break
        else:
            worst = _most_harmful(hits, keep, sums)
        keep[worst] = False
        n -= 1
        helix = fit_helix(hits, keep, sums)
    if residual2(hits[_farthest(hits, keep, helix)], helix) > limit * limit:
        keep[:] = False
    return helix


@kernel
def _farthest(hits: RecordArray, keep: BoolArray, helix: Helix) -> int:
    worst, most = -1, -1.0
    for i in range(len(hits)):
        if keep[i]:
            distance2 = residual2(hits[i], helix)
            if distance2 > most:
                worst, most = i, distance2
    return worst


@kernel
def _most_harmful(hits: RecordArray, keep: BoolArray, sums: Sums) -> int:
    """Return the hit without which the others fit best."""
    worst, least = -1, np.inf
    for i in range(len(hits)):
        if keep[i]:
            keep[i] = False
            helix = fit_helix(hits, keep, sums)
            chi2 = 0.0
            for j in range(len(hits)):
                if keep[j]:
                    chi2 += residual2(hits[j], helix)
            keep[i] = True
            if chi2 < least:
                worst, least = i, chi2
    return worst


@kernel
def _twin(hits: RecordArray, keep: BoolArray, helix: Helix) -> int:
    """Return a hit that another one on its module is nearer to the helix than, -1 if there is none."""
    for i in range(len(hits)):
        for j in range(len(hits)):
            if i != j and keep[i] and keep[j] and hits[i].module == hits[j].module:
                first, second = residual2(hits[i], helix), residual2(hits[j], helix)
                if first > second or (first == second and i > j):
                    return i
    return -1
