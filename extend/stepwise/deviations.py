"""How far true hits lie from where helices cross their layer: what networks with local coordinates learn."""

from __future__ import annotations

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.detector.surface import Surface
from clew.event import Hits
from clew.extend.stepwise.local import STAGGER, References
from clew.fitting.nearest.road import deviations
from clew.hits.index import HitPoint, build_index, entries_of
from clew.kernels import kernel
from clew.records import RecordArray

__all__ = ["deviations_of"]


def deviations_of(
    references: References, hits: Hits, following: Int32Array
) -> tuple[Float64Array, BoolArray]:
    """Return how far the particle's hit on the crossed layer is from where its helix crosses it.

    Parameters
    ----------
    references : References
        Of n windows.
    hits : Hits
    following : ndarray of shape (n, m), int32
        Rows of the hits after each window, nearest first, then NO_HIT.

    Returns
    -------
    deviations : ndarray of shape (n, 3), float64
        Across, along and ahead, mirrored, in expected deviations and STAGGER; of the first hit on the layer.
    known : ndarray of shape (n,), bool
        Whether there is one.
    """
    index = build_index(hits)
    entries = entries_of(index.row, len(hits))
    found = np.full((len(following), 3), np.nan)
    _deviate_all(index.points, entries[following], references, index.surfaces, found)
    return found, ~np.isnan(found[:, 0])


@kernel(owns=True)
def _deviate_all(
    points: RecordArray,
    following: Int32Array,
    references: References,
    surfaces: RecordArray,
    found: Float64Array,
) -> None:
    for i in range(len(following)):
        for hit in following[i]:
            if hit >= 0 and points[hit].layer == references.layer[i]:
                _deviate(points[hit], i, references, surfaces[references.layer[i]], found[i])
                break


@kernel(owns=True)
def _deviate(point: HitPoint, i: int, references: References, surface: Surface, found: Float64Array) -> None:
    turn, side, crossing = references.turn[i], references.side[i], references.target[i]
    across, along = deviations(crossing, point, surface)
    found[0] = turn * across / crossing.across_sigma
    if surface.barrel:
        found[1], found[2] = side * along / crossing.z_sigma, (point.r - crossing.r) / STAGGER
    else:
        found[1], found[2] = along / crossing.r_sigma, side * (point.z - crossing.z) / STAGGER
