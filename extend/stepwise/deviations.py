"""How far true hits lie from where helices cross their layer: what networks with local coordinates learn."""

from __future__ import annotations

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array
from clew.event import Hits
from clew.extend.stepwise.local import STAGGER, References
from clew.fitting.nearest.road import deviations
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL

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
    found = np.full((len(following), 3), np.nan)
    _deviate_all(hits.features, hits.layer_index, np.ascontiguousarray(following), references, found)
    return found, ~np.isnan(found[:, 0])


@kernel
def _deviate_all(
    features: Float32Array,
    layer: Int32Array,
    following: Int32Array,
    references: References,
    found: Float64Array,
) -> None:
    for i in range(len(following)):
        for row in following[i]:
            if row < 0:
                break
            if layer[row] == references.layer[i]:
                _deviate(features[row].astype(np.float64), i, references, found[i])
                break


@kernel
def _deviate(hit: Float64Array, i: int, references: References, found: Float64Array) -> None:
    target, turn, side = references.target[i], references.turn[i], references.side[i]
    barrel = IS_BARREL[references.layer[i]]
    surface = np.zeros(5)
    surface[4] = 1.0 if barrel else 0.0
    across, along = deviations(target, hit, surface)
    found[0] = turn * across / target[7]
    found[1] = side * along / target[9] if barrel else along / target[8]
    found[2] = (hit[1] - target[1] if barrel else side * (hit[2] - target[2])) / STAGGER
