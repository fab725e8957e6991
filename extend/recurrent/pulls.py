"""Residuals of true next hits over their expected deviations: how well the two are known."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.extend.growing.memory import N_ANSWERS, Memory, expect, remember
from clew.extend.growing.steps import steps_of
from clew.kernels import parallel_kernel
from clew.motion.state import Motion
from clew.tracksets import Tracks

__all__ = ["Pulls", "pulls_along"]


class Pulls(NamedTuple):
    """One entry for each step along a true track.

    Attributes
    ----------
    layer : ndarray of shape (n,), int32
        Dense index of the layer on which the hit was expected.
    across, along : ndarray of shape (n,), float64
        Pull of the residual across the module's length, and along it.
    """

    layer: Int32Array
    across: Float64Array
    along: Float64Array


def pulls_along(tracks: Tracks, motion: Motion, memory: Memory) -> Pulls:
    """Follow true tracks both ways and compare each prediction with the true next hit."""
    steps = steps_of(tracks, motion)
    answers = np.zeros((*steps.layer.shape[:2], N_ANSWERS), dtype=np.float32)
    if len(memory.recur):
        _answer_all(steps.told, steps.asked, steps.layer, memory, answers)
    there = steps.layer[..., 0] >= 0
    across, along = _standardised(steps.found[there].astype(np.float64), answers[there].astype(np.float64))
    return Pulls(steps.layer[there][:, 1], across, along)


@parallel_kernel
def _answer_all(
    told: Float32Array, asked: Float32Array, layer: Int32Array, memory: Memory, answers: Float32Array
) -> None:
    units = len(memory.recur)
    for i in numba.prange(len(told)):
        known = np.zeros(units, dtype=np.float32)
        work = np.empty(6 * units + len(memory.hidden_bias), dtype=np.float32)
        for step in range(told.shape[1]):
            if layer[i, step, 0] < 0:
                break
            remember(memory, layer[i, step, 0], told[i, step], known, work)
            expect(memory, layer[i, step, 1], asked[i, step], known, work, answers[i, step])


def _standardised(found: Float64Array, answers: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return both residuals over their expected deviations; see N_FOUND and N_ANSWERS for the columns."""
    r1, a1, z1, e1, r2, a2, z2, e2, aa, az, zz, side, end = found.T
    across, height = answers[:, 0] * side * np.sqrt(aa), answers[:, 1] * end * np.sqrt(zz)
    wider, longer, fine1, fine2 = np.exp(answers[:, 2:]).T
    aa, az, zz = aa * wider**2, az * wider * longer, zz * longer**2
    s11 = a1 * a1 * aa + 2 * a1 * z1 * az + z1 * z1 * zz + (e1 * fine1) ** 2
    s22 = a2 * a2 * aa + 2 * a2 * z2 * az + z2 * z2 * zz + (e2 * fine2) ** 2
    return (
        (r1 - a1 * across - z1 * height) / np.sqrt(s11),
        (r2 - a2 * across - z2 * height) / np.sqrt(s22),
    )
