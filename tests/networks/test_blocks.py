"""Blocks: the same numbers from Keras and from numpy, and those of Keras's own layers."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from clew.networks import blocks
from clew.networks.ops import NumpyOps

keras = pytest.importorskip("keras")

N, STEPS, INPUTS, UNITS = 7, 5, 3, 4


def arrays_of(shapes: list[blocks.Shape], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.7, shape).astype(np.float32) for shape in shapes]


@pytest.fixture(scope="module")
def steps() -> np.ndarray:
    return np.random.default_rng(8).normal(size=(N, STEPS, INPUTS)).astype(np.float32)


def with_zero_bias(arrays: list[np.ndarray], forget: float = 0.0) -> list[np.ndarray]:
    """Return LSTM arrays as Keras has them: its forget gate has no bias of its own."""
    bias = arrays[2].copy()
    bias[UNITS : 2 * UNITS] += forget
    return [*arrays[:2], bias]


CELLS = {
    "simple_rnn": (
        blocks.simple_rnn_shapes,
        blocks.simple_rnn,
        lambda: keras.layers.SimpleRNN(UNITS, return_sequences=True),
        lambda arrays: arrays,
    ),
    "lstm": (
        blocks.lstm_shapes,
        blocks.lstm,
        lambda: keras.layers.LSTM(UNITS, return_sequences=True),
        partial(with_zero_bias, forget=1.0),
    ),
    "gru": (
        blocks.gru_shapes,
        blocks.gru,
        lambda: keras.layers.GRU(UNITS, return_sequences=True),
        lambda arrays: [*arrays[:2], np.stack(arrays[2:])],
    ),
}


@pytest.mark.parametrize("name", sorted(CELLS))
def test_recurrent_cells_are_those_of_keras(name: str, steps: np.ndarray) -> None:
    shapes, cell, layer_of, as_keras = CELLS[name]
    arrays = arrays_of(shapes(INPUTS, UNITS))
    layer = layer_of()
    layer.build(steps.shape)
    layer.set_weights(as_keras(arrays))
    own = cell(iter(arrays), steps, NumpyOps())
    np.testing.assert_allclose(own, np.asarray(layer(steps)), atol=2e-6)


def test_a_convolution_is_that_of_keras(steps: np.ndarray) -> None:
    arrays = arrays_of(blocks.convolution_shapes(2, INPUTS, UNITS))
    layer = keras.layers.Conv1D(UNITS, 2)
    layer.build(steps.shape)
    layer.set_weights([arrays[0].reshape(2, INPUTS, UNITS), arrays[1]])
    own = blocks.convolution(iter(arrays), steps, 2, NumpyOps())
    np.testing.assert_allclose(own, np.asarray(layer(steps)), atol=2e-6)


def test_a_perceptron_by_hand() -> None:
    """|x| from two rectified units: relu(x) + relu(-x)."""
    arrays = [np.array([[1.0, -1.0]]), np.zeros(2), np.array([[1.0], [1.0]]), np.zeros(1)]
    assert [a.shape for a in arrays] == blocks.perceptron_shapes([1, 2, 1])
    x = np.array([[-2.0], [0.5]])
    assert blocks.perceptron(iter(arrays), x, 2, NumpyOps.relu).tolist() == [[2.0], [0.5]]


def network(arrays: list[np.ndarray], steps: np.ndarray, ops: NumpyOps) -> np.ndarray:
    left = iter(arrays)
    seen = ops.relu(blocks.convolution(left, steps, 3, ops))
    known = blocks.gru(left, blocks.lstm(left, seen, ops), ops)
    return ops.softplus(blocks.dense(left, known))


def test_a_written_network_is_the_same_in_keras_and_in_numpy(steps: np.ndarray) -> None:
    from clew.networks.layers import Written

    shapes = [
        *blocks.convolution_shapes(3, INPUTS, 6),
        *blocks.lstm_shapes(6, UNITS),
        *blocks.gru_shapes(UNITS, 2),
        *blocks.dense_shapes(2, 1),
    ]
    inputs = keras.Input((STEPS, INPUTS))
    model = keras.Model(inputs, Written(shapes, network)(inputs))
    arrays = arrays_of(shapes, 3)
    model.set_weights(arrays)
    own = network(arrays, steps, NumpyOps())
    assert own.shape == (N, STEPS - 2, 1)
    np.testing.assert_allclose(own, np.asarray(model(steps)), atol=2e-6)


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "softplus"])
def test_operations_agree_far_out_too(name: str) -> None:
    from clew.networks.layers import KerasOps

    x = np.array([-200.0, -5.0, 0.0, 1e-3, 5.0, 200.0], dtype=np.float32)
    operation: Callable[[np.ndarray], np.ndarray] = getattr(NumpyOps, name)
    np.testing.assert_allclose(operation(x), np.asarray(getattr(KerasOps, name)(x)), rtol=1e-6, atol=1e-7)


def test_segments_are_summed_in_both() -> None:
    from clew.networks.layers import KerasOps

    rows = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=np.float32)
    segments, like = np.array([2, 0, 2], dtype=np.int32), np.zeros((3, 1), dtype=np.float32)
    expected = [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]]
    assert NumpyOps.segment_sum(rows, segments, like).tolist() == expected
    assert np.asarray(KerasOps.segment_sum(rows, segments, like)).tolist() == expected
