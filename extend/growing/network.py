"""The network of a candidate in compiled code: what it remembers of the hits met, and what it expects ahead.

After each hit a gated recurrent unit takes in how far the hit was from where the filter expected it; before
each layer a small dense network tells from that hidden state how to shift the filter's prediction and how
wide it really is.  The same arithmetic as the Keras model of `clew.extend.recurrent.model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array
from clew.detector.surface import Surface
from clew.hits.index import HitPoint
from clew.kernels import kernel
from clew.motion.measurement import Residual, covariance, measure
from clew.motion.state import State
from clew.motion.transport import Path
from clew.networks.gates import sigmoid, tanh

__all__ = [
    "MOST_UNITS",
    "NO_NETWORK",
    "N_CORRECTIONS",
    "N_FEATURES",
    "N_QUERY",
    "LoopNetwork",
    "correct",
    "gru_step",
    "hit_features",
    "loop_shapes",
    "network_of",
    "predict_corrections",
    "query_features",
    "start_features",
    "widened",
]

N_FEATURES: Final = 8
"""Features of a hit met: two pulls, logarithms of two spreads, curvature, slope, arc, direction."""

N_QUERY: Final = 8
"""Features of a crossing ahead: two spreads, curvature, slope, arc, direction, r and z."""

N_CORRECTIONS: Final = 6
"""Shifts across and in z in expected deviations; logarithms of their factors and of those of hits' errors."""

MOST_UNITS: Final = 1024
"""Of the hidden state and of the dense layer: each candidate in the search has its own."""

_FARTHEST_PULL: Final = 6.0


class LoopNetwork(NamedTuple):
    """Weights; the rows of `enter` and `dense` end with one for each layer of the detector.

    Attributes
    ----------
    enter : ndarray of shape (N_FEATURES + n_layers, 3 units), float32
        Gates in Keras's order: update, reset, candidate.
    recur : ndarray of shape (units, 3 units), float32
    bias : ndarray of shape (2, 3 units), float32
    dense : ndarray of shape (units + N_QUERY + n_layers, dense units), float32
    dense_bias : ndarray of shape (dense units,), float32
    out : ndarray of shape (dense units, N_CORRECTIONS), float32
    out_bias : ndarray of shape (N_CORRECTIONS,), float32
    """

    enter: Float32Array
    recur: Float32Array
    bias: Float32Array
    dense: Float32Array
    dense_bias: Float32Array
    out: Float32Array
    out_bias: Float32Array


def loop_shapes(units: int, hidden: int, n_layers: int) -> list[tuple[int, ...]]:
    """Return the shapes of a network's arrays, in the order of the fields."""
    gates = 3 * units
    recurrent = [(N_FEATURES + n_layers, gates), (units, gates), (2, gates)]
    return [
        *recurrent,
        (units + N_QUERY + n_layers, hidden),
        (hidden,),
        (hidden, N_CORRECTIONS),
        (N_CORRECTIONS,),
    ]


def network_of(arrays: Sequence[Float32Array]) -> LoopNetwork:
    """Return the network whose weights are given in the order of Keras's get_weights.

    Its numbers of units and of dense units are multiples of 4.
    """
    return LoopNetwork(*(np.ascontiguousarray(array, dtype=np.float32) for array in arrays))


def widened(network: LoopNetwork, factor: float) -> LoopNetwork:
    """Return a network that expects all deviations larger by a factor."""
    bias = network.out_bias.copy()
    bias[2:] += np.float32(np.log(factor))
    return network._replace(out_bias=bias)


def _empty(*shape: int) -> Float32Array:
    return np.zeros(shape, dtype=np.float32)


NO_NETWORK: Final = LoopNetwork(
    _empty(0, 0), _empty(0, 0), _empty(2, 0), _empty(0, 0), _empty(0), _empty(0, 0), _empty(0)
)
"""A network of no units: the filter goes without one."""


@kernel(force=True)
def hit_features(
    point: HitPoint,
    surface: Surface,
    inward: bool,
    state: State,
    path: Path,
    residual: Residual,
    features: Float32Array,
) -> None:
    """Write the features of a hit before the state learns from it, as if its slopes were positive."""
    measure(point, surface, state, path, residual)
    s11, _, s22 = covariance(state, residual)
    side, end = np.copysign(1.0, state.kappa), np.copysign(1.0, state.slope)
    along = end if surface.barrel else 1.0
    features[0] = side * min(max(residual.r1 / np.sqrt(s11), -_FARTHEST_PULL), _FARTHEST_PULL)
    features[1] = along * min(max(residual.r2 / np.sqrt(s22), -_FARTHEST_PULL), _FARTHEST_PULL)
    features[2], features[3] = _spread(s11, residual.e1), _spread(s22, residual.e2)
    features[4] = 0.5 * np.log(1000.0 * abs(state.kappa))
    features[5] = np.arcsinh(abs(state.slope))
    features[6] = path.arc / 300.0
    features[7] = 1.0 if inward else 0.0


