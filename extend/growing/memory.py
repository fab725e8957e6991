"""The network of a candidate in compiled code: what it remembers of the hits met, and what it expects ahead.

After each hit a gated recurrent unit takes in how far the hit was from where the filter expected it; before
each layer a small dense network tells from that memory how to shift the filter's prediction and how wide it
really is.  The same arithmetic as the Keras model of `clew.extend.recurrent.model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Float64Array
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL
from clew.motion.measurement import E1, E2, R1, R2, measure, spreads
from clew.motion.state import AA, AP, AS, AZ, KAPPA, PZ, SLOPE, ZS, ZZ, X, Y, Z
from clew.motion.transport import ARC, COS, FINE, SIN
from clew.networks.gates import sigmoid, tanh

__all__ = [
    "NO_MEMORY",
    "N_ANSWERS",
    "N_ASKED",
    "N_MET",
    "Memory",
    "ask",
    "begin_course",
    "corrected",
    "expect",
    "meet",
    "memory_of",
    "remember",
    "wider",
]

N_MET: Final = 8
"""Numbers that tell of a hit met: two pulls, logarithms of two spreads, curvature, slope, way, direction."""

N_ASKED: Final = 8
"""Numbers that ask for the next crossing: two spreads, curvature, slope, way, direction, and the place."""

N_ANSWERS: Final = 6
"""Shifts across and in z in expected deviations; logarithms of their factors and of those of hits' errors."""

_FARTHEST_PULL: Final = 6.0


class Memory(NamedTuple):
    """Weights of the network; the rows of `enter` and `hidden` end with one for each layer of the detector.

    Attributes
    ----------
    enter : ndarray of shape (N_MET + N_LAYERS, 3 units), float32
        Gates in Keras's order: update, reset, candidate.
    recur : ndarray of shape (units, 3 units), float32
    bias : ndarray of shape (2, 3 units), float32
    hidden : ndarray of shape (units + N_ASKED + N_LAYERS, hidden units), float32
    hidden_bias : ndarray of shape (hidden units,), float32
    out : ndarray of shape (hidden units, N_ANSWERS), float32
    out_bias : ndarray of shape (N_ANSWERS,), float32
    """

    enter: Float32Array
    recur: Float32Array
    bias: Float32Array
    hidden: Float32Array
    hidden_bias: Float32Array
    out: Float32Array
    out_bias: Float32Array


def memory_of(arrays: Sequence[Float32Array]) -> Memory:
    """Return the memory whose weights are given in the order of Keras's get_weights.

    Its numbers of units and of hidden units are multiples of 4.
    """
    return Memory(*(np.ascontiguousarray(array, dtype=np.float32) for array in arrays))


def wider(memory: Memory, factor: float) -> Memory:
    """Return a memory that expects all deviations larger by a factor."""
    bias = memory.out_bias.copy()
    bias[2:] += np.float32(np.log(factor))
    return memory._replace(out_bias=bias)


def _empty(*shape: int) -> Float32Array:
    return np.zeros(shape, dtype=np.float32)


NO_MEMORY: Final = Memory(
    _empty(0, 0), _empty(0, 0), _empty(2, 0), _empty(0, 0), _empty(0), _empty(0, 0), _empty(0)
)
"""A memory of no units: the filter goes without a network."""


@kernel
def meet(
    points: Float64Array,
    hit: int,
    layer: int,
    inward: bool,
    state: Float64Array,
    way: Float64Array,
    residual: Float64Array,
    told: Float32Array,
) -> None:
    """Write what a hit tells before the state learns from it, as if curvature and slope were positive."""
    measure(points, hit, layer, state, way, residual)
    s11, _, s22 = spreads(state, residual)
    side, end = np.copysign(1.0, state[KAPPA]), np.copysign(1.0, state[SLOPE])
    along = end if IS_BARREL[layer] else 1.0
    told[0] = side * min(max(residual[R1] / np.sqrt(s11), -_FARTHEST_PULL), _FARTHEST_PULL)
    told[1] = along * min(max(residual[R2] / np.sqrt(s22), -_FARTHEST_PULL), _FARTHEST_PULL)
    told[2], told[3] = _spread(s11, residual[E1]), _spread(s22, residual[E2])
    told[4] = 0.5 * np.log(1000.0 * abs(state[KAPPA]))
    told[5] = np.arcsinh(abs(state[SLOPE]))
    told[6] = way[ARC] / 300.0
    told[7] = 1.0 if inward else 0.0


