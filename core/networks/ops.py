"""What a network that is written once may compute: Keras runs it to train, numpy to reconstruct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.kernels import kernel

__all__ = ["NumpyOps", "Ops"]


class Ops(Protocol):
    """Operations by one name on Keras's tensors and on numpy's arrays."""

    def relu(self, values: Any) -> Any:
        """Return the values, 0 for negative ones."""
        ...

    def tanh(self, values: Any) -> Any:
        """Return the hyperbolic tangents."""
        ...

    def sigmoid(self, values: Any) -> Any:
        """Return 1 / (1 + exp(-values))."""
        ...

    def softplus(self, values: Any) -> Any:
        """Return log(1 + exp(values))."""
        ...

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        """Return the parts side by side."""
        ...

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Return the parts along a new axis."""
        ...

    def take(self, rows: Any, places: Any) -> Any:
        """Return rows[places]."""
        ...

    def segment_sum(self, rows: Any, segments: Any, like: Any) -> Any:
        """Add up the rows of each segment; there are as many segments as rows of `like`."""
        ...


class NumpyOps:
    """The operations in numpy, in float32."""

    @staticmethod
    def relu(values: Float32Array) -> Float32Array:
        """Return the values, 0 for negative ones."""
        return np.maximum(values, np.float32(0))

    @staticmethod
    def tanh(values: Float32Array) -> Float32Array:
        """Return the hyperbolic tangents."""
        return np.tanh(values)

    @staticmethod
    def sigmoid(values: Float32Array) -> Float32Array:
        """Return 1 / (1 + exp(-values))."""
        return np.float32(1) / (np.float32(1) + np.exp(-np.clip(values, -80, 80)))

    @staticmethod
    def softplus(values: Float32Array) -> Float32Array:
        """Return log(1 + exp(values))."""
        return np.maximum(values, np.float32(0)) + np.log1p(np.exp(-np.abs(values)))

    @staticmethod
    def concatenate(parts: Sequence[Float32Array], axis: int) -> Float32Array:
        """Return the parts side by side."""
        return np.concatenate(parts, axis=axis)

    @staticmethod
    def stack(parts: Sequence[Float32Array], axis: int) -> Float32Array:
        """Return the parts along a new axis."""
        return np.stack(parts, axis=axis)

    @staticmethod
    def take(rows: Float32Array, places: Int32Array) -> Float32Array:
        """Return rows[places]."""
        return rows[places]

    @staticmethod
    def segment_sum(rows: Float32Array, segments: Int32Array, like: Float32Array) -> Float32Array:
        """Add up the rows of each segment; there are as many segments as rows of `like`."""
        return _segment_sum(rows, np.ascontiguousarray(segments), len(like))


@kernel(owns=True)
def _segment_sum(rows: Float32Array, segments: Int32Array, n: int) -> Float32Array:
    total = np.zeros((n, rows.shape[1]), dtype=np.float32)
    for i in range(len(rows)):
        for k in range(rows.shape[1]):
            total[segments[i], k] += rows[i, k]
    return total