@kernel(force=True)
def _spread(variance: float, error: float) -> float:
    return 0.25 * np.log(variance / (error * error))


@kernel
def start_features(state: State, inward: bool, features: Float32Array) -> None:
    """Write the features of a state that has met no hit yet."""
    features[:] = 0.0
    features[4] = 0.5 * np.log(1000.0 * abs(state.kappa))
    features[5] = np.arcsinh(abs(state.slope))
    features[7] = 1.0 if inward else 0.0


@kernel(force=True)
def query_features(inward: bool, state: State, path: Path, query: Float32Array) -> None:
    """Write what the corrections on a layer depend on, given the predicted state there."""
    query[0], query[1] = 0.25 * np.log(state.aa * 1e4), 0.25 * np.log(state.zz * 1e4)
    query[2] = 0.5 * np.log(1000.0 * abs(state.kappa))
    query[3] = np.arcsinh(abs(state.slope))
    query[4] = path.arc / 300.0
    query[5] = 1.0 if inward else 0.0
    query[6] = np.sqrt(state.x**2 + state.y**2) / 500.0
    query[7] = np.copysign(1.0, state.slope) * state.z / 1500.0


@kernel(inline=True)
def _add_product(vector: Float32Array, matrix: Float32Array, first: int, total: Float32Array) -> None:
    """Add the product of a vector and so many rows of a matrix, from the first on; four rows at a time."""
    width = len(total)
    for row in range(0, len(vector), 4):
        a, b, c, d = vector[row], vector[row + 1], vector[row + 2], vector[row + 3]
        top = first + row
        for k in range(width):
            total[k] += (a * matrix[top, k] + b * matrix[top + 1, k]) + (
                c * matrix[top + 2, k] + d * matrix[top + 3, k]
            )


@kernel
def gru_step(
    network: LoopNetwork, layer: int, features: Float32Array, hidden: Float32Array, work: Float32Array
) -> None:
    """Take a hit into the hidden state, shape (units,), by a gated recurrent unit; `work` holds 6 units."""
    units = len(hidden)
    entered, recalled = work[: 3 * units], work[3 * units : 6 * units]
    for k in range(3 * units):
        entered[k] = network.bias[0, k] + network.enter[N_FEATURES + layer, k]
        recalled[k] = network.bias[1, k]
    _add_product(features, network.enter, 0, entered)
    _add_product(hidden, network.recur, 0, recalled)
    for k in range(units):
        keep = sigmoid(entered[k] + recalled[k])
        reset = sigmoid(entered[units + k] + recalled[units + k])
        new = tanh(entered[2 * units + k] + reset * recalled[2 * units + k])
        hidden[k] = keep * hidden[k] + (np.float32(1.0) - keep) * new


@kernel
def predict_corrections(
    network: LoopNetwork,
    layer: int,
    query: Float32Array,
    hidden: Float32Array,
    work: Float32Array,
    corrections: Float32Array,
) -> None:
    """Write the corrections, shape (N_CORRECTIONS,), of a crossing on a layer."""
    units, width = len(hidden), len(network.dense_bias)
    dense = work[:width]
    for k in range(width):
        dense[k] = network.dense_bias[k] + network.dense[units + N_QUERY + layer, k]
    _add_product(hidden, network.dense, 0, dense)
    _add_product(query, network.dense, units, dense)
    for k in range(width):
        dense[k] = max(dense[k], np.float32(0.0))
    for k in range(N_CORRECTIONS):
        corrections[k] = network.out_bias[k]
    _add_product(dense, network.out, 0, corrections)


@kernel(force=True)
def correct(state: State, path: Path, corrections: Float32Array, target: State) -> None:
    """Write a predicted state as the network sees it, and into `path` by how much hits' errors are wider."""
    across = corrections[0] * np.sqrt(state.aa) * np.copysign(1.0, state.kappa)
    wider, longer = np.exp(corrections[2]), np.exp(corrections[3])
    target.x = state.x - across * path.sin
    target.y = state.y + across * path.cos
    target.z = state.z + corrections[1] * np.sqrt(state.zz) * np.copysign(1.0, state.slope)
    target.psi, target.kappa, target.slope = state.psi, state.kappa, state.slope
    target.aa, target.ap, target.ak = state.aa * (wider * wider), state.ap * wider, state.ak
    target.az, target.as_ = state.az * (wider * longer), state.as_ * wider
    target.pp, target.pk, target.pz, target.ps = state.pp, state.pk, state.pz * longer, state.ps
    target.kk, target.kz, target.ks = state.kk, state.kz, state.ks
    target.zz, target.zs, target.ss = state.zz * (longer * longer), state.zs * longer, state.ss
    path.across_factor, path.along_factor = np.exp(corrections[4]), np.exp(corrections[5])
