"""Residuals of true next hits over their expected deviations: how well the two are known."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.extend.growing.likeness import on_layers_of
from clew.extend.growing.network import N_CORRECTIONS, LoopNetwork, gru_step, predict_corrections
from clew.extend.growing.steps import Steps, steps_of
from clew.extend.growing.targets import apply_corrections, residual_variances, split, stack
from clew.kernels import kernel, parallel_kernel
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


def pulls_along(tracks: Tracks, motion: Motion, network: LoopNetwork) -> Pulls:
    """Follow true tracks both ways and compare each prediction with the true next hit.

    Raises ConfigError if the network knows another number of layers; see `on_layers_of`.
    """
    network = on_layers_of(None, network, tracks.hits.detector)
    steps = steps_of(tracks, motion)
    corrections = np.zeros((*steps.layer.shape, N_CORRECTIONS), dtype=np.float32)
    if len(network.recur):
        _correct_all(steps, network, corrections)
    there = steps.layer >= 0
    targets = split(stack(steps.targets)[there].astype(np.float64))
    corrected = apply_corrections(targets, corrections[there].astype(np.float64), np)
    s11, s22 = residual_variances(corrected)
    return Pulls(steps.layer[there], corrected.r1 / np.sqrt(s11), corrected.r2 / np.sqrt(s22))


@parallel_kernel
def _correct_all(steps: Steps, network: LoopNetwork, corrections: Float32Array) -> None:
    """Write the corrections of all steps, shape (n, LONGEST, N_CORRECTIONS)."""
    for i in numba.prange(len(corrections)):
        _correct_one(steps, network, i, corrections[i])


@kernel(owns=True)
def _correct_one(steps: Steps, network: LoopNetwork, i: int, corrections: Float32Array) -> None:
    units = len(network.recur)
    hidden = np.zeros(units, dtype=np.float32)
    work = np.empty(6 * units + len(network.dense_bias), dtype=np.float32)
    for step in range(len(corrections)):
        layer = steps.layer[i, step]
        if layer < 0:
            break
        gru_step(network, steps.last_layer[i, step], steps.features[i, step], hidden, work)
        predict_corrections(network, layer, steps.query[i, step], hidden, work, corrections[step])
