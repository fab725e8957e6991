"""The network of TrackNETv2: one text, run by Keras to train and by numpy to reconstruct.

A convolution over three neighbouring steps and two gated recurrent units follow a candidate hit by hit; a
head that is given a station predicts an ellipse there: centre and radii.  Source: P. Goncharov,
G. Ososkov and D. Baranov, AIP Conf. Proc. 2163 (2019) 040003, as in the system Ariadne (2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.detector import Detector
from clew.extend.growing.network import N_FEATURES, N_QUERY
from clew.extend.growing.trained import MotionRecord
from clew.motion.state import Motion
from clew.networks.blocks import (
    Shape,
    convolution,
    convolution_shapes,
    dense,
    dense_shapes,
    gru,
    gru_shapes,
)
from clew.networks.ops import NumpyOps, Ops
from clew.networks.rows import by_rows
from clew.networks.shipped import TrainedNetwork, load_network
from clew.settings import within

__all__ = [
    "WIDTH",
    "Hidden",
    "TrackNet",
    "TrackNetRecord",
    "TrackNetShape",
    "TrainedWith",
    "array_shapes",
    "build_keras_model",
    "ellipses",
    "hidden_states",
    "layer_kinds",
    "with_kinds",
]

WIDTH: Final = 3
"""Steps that the convolution looks at; before the first one there are zeros."""

LEAST_RADIUS: Final = 0.1
"""Of ellipses, in expected deviations of the helix: one that shrank further could not grow again."""

_N_KINDS: Final = 3
_N_FEATURES: Final = N_FEATURES + _N_KINDS
_N_QUERY: Final = N_QUERY + _N_KINDS
_N_RECURRENT: Final = 10  # arrays of the convolution and the two units, which stand first


@dataclass(frozen=True)
class TrackNetShape:
    """Size of the network.

    Attributes
    ----------
    units : int
        Filters of the convolution, and size of the hidden state of each of the two recurrent units.
    hidden : int
        Units of the dense layer between hidden state and ellipse.
    """

    units: Annotated[int, within(1, 1024)] = 32
    hidden: Annotated[int, within(1, 1024)] = 32


class Hidden(NamedTuple):
    """The hidden states of candidates.

    Attributes
    ----------
    features : ndarray of shape (n, WIDTH, any), float32
        Of the last steps, as the convolution sees them.
    first, second : ndarray of shape (n, units), float32
        States of the two recurrent units.
    """

    features: Float32Array
    first: Float32Array
    second: Float32Array

    def select(self, rows: Any) -> Hidden:
        """Return the states of some candidates."""
        return Hidden(*(part[rows] for part in self))


def layer_kinds(detector: Detector) -> Float32Array:
    """Return, as 1 or 0, which layers are cylinders, of short strips, of long strips; shape (n_layers, 3)."""
    kinds = [detector.barrel, detector.of_kind("short", "strip"), detector.of_kind("long", "strip")]
    return np.stack(kinds, axis=1).astype(np.float32)


def with_kinds(features: Float32Array, layer: Int32Array, kinds: Float32Array) -> Float32Array:
    """Return the features of steps, shape (..., any), with those of the layer that each is on."""
    return np.concatenate([features, kinds[layer]], axis=-1)


def array_shapes(shape: TrackNetShape) -> list[Shape]:
    """Return the shapes of the network's arrays, in order."""
    u = shape.units
    recurrent = [*convolution_shapes(WIDTH, _N_FEATURES, u), *gru_shapes(u, u), *gru_shapes(u, u)]
    head = [*dense_shapes(u + _N_QUERY, shape.hidden), *dense_shapes(shape.hidden, 2) * 2]
    return [*recurrent, *head]


def hidden_states(
    arrays: Sequence[Any], features: Any, ops: Ops, first: Any = None, second: Any = None
) -> tuple[Any, Any]:
    """Return the states of both recurrent units after each step, shape (n, n_steps, units) each.

    Parameters
    ----------
    arrays : sequence of arrays, as `array_shapes`
    features : array of shape (n, WIDTH - 1 + n_steps, any)
        Of each hit, and of the steps before the first one.
    ops : Ops
    first, second : arrays of shape (n, units), optional
        The states before; zeros if not given.
    """
    left = iter(arrays)
    steps = ops.relu(convolution(left, features, WIDTH, ops))
    one = gru(left, steps, ops, first)
    return one, gru(left, one, ops, second)


