"""Steer each row's predictions by the hits that the row has met on its way.

Predictions of one window err together: where the first hit lies two expected deviations to the left, the
second will too.  So each prediction is moved by as many of its deviations as the hit before was off, and
what remains to be expected is smaller.  A row looks for its hits alone; who gets them is decided afterwards
among all rows, with the predictions as steered here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Int32Array
from clew.detector.surface import Surface
from clew.fitting.nearest.distances import ROAD
from clew.fitting.nearest.neighbours import search
from clew.fitting.nearest.road import deviations, turn
from clew.fitting.nearest.targets import Target, is_missing
from clew.hits.index import HitIndex, HitPoint
from clew.kernels import kernel, parallel_kernel
from clew.records import RecordArray
from clew.tracks import NO_HIT

__all__ = ["Steering", "steer"]

_LEAST_R: Final = 1e-3  # mm; least r that is divided by


class Steering(NamedTuple):
    """How hits steer.

    Attributes
    ----------
    maximum : float
        "road" distance up to which a hit does.
    across_left, along_left : float
        What is left of the expected deviations once the hit before is known.
    """

    maximum: float
    across_left: float
    along_left: float


def steer(
    index: HitIndex, entries: Int32Array, targets: RecordArray, windows: Int32Array, steering: Steering
) -> RecordArray:
    """Return the steered targets.

    Parameters
    ----------
    index : HitIndex
    entries : ndarray of shape (n_hits,), int32
        Where each hit stands in the index.
    targets : ndarray of shape (n_windows, n_steps), `clew.fitting.nearest.targets.Target`
    windows : ndarray of shape (n_windows, 5), int32
        Hits that their row must not take.
    steering : Steering
    """
    steered = targets.copy()
    _steer_all(index, entries, windows, steering, steered)
    return steered


@parallel_kernel
def _steer_all(
    index: HitIndex, entries: Int32Array, windows: Int32Array, steering: Steering, targets: RecordArray
) -> None:
    for i in numba.prange(len(targets)):
        _steer_row(index, entries, windows, steering, targets, i)


@kernel(owns=True)
def _steer_row(
    index: HitIndex,
    entries: Int32Array,
    windows: Int32Array,
    steering: Steering,
    targets: RecordArray,
    i: int,
) -> None:
    window, row = windows[i], targets[i]
    met = np.full(len(window) + len(row), NO_HIT, dtype=np.int32)
    met[: len(window)] = window
    found, rank = np.empty(1, dtype=np.int32), np.empty(1)
    across, along = 0.0, 0.0
    known = False
    for step in range(len(row)):
        target = row[step]
        if is_missing(target):
            continue
        expected = target.across_sigma, target.r_sigma, target.z_sigma
        if known:
            _move(target, across, along, steering)
        found[0], rank[0] = NO_HIT, np.inf
        search(index, target, met, ROAD, steering.maximum, found, rank)
        hit = found[0]
        if hit != NO_HIT:
            met[len(window) + step] = hit
            point = index.points[entries[hit]]
            more_across, more_along = _learn(target, expected, point, index.surfaces[point.layer])
            across, along = across + more_across, along + more_along
            known = True


@kernel(force=True)
def _move(target: Target, across: float, along: float, steering: Steering) -> None:
    """Move a target by so many deviations: across, and perpendicular to the path in the (r, z) half plane."""
    target.phi = turn(target.phi + across * target.across_sigma / max(target.r, _LEAST_R))
    # A path that lies farther on in z where it crosses a cylinder crosses a disc farther in, or out.
    target.r_offset = -along * target.r_sigma * np.sign(target.dz)
    target.z_offset = along * target.z_sigma * np.sign(target.dr)
    target.across_sigma *= steering.across_left
    target.r_sigma *= steering.along_left
    target.z_sigma *= steering.along_left


@kernel(force=True)
def _learn(
    target: Target, expected: tuple[float, float, float], hit: HitPoint, surface: Surface
) -> tuple[float, float]:
    """Return by how many deviations a hit is off, as far as its resolution is finer than the expectation.

    `expected` are the deviations in r*phi, r and z before the target was moved.
    """
    across, along = deviations(target, hit, surface)
    if surface.barrel:
        long, sign, unit = target.z_sigma, np.sign(target.dr), expected[2]
    else:
        long, sign, unit = target.r_sigma, -np.sign(target.dz), expected[1]
    trust_across = target.across_sigma**2 / (target.across_sigma**2 + surface.coarse_across**2)
    trust_along = long**2 / (long**2 + surface.coarse_along**2)
    return trust_across * across / expected[0], trust_along * sign * along / unit
