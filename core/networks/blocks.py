"""Blocks of networks that are written once for Keras and for numpy; see `clew.networks.ops`.

Each block is a pair of functions: the shapes of its arrays, and its computation, which draws those arrays
from an iterator in the same order.  A network's text is a list of blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from clew.networks.ops import Ops

__all__ = [
    "Arrays",
    "Shape",
    "convolution",
    "convolution_shapes",
    "dense",
    "dense_shapes",
    "gru",
    "gru_shapes",
    "lstm",
    "lstm_shapes",
    "perceptron",
    "perceptron_shapes",
    "simple_rnn",
    "simple_rnn_shapes",
]

Shape: TypeAlias = tuple[int, ...]

Arrays: TypeAlias = Iterator[Any]
"""The network's arrays, from the block's first on."""


def dense_shapes(n_inputs: int, units: int) -> list[Shape]:
    """Return the shapes of a dense layer: matrix and bias."""
    return [(n_inputs, units), (units,)]


def dense(arrays: Arrays, x: Any) -> Any:
    """Return x W + b for x of shape (..., n_inputs)."""
    return x @ next(arrays) + next(arrays)


def perceptron_shapes(widths: Sequence[int]) -> list[Shape]:
    """Return the shapes of dense layers from each width to the next."""
    return [shape for pair in pairwise(widths) for shape in dense_shapes(*pair)]


def perceptron(arrays: Arrays, x: Any, layers: int, activation: Any) -> Any:
    """Return what `layers` dense layers make of x, with the activation after all but the last."""
    for _ in range(layers - 1):
        x = activation(dense(arrays, x))
    return dense(arrays, x)


def convolution_shapes(width: int, n_inputs: int, filters: int) -> list[Shape]:
    """Return the shapes of a convolution over `width` neighbouring steps: matrix and bias."""
    return dense_shapes(width * n_inputs, filters)


def convolution(arrays: Arrays, steps: Any, width: int, ops: Ops) -> Any:
    """Return the convolution of steps (n, n_steps, n_inputs), shape (n, n_steps - width + 1, filters)."""
    n = steps.shape[1] - width + 1
    return dense(arrays, ops.concatenate([steps[:, k : k + n] for k in range(width)], axis=2))


def simple_rnn_shapes(n_inputs: int, units: int) -> list[Shape]:
    """Return the shapes of a simple recurrent layer."""
    return [(n_inputs, units), (units, units), (units,)]


def simple_rnn(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    """Return the states after each step of (n, n_steps, n_inputs), shape (n, n_steps, units)."""
    enter, recur, bias = (next(arrays) for _ in range(3))
    inputs = steps @ enter + bias
    states = [ops.tanh(inputs[:, 0])]
    for t in range(1, steps.shape[1]):
        states.append(ops.tanh(inputs[:, t] + states[-1] @ recur))
    return ops.stack(states, axis=1)


def lstm_shapes(n_inputs: int, units: int) -> list[Shape]:
    """Return the shapes of a long short-term memory; gates in Keras's order: input, forget, new, output."""
    return [(n_inputs, 4 * units), (units, 4 * units), (4 * units,)]


def lstm(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    """Return the states after each step of (n, n_steps, n_inputs), shape (n, n_steps, units).

    The cell of Hochreiter and Schmidhuber (1997) with a forget gate, which starts half open more than shut.
    """
    enter, recur, bias = (next(arrays) for _ in range(3))
    units = recur.shape[0]
    inputs = steps @ enter + bias
    states: list[Any] = []
    cell: Any = 0.0
    for t in range(steps.shape[1]):
        gates = inputs[:, t] + states[-1] @ recur if states else inputs[:, t]
        enters, keeps, new, leaves = (gates[:, k * units : (k + 1) * units] for k in range(4))
        cell = ops.sigmoid(keeps + 1.0) * cell + ops.sigmoid(enters) * ops.tanh(new)
        states.append(ops.sigmoid(leaves) * ops.tanh(cell))
    return ops.stack(states, axis=1)


def gru_shapes(n_inputs: int, units: int) -> list[Shape]:
    """Return the shapes of a gated recurrent unit; gates in Keras's order: update, reset, new."""
    return [(n_inputs, 3 * units), (units, 3 * units), (3 * units,), (3 * units,)]


def gru(arrays: Arrays, steps: Any, ops: Ops, state: Any = None) -> Any:
    """Return the states after each step of (n, n_steps, n_inputs), shape (n, n_steps, units).

    The unit of Cho et al. (2014), the reset gate after the product.  `state` is the one before the first
    step, shape (n, units); zeros if not given.
    """
    enter, recur, bias, recur_bias = (next(arrays) for _ in range(4))
    units = recur.shape[0]
    inputs = steps @ enter + bias
    if state is None:
        state = inputs[:, 0, :units] * 0.0
    states = []
    for t in range(steps.shape[1]):
        said, known = inputs[:, t], state @ recur + recur_bias
        keep = ops.sigmoid(said[:, :units] + known[:, :units])
        reset = ops.sigmoid(said[:, units : 2 * units] + known[:, units : 2 * units])
        new = ops.tanh(said[:, 2 * units :] + reset * known[:, 2 * units :])
        state = keep * state + (1.0 - keep) * new
        states.append(state)
    return ops.stack(states, axis=1)
