"""The networks of SPRACE: one text each, run by Keras to train and by numpy to reconstruct.

Each reads four steps, one per hit, and predicts three coordinates, the Gaussian ones also how far off they
may be.  "Parallel" ones have a branch for each coordinate, which does not see the other two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple

from clew.extend.stepwise.windows import WINDOW
from clew.networks.blocks import (
    Arrays,
    Shape,
    convolution,
    convolution_shapes,
    dense,
    dense_shapes,
    lstm,
    lstm_shapes,
    perceptron,
    perceptron_shapes,
    simple_rnn,
    simple_rnn_shapes,
)
from clew.networks.ops import Ops
from clew.settings import within

__all__ = ["NETWORKS", "NetworkName", "NetworkShape", "array_shapes", "build_keras_model", "outputs"]

NetworkName = Literal[
    "mlp",
    "cnn",
    "cnn-parallel",
    "rnn",
    "lstm",
    "lstm-parallel",
    "lstm-gaussian",
    "mlp-gaussian",
]

_COORDINATES: Final = 3
_HIDDEN: Final = 18  # units between hidden state and outputs, as SPRACE's LSTM has
_JOINT: Final = 30  # units that join parallel branches


@dataclass(frozen=True)
class NetworkShape:
    """The size of a network.

    Attributes
    ----------
    network : str
        One of `NETWORKS`.
    n_inputs : int
        Features of each hit: three coordinates, then those that all branches see.
    units : int
        Of each hidden layer, recurrent unit or convolution.
    """

    network: NetworkName
    n_inputs: Annotated[int, within(3, 1000)]
    units: Annotated[int, within(1, 1024)] = 32

    @property
    def gaussian(self) -> bool:
        """Whether it predicts deviations too."""
        return self.network.endswith("gaussian")

    @property
    def n_outputs(self) -> int:
        """Its outputs: three means and, if Gaussian, the logarithms of three deviations."""
        return _COORDINATES * (1 + self.gaussian)


class _Text(NamedTuple):
    """Shapes of a network's arrays, and what it makes of steps before its last layer."""

    shapes: Callable[[int, int], list[Shape]]
    compute: Callable[[Arrays, Any, Ops], Any]
    width: Callable[[int], int]
    """Numbers that come out, given the units."""
    parallel: bool = False


def _flat(steps: Any, ops: Ops) -> Any:
    return ops.concatenate([steps[:, k] for k in range(steps.shape[1])], axis=1)


def _mlp_shapes(n_inputs: int, units: int) -> list[Shape]:
    return perceptron_shapes([WINDOW * n_inputs, units, units])


def _mlp(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    return ops.tanh(perceptron(arrays, _flat(steps, ops), 2, ops.tanh))


def _cnn_shapes(n_inputs: int, units: int) -> list[Shape]:
    return [*convolution_shapes(2, n_inputs, units), *convolution_shapes(2, units, units)]


def _cnn(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    for _ in range(2):
        steps = ops.relu(convolution(arrays, steps, 2, ops))
    return _flat(steps, ops)


def _rnn(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    return simple_rnn(arrays, steps, ops)[:, -1]


def _lstm(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    return lstm(arrays, steps, ops)[:, -1]


def _two_lstm_shapes(n_inputs: int, units: int) -> list[Shape]:
    return [*lstm_shapes(n_inputs, units), *lstm_shapes(units, units), *dense_shapes(units, _HIDDEN)]


def _two_lstm(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    states = lstm(arrays, lstm(arrays, steps, ops), ops)
    return ops.tanh(dense(arrays, states[:, -1]))


def _lstm_dense_shapes(n_inputs: int, units: int) -> list[Shape]:
    return [*lstm_shapes(n_inputs, units), *dense_shapes(units, units)]


def _lstm_dense(arrays: Arrays, steps: Any, ops: Ops) -> Any:
    return ops.tanh(dense(arrays, lstm(arrays, steps, ops)[:, -1]))


def _same(units: int) -> int:
    return units


_MLP: Final = _Text(_mlp_shapes, _mlp, _same)

NETWORKS: Final[dict[NetworkName, _Text]] = {
    "mlp": _MLP,
    "cnn": _Text(_cnn_shapes, _cnn, lambda units: (WINDOW - 2) * units),
    "cnn-parallel": _Text(_cnn_shapes, _cnn, lambda units: (WINDOW - 2) * units, parallel=True),
    "rnn": _Text(simple_rnn_shapes, _rnn, _same),
    "lstm": _Text(_two_lstm_shapes, _two_lstm, lambda _: _HIDDEN),
    "lstm-parallel": _Text(lstm_shapes, _lstm, _same, parallel=True),
    "lstm-gaussian": _Text(_lstm_dense_shapes, _lstm_dense, _same),
    "mlp-gaussian": _MLP,
}
"""All networks by name."""


def array_shapes(shape: NetworkShape) -> list[Shape]:
    """Return the shapes of a network's arrays, in order."""
    text, width = NETWORKS[shape.network], NETWORKS[shape.network].width(shape.units)
    if not text.parallel:
        return [*text.shapes(shape.n_inputs, shape.units), *dense_shapes(width, shape.n_outputs)]
    branch = text.shapes(shape.n_inputs - _COORDINATES + 1, shape.units)
    joint = perceptron_shapes([_COORDINATES * width, _JOINT, shape.n_outputs])
    return [*_COORDINATES * branch, *joint]


def outputs(shape: NetworkShape, arrays: Sequence[Any], steps: Any, ops: Ops) -> Any:
    """Return a network's outputs, shape (n, n_outputs): means, then logarithms of deviations.

    Parameters
    ----------
    shape : NetworkShape
    arrays : sequence of arrays, as `array_shapes`
    steps : array of shape (n, WINDOW, n_inputs)
        The three coordinates first.
    ops : Ops
    """
    left, text = iter(arrays), NETWORKS[shape.network]
    if not text.parallel:
        return dense(left, text.compute(left, steps, ops))
    branches = [
        text.compute(left, ops.concatenate([steps[:, :, k : k + 1], steps[:, :, _COORDINATES:]], axis=2), ops)
        for k in range(_COORDINATES)
    ]
    return perceptron(left, ops.concatenate(branches, axis=1), 2, ops.tanh)


def build_keras_model(shape: NetworkShape) -> Any:
    """Return the untrained Keras model of steps to outputs."""
    from functools import partial

    import keras

    from clew.networks.layers import Written

    steps = keras.Input((WINDOW, shape.n_inputs))
    return keras.Model(steps, Written(array_shapes(shape), partial(outputs, shape))(steps))
