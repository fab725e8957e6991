"""Keras layers that networks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from clew.networks.blocks import Shape

__all__ = ["KerasOps", "Written"]


class KerasOps:
    """The operations of `clew.networks.ops` in Keras, on any of its backends."""

    relu = staticmethod(keras.ops.relu)
    tanh = staticmethod(keras.ops.tanh)
    sigmoid = staticmethod(keras.ops.sigmoid)
    softplus = staticmethod(keras.ops.softplus)
    concatenate = staticmethod(keras.ops.concatenate)
    stack = staticmethod(keras.ops.stack)

    @staticmethod
    def take(rows: Any, places: Any) -> Any:
        """Return rows[places]."""
        return keras.ops.take(rows, places, axis=0)

    @staticmethod
    def segment_sum(rows: Any, segments: Any, like: Any) -> Any:
        """Add up the rows of each segment; there are as many segments as rows of `like`."""
        return keras.ops.segment_sum(rows, segments, num_segments=keras.ops.shape(like)[0])


class Written(keras.layers.Layer):
    """A layer whose computation is a function of its arrays, its inputs and the operations to use.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Of the arrays, in order; matrices start as Glorot and Bengio propose, vectors at zero.
    compute : callable
        Takes the arrays, the inputs and KerasOps.
    """

    def __init__(self, shapes: Sequence[Shape], compute: Callable[..., Any]) -> None:
        super().__init__()
        self.compute_output = compute
        self.arrays = [
            self.add_weight(shape=shape, initializer="zeros" if len(shape) == 1 else "glorot_uniform")
            for shape in shapes
        ]

    def call(self, inputs: Any) -> Any:
        """Return what the function makes of the inputs."""
        inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return self.compute_output(self.arrays, *inputs, KerasOps)