@kernel
def _spread(variance: float, error: float) -> float:
    return 0.25 * np.log(variance / (error * error))


@kernel
def begin_course(state: Float64Array, inward: bool, told: Float32Array) -> None:
    """Write what the course of a state tells that has met no hit yet."""
    told[:] = 0.0
    told[4] = 0.5 * np.log(1000.0 * abs(state[KAPPA]))
    told[5] = np.arcsinh(abs(state[SLOPE]))
    told[7] = 1.0 if inward else 0.0


@kernel
def ask(layer: int, inward: bool, state: Float64Array, way: Float64Array, asked: Float32Array) -> None:
    """Write what the expectation on a layer depends on, given the predicted state there."""
    asked[0], asked[1] = 0.25 * np.log(state[AA] * 1e4), 0.25 * np.log(state[ZZ] * 1e4)
    asked[2] = 0.5 * np.log(1000.0 * abs(state[KAPPA]))
    asked[3] = np.arcsinh(abs(state[SLOPE]))
    asked[4] = way[ARC] / 300.0
    asked[5] = 1.0 if inward else 0.0
    asked[6] = np.sqrt(state[X] ** 2 + state[Y] ** 2) / 500.0
    asked[7] = np.copysign(1.0, state[SLOPE]) * state[Z] / 1500.0


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
def remember(memory: Memory, layer: int, told: Float32Array, known: Float32Array, work: Float32Array) -> None:
    """Take a hit into what is known, shape (units,), by a gated recurrent unit; `work` holds 6 units."""
    units = len(known)
    heard, recalled = work[: 3 * units], work[3 * units : 6 * units]
    for k in range(3 * units):
        heard[k] = memory.bias[0, k] + memory.enter[N_MET + layer, k]
        recalled[k] = memory.bias[1, k]
    _add_product(told, memory.enter, 0, heard)
    _add_product(known, memory.recur, 0, recalled)
    for k in range(units):
        keep = sigmoid(heard[k] + recalled[k])
        reset = sigmoid(heard[units + k] + recalled[units + k])
        new = tanh(heard[2 * units + k] + reset * recalled[2 * units + k])
        known[k] = keep * known[k] + (np.float32(1.0) - keep) * new


@kernel
def expect(
    memory: Memory,
    layer: int,
    asked: Float32Array,
    known: Float32Array,
    work: Float32Array,
    answers: Float32Array,
) -> None:
    """Write the answers, shape (N_ANSWERS,), to what is asked about a layer."""
    units, width = len(known), len(memory.hidden_bias)
    hidden = work[:width]
    for k in range(width):
        hidden[k] = memory.hidden_bias[k] + memory.hidden[units + N_ASKED + layer, k]
    _add_product(known, memory.hidden, 0, hidden)
    _add_product(asked, memory.hidden, units, hidden)
    for k in range(width):
        hidden[k] = max(hidden[k], np.float32(0.0))
    answers[:] = memory.out_bias
    _add_product(hidden, memory.out, 0, answers)


@kernel
def corrected(state: Float64Array, way: Float64Array, answers: Float32Array, target: Float64Array) -> None:
    """Write a predicted state as the network sees it, and into `way` how wide the hits' errors really are."""
    across = answers[0] * np.sqrt(state[AA]) * np.copysign(1.0, state[KAPPA])
    wider, longer = np.exp(answers[2]), np.exp(answers[3])
    target[:] = state
    target[X] -= across * way[SIN]
    target[Y] += across * way[COS]
    target[Z] += answers[1] * np.sqrt(state[ZZ]) * np.copysign(1.0, state[SLOPE])
    target[AA] *= wider * wider
    target[AP] *= wider
    target[AZ] *= wider * longer
    target[AS] *= wider
    target[PZ] *= longer
    target[ZZ] *= longer * longer
    target[ZS] *= longer
    way[FINE], way[FINE + 1] = np.exp(answers[4]), np.exp(answers[5])
