"""The network of TrackNETv2: one text, run by Keras to train and by numpy to reconstruct.

A convolution over three neighbouring steps and two gated recurrent units follow a candidate hit by hit; a
head that is told of a station answers with an ellipse there: centre and radii.  Source: P. Goncharov,
G. Ososkov and D. Baranov, AIP Conf. Proc. 2163 (2019) 040003, as in the system Ariadne (2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.detector import LAYERS
from clew.errors import ConfigError
from clew.extend.growing.memory import N_ASKED, N_MET
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

__all__ = [
    "WIDTH",
    "Known",
    "TrackNet",
    "TrackNetShape",
    "array_shapes",
    "at_station",
    "build_keras_model",
    "ellipses",
    "remember",
]

WIDTH: Final = 3
"""Steps that the convolution looks at; before the first one there are zeros."""

LEAST_RADIUS: Final = 0.1
"""Of ellipses, in expected deviations of the helix: one that shrank further could not grow again."""

_KINDS: Final = np.array(
    [(one.barrel, one.volume in (12, 13, 14), one.volume in (16, 17, 18)) for one in LAYERS], dtype=np.float32
)
"""Of each layer: whether it is a barrel, of short strips, of long strips."""

_N_TOLD: Final = N_MET + _KINDS.shape[1]
_N_ASKED: Final = N_ASKED + _KINDS.shape[1]
_N_RECURRENT: Final = 10  # arrays of the convolution and the two units, which stand first


@dataclass(frozen=True)
class TrackNetShape:
    """Size of the network.

    Attributes
    ----------
    units : int
        Filters of the convolution, and numbers that each of the two recurrent units remembers.
    hidden : int
        Units of the layer between memory and ellipse.
    """

    units: int = 32
    hidden: int = 32

    def __post_init__(self) -> None:
        if self.units < 1 or self.hidden < 1:
            raise ConfigError(
                f"tracknet of {self.units} units and {self.hidden} hidden ones: both must be at least 1"
            )


class Known(NamedTuple):
    """What the network remembers of candidates.

    Attributes
    ----------
    told : ndarray of shape (n, WIDTH, any), float32
        The last steps, as the convolution sees them.
    first, second : ndarray of shape (n, units), float32
        States of the two recurrent units.
    """

    told: Float32Array
    first: Float32Array
    second: Float32Array

    def select(self, rows: Any) -> Known:
        """Return what is known of some candidates."""
        return Known(*(part[rows] for part in self))


def at_station(numbers: Float32Array, layer: Int32Array) -> Float32Array:
    """Return the numbers of steps, shape (..., any), with those that tell what kind of layer each is on."""
    return np.concatenate([numbers, _KINDS[layer]], axis=-1)


def array_shapes(shape: TrackNetShape) -> list[Shape]:
    """Return the shapes of the network's arrays, in order."""
    u = shape.units
    recurrent = [*convolution_shapes(WIDTH, _N_TOLD, u), *gru_shapes(u, u), *gru_shapes(u, u)]
    head = [*dense_shapes(u + _N_ASKED, shape.hidden), *dense_shapes(shape.hidden, 2) * 2]
    return [*recurrent, *head]


def remember(
    arrays: Sequence[Any], told: Any, ops: Ops, first: Any = None, second: Any = None
) -> tuple[Any, Any]:
    """Return the states of both recurrent units after each step, shape (n, n_steps, units) each.

    Parameters
    ----------
    arrays : sequence of arrays, as `array_shapes`
    told : array of shape (n, WIDTH - 1 + n_steps, any)
        What each hit told, and the steps before the first one.
    ops : Ops
    first, second : arrays of shape (n, units), optional
        The states before; zeros if not given.
    """
    left = iter(arrays)
    steps = ops.relu(convolution(left, told, WIDTH, ops))
    one = gru(left, steps, ops, first)
    return one, gru(left, one, ops, second)


def ellipses(arrays: Sequence[Any], known: Any, asked: Any, ops: Ops) -> Any:
    """Return centre and radii of the ellipse on a station, shape (..., 4), in deviations of the helix.

    Parameters
    ----------
    arrays : sequence of arrays, as `array_shapes`
    known : array of shape (..., units)
        States of the second recurrent unit.
    asked : array of shape (..., any)
    ops : Ops
    """
    left = iter(arrays[_N_RECURRENT:])
    both = ops.concatenate([known, asked], axis=len(known.shape) - 1)
    hidden = ops.relu(dense(left, both))
    centre, radii = dense(left, hidden), ops.softplus(dense(left, hidden) + 2.0) + LEAST_RADIUS
    return ops.concatenate([centre, radii], axis=len(known.shape) - 1)


def _along_tracks(arrays: Sequence[Any], told: Any, asked: Any, ops: Ops) -> Any:
    return ellipses(arrays, remember(arrays, told, ops)[1], asked, ops)


def build_keras_model(shape: TrackNetShape, n_steps: int) -> Any:
    """Return the untrained Keras model: what was told and asked in, an ellipse for each step out."""
    import keras

    from clew.networks.layers import Written

    inputs = [keras.Input((WIDTH - 1 + n_steps, _N_TOLD)), keras.Input((n_steps, _N_ASKED))]
    return keras.Model(inputs, Written(array_shapes(shape), _along_tracks)(inputs))


@dataclass(frozen=True)
class TrackNet(TrainedNetwork):
    """A trained network, ready to follow candidates without Keras."""

    @classmethod
    def load(cls, path: Path) -> TrackNet:
        """Read weights; raises InputError for a damaged file or another network's."""
        return cls(*load_network(path, "tracknet", lambda shape: array_shapes(TrackNetShape(**shape))))

    @cached_property
    def motion(self) -> Motion:
        """How tracks deviate from helices through three hits, as in training."""
        return Motion(**self.record["motion"])

    @property
    def alpha(self) -> float:
        """What the distance from the centre counted in the loss."""
        return float(self.record["config"]["alpha"])

    def begin(self, n: int) -> Known:
        """Return what is known of n candidates that have told nothing yet."""
        units = self.record["shape"]["units"]
        nothing = np.zeros((n, units), dtype=np.float32)
        return Known(np.zeros((n, WIDTH, _N_TOLD), dtype=np.float32), nothing, nothing)

    def meet(self, known: Known, told: Float32Array) -> Known:
        """Let the network know what the next hit of each candidate tells, shape (n, any)."""
        steps = np.concatenate([known.told[:, 1:], told[:, None]], axis=1)
        states = by_rows(self._remember, steps, known.first, known.second)
        return Known(steps, states[:, 0], states[:, 1])

    def _remember(self, steps: Float32Array, first: Float32Array, second: Float32Array) -> Float32Array:
        after = remember(self.arrays, steps, NumpyOps(), first, second)
        return np.concatenate(after, axis=1)

    def ellipses(self, known: Known, asked: Float32Array) -> Float32Array:
        """Return the ellipses on the stations asked about, shape (n, 4)."""
        return by_rows(partial(ellipses, self.arrays, ops=NumpyOps()), known.second, asked)
