"""How far true hits lie from where helices cross their layer: what networks with local coordinates learn."""

from __future__ import annotations

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.event import Hits
from clew.extend.stepwise.local import STAGGER, References
from clew.extend.stepwise.target import columns
from clew.fitting.nearest.road import deviations
from clew.hits.index import HitPoint, build_index
from clew.kernels import kernel
from clew.records import RecordArray
from clew.tracks import NO_HIT

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
    index = build_index(hits, np.arange(len(hits)))
    place = np.full(len(hits) + 1, NO_HIT, dtype=np.int32)
    place[index.row] = np.arange(len(index.row), dtype=np.int32)
    found = np.full((len(following), 3), np.nan)
    _deviate_all(index.points, place[following], references, columns(references.target), found)
    return found, ~np.isnan(found[:, 0])


@kernel(owns=True)
def _deviate_all(
    points: RecordArray,
    following: Int32Array,
    references: References,
    targets: Float64Array,
    found: Float64Array,
) -> None:
    for i in range(len(following)):
        for hit in following[i]:
            if hit >= 0 and points[hit].layer == references.layer[i]:
                _deviate(points[hit], i, references, targets[i], found[i])
                break


@kernel(owns=True)
def _deviate(
    point: HitPoint, i: int, references: References, target: Float64Array, found: Float64Array
) -> None:
    turn, side, barrel = references.turn[i], references.side[i], references.barrel[i]
    crossing = references.target[i]
    surface = np.zeros(5)
    surface[4] = 1.0 if barrel else 0.0
    across, along = deviations(target, np.array([point.phi, point.r, point.z]), surface)
    found[0] = turn * across / crossing.across_sigma
    found[1] = side * along / crossing.z_sigma if barrel else along / crossing.r_sigma
    found[2] = (point.r - crossing.r if barrel else side * (point.z - crossing.z)) / STAGGER
