"""Steer each row's predictions by the hits that the row has met on its way.

Predictions of one window err together: where the first hit lies two expected deviations to the left, the
second will too.  So each prediction is moved by as many of its deviations as the hit before was off, and
what remains to be expected is smaller.  A row looks for its hits alone; who gets them is decided afterwards
among all rows, with the predictions as steered here.
"""

from __future__ import annotations

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.fitting.nearest.distances import ROAD
from clew.fitting.nearest.neighbours import search
from clew.fitting.nearest.road import deviations, turn
from clew.hits.index import HitIndex
from clew.kernels import kernel, parallel_kernel
from clew.tracks import NO_HIT

__all__ = ["steer"]


@parallel_kernel
def steer(
    index: HitIndex,
    features: Float32Array,
    layer: Int32Array,
    targets: Float64Array,
    windows: Int32Array,
    maximum: float,
    narrowing: tuple[float, float],
) -> Float64Array:
    """Return the steered targets.

    Parameters
    ----------
    index : HitIndex
    features : ndarray of shape (n_hits, 4), float32
    layer : ndarray of shape (n_hits,), int32
        Dense layer index of each hit.
    targets : ndarray of shape (n_windows, n_steps, 12), float64
    windows : ndarray of shape (n_windows, 5), int32
        Hits that their row must not take.
    maximum : float
        "road" distance up to which a hit steers.
    narrowing : (float, float)
        What is left of the expected deviations, across and along, once the hit before is known.
    """
    steered = targets.copy()
    for i in numba.prange(len(targets)):
        _steer_row(index, features, layer, windows[i], maximum, narrowing, steered[i])
    return steered


@kernel
def _steer_row(
    index: HitIndex,
    features: Float32Array,
    layer: Int32Array,
    window: Int32Array,
    maximum: float,
    narrowing: tuple[float, float],
    targets: Float64Array,
) -> None:
    met = np.full(len(window) + len(targets), NO_HIT, dtype=np.int32)
    met[: len(window)] = window
    found, rank = np.empty(1, dtype=np.int32), np.empty(1)
    off = np.zeros(2)
    known = False
    for step in range(len(targets)):
        target = targets[step]
        if np.isnan(target.sum()):
            continue
        expected = target[7:10].copy()
        if known:
            _move(target, off, narrowing)
        found[0], rank[0] = NO_HIT, np.inf
        search(index, target, met, ROAD, maximum, found, rank)
        hit = found[0]
        if hit != NO_HIT:
            met[len(window) + step] = hit
            _learn(target, expected, features[hit], index.surfaces[layer[hit]], off)
            known = True


@kernel
def _move(target: Float64Array, off: Float64Array, narrowing: tuple[float, float]) -> None:
    """Move a target by so many deviations: across, and perpendicular to the path in the (r, z) half plane."""
    target[0] = turn(target[0] + off[0] * target[7] / max(target[1], 1e-3))
    # A path that lies farther on in z where it crosses a cylinder crosses a disc farther in, or out.
    target[10] = -off[1] * target[8] * np.sign(target[6])
    target[11] = off[1] * target[9] * np.sign(target[5])
    target[7] *= narrowing[0]
    target[8:10] *= narrowing[1]


@kernel
def _learn(
    target: Float64Array, expected: Float64Array, hit: Float32Array, surface: Float64Array, off: Float64Array
) -> None:
    """Add to `off` what a hit shows, as far as the hit's resolution is finer than the expectation."""
    across, along = deviations(target, hit.astype(np.float64), surface)
    barrel = surface[4] > 0
    long, sign = (target[9], np.sign(target[5])) if barrel else (target[8], -np.sign(target[6]))
    trust_across = target[7] ** 2 / (target[7] ** 2 + surface[5] ** 2)
    trust_along = long**2 / (long**2 + surface[6] ** 2)
    off[0] += trust_across * across / expected[0]
    off[1] += trust_along * sign * along / (expected[2] if barrel else expected[1])