def ellipses(arrays: Sequence[Any], hidden: Any, query: Any, ops: Ops) -> Any:
    """Return centre and radii of the ellipse on a station, shape (..., 4), in deviations of the helix.

    In the order of `clew.fitting.ellipse.Ellipse`.

    Parameters
    ----------
    arrays : sequence of arrays, as `array_shapes`
    hidden : array of shape (..., units)
        States of the second recurrent unit.
    query : array of shape (..., any)
    ops : Ops
    """
    left = iter(arrays[_N_RECURRENT:])
    both = ops.concatenate([hidden, query], axis=len(hidden.shape) - 1)
    inner = ops.relu(dense(left, both))
    centre, radii = dense(left, inner), ops.softplus(dense(left, inner) + 2.0) + LEAST_RADIUS
    return ops.concatenate([centre, radii], axis=len(hidden.shape) - 1)


def _along_tracks(arrays: Sequence[Any], features: Any, query: Any, ops: Ops) -> Any:
    return ellipses(arrays, hidden_states(arrays, features, ops)[1], query, ops)


def build_keras_model(shape: TrackNetShape, n_steps: int) -> Any:
    """Return the untrained Keras model: features and query of each step in, its ellipse out."""
    import keras

    from clew.networks.layers import Written

    inputs = [keras.Input((WIDTH - 1 + n_steps, _N_FEATURES)), keras.Input((n_steps, _N_QUERY))]
    return keras.Model(inputs, Written(array_shapes(shape), _along_tracks)(inputs))


@dataclass(frozen=True)
class TrainedWith:
    """Of the settings of a training, what studies need to know."""

    alpha: Annotated[float, within(0, 1)]


@dataclass(frozen=True)
class TrackNetRecord:
    """What the record of the network tells."""

    shape: TrackNetShape
    motion: MotionRecord
    config: TrainedWith


@dataclass(frozen=True)
class TrackNet(TrainedNetwork[TrackNetRecord]):
    """A trained network, ready to follow candidates without Keras."""

    @classmethod
    def load(cls, path: Path) -> TrackNet:
        """Read weights; raises InputError for a damaged file or another network's."""
        return cls(*load_network(path, "tracknet", TrackNetRecord, lambda told: array_shapes(told.shape)))

    @cached_property
    def motion(self) -> Motion:
        """How tracks deviate from helices through three hits, as in training."""
        return self.about.motion.motion

    @property
    def alpha(self) -> float:
        """What the distance from the centre counted in the loss."""
        return self.about.config.alpha

    def start(self, n: int) -> Hidden:
        """Return the states of n candidates of which no hit is known yet."""
        units = self.about.shape.units
        nothing = np.zeros((n, units), dtype=np.float32)
        return Hidden(np.zeros((n, WIDTH, _N_FEATURES), dtype=np.float32), nothing, nothing)

    def update(self, hidden: Hidden, features: Float32Array) -> Hidden:
        """Take the next hit of each candidate into its state: its features, shape (n, any)."""
        steps = np.concatenate([hidden.features[:, 1:], features[:, None]], axis=1)
        states = by_rows(self._step, steps, hidden.first, hidden.second)
        return Hidden(steps, states[:, 0], states[:, 1])

    def _step(self, steps: Float32Array, first: Float32Array, second: Float32Array) -> Float32Array:
        after = hidden_states(self.arrays, steps, NumpyOps(), first, second)
        return np.concatenate(after, axis=1)

    def ellipses(self, hidden: Hidden, query: Float32Array) -> Float32Array:
        """Return the ellipses on the stations of the queries, shape (n, 4)."""
        return by_rows(partial(ellipses, self.arrays, ops=NumpyOps()), hidden.second, query)
