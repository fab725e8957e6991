"""The networks without Keras: BLAS products, compiled gates, batches that fit the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from clew.arrays import Float32Array
from clew.extend.windows.networks import Layer, layers_of
from clew.kernels import kernel
from clew.networks.gates import sigmoid, tanh
from clew.networks.rows import by_rows

__all__ = ["CompiledNetwork"]

_BATCH: Final = 256


class CompiledNetwork:
    """A network of `NETWORKS` with given weights.

    Parameters
    ----------
    network : str
    arrays : sequence of ndarray, float32
        In the order of Keras's get_weights.
    """

    def __init__(self, network: str, arrays: Sequence[Float32Array]) -> None:
        self._layers = layers_of(network)
        self._arrays = [np.ascontiguousarray(array, dtype=np.float32) for array in arrays]

    def predict(self, inputs: Float32Array) -> Float32Array:
        """Return the outputs of shape (n, n_steps, n_outputs) to inputs of shape (n, n_steps, n_inputs)."""
        return by_rows(self._predict, inputs, block=_BATCH)

    def _predict(self, inputs: Float32Array) -> Float32Array:
        return self._run(np.ascontiguousarray(inputs.swapaxes(0, 1))).swapaxes(0, 1)

    def _run(self, steps: Float32Array) -> Float32Array:
        """Run one batch of shape (n_steps, n, width), time first."""
        place = 0
        for layer in self._layers:
            steps = _recurrent(layer, self._arrays[place : place + 6], steps)
            place += 6 if layer.both_ways else 3
        weight, bias = self._arrays[place:]
        outputs: Float32Array = _product(steps, weight) + bias
        return outputs


def _product(steps: Float32Array, weight: Float32Array) -> Float32Array:
    flat: Float32Array = steps.reshape(steps.shape[0] * steps.shape[1], steps.shape[2]) @ weight
    return flat.reshape(*steps.shape[:2], weight.shape[1])


def _recurrent(layer: Layer, arrays: Sequence[Float32Array], steps: Float32Array) -> Float32Array:
    forward = _lstm(arrays[:3], steps)
    if not layer.both_ways:
        return forward
    backward = _lstm(arrays[3:], steps[::-1])[::-1]
    return np.concatenate([forward, backward], axis=2)


def _lstm(arrays: Sequence[Float32Array], steps: Float32Array) -> Float32Array:
    kernel_weight, recurrent_weight, bias = arrays
    n_steps, n, _ = steps.shape
    gates = _product(np.ascontiguousarray(steps), kernel_weight)
    states = np.zeros((n_steps, n, len(recurrent_weight)), dtype=np.float32)
    cell = np.zeros((n, len(recurrent_weight)), dtype=np.float32)
    product = np.zeros_like(gates[0])
    for t in range(n_steps):
        if t > 0:
            np.matmul(states[t - 1], recurrent_weight, out=product)
        _step(gates[t], product, bias, cell, states[t])
    return states


@kernel
def _step(
    gates: Float32Array, product: Float32Array, bias: Float32Array, cell: Float32Array, state: Float32Array
) -> None:
    """Advance the cells by one step; gates come in Keras's order: input, forget, candidate, output."""
    n, units = cell.shape
    for row in range(n):
        for k in range(units):
            enter = sigmoid(gates[row, k] + product[row, k] + bias[k])
            keep = sigmoid(gates[row, units + k] + product[row, units + k] + bias[units + k])
            new = tanh(gates[row, 2 * units + k] + product[row, 2 * units + k] + bias[2 * units + k])
            leave = sigmoid(gates[row, 3 * units + k] + product[row, 3 * units + k] + bias[3 * units + k])
            cell[row, k] = keep * cell[row, k] + enter * new
            state[row, k] = leave * tanh(cell[row, k])
