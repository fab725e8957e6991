"""The interaction network that judges edges: one text, run by Keras to train and by numpy to reconstruct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.errors import ConfigError, InputError
from clew.graphs.graph import N_EDGE_FEATURES, N_NODE_FEATURES, Graph
from clew.kernels import kernel
from clew.learning.records import load_arrays

__all__ = ["EdgeNetwork", "NetworkShape", "NumpyOps", "array_shapes", "build_keras_model", "logits"]

_PER_STEP = 11


@dataclass(frozen=True)
class NetworkShape:
    """Size of the network.

    Attributes
    ----------
    units : int
        Numbers that each node and each edge carries.
    steps : int
        How often nodes hear of their edges.
    """

    units: int = 32
    steps: int = 4

    def __post_init__(self) -> None:
        if self.units < 1 or self.steps < 1:
            raise ConfigError(
                f"network of {self.units} units and {self.steps} steps: both must be at least 1"
            )


def array_shapes(shape: NetworkShape) -> list[tuple[int, ...]]:
    """Return the shapes of the network's arrays, in order."""
    u = shape.units
    step: list[tuple[int, ...]] = [
        (u, u),
        (u, u),
        (u, u),
        (u,),
        (u, u),
        (u,),
        (u, 1),
        (1,),
        (3 * u, u),
        (u,),
        (u, u),
    ]
    begin: list[tuple[int, ...]] = [(N_NODE_FEATURES, u), (u,), (N_EDGE_FEATURES, u), (u,)]
    end: list[tuple[int, ...]] = [(u, u), (u, u), (u, u), (u,), (u, 1), (1,)]
    return [*begin, *(step * shape.steps), *end]


def logits(arrays: Sequence[Any], nodes: Any, edges: Any, ends: Any, ops: Any) -> Any:
    """Return how likely each edge is true, as log odds, shape (n_edges, 1).

    An interaction network (Battaglia et al., 2016; DeZoort et al., 2021): an edge learns from its nodes, a
    node from what its inward and its outward edges say, each weighted by how likely it now seems, as
    HEP.TrkX weights them.

    Parameters
    ----------
    arrays : sequence of arrays, as `array_shapes`
    nodes, edges : arrays of shape (n_nodes, N_NODE_FEATURES) and (n_edges, N_EDGE_FEATURES)
    ends : array of shape (n_edges, 2)
        Inner and outer node of each edge.
    ops : KerasOps or NumpyOps
    """
    inner, outer = ends[:, 0], ends[:, 1]
    node_in, node_bias, edge_in, edge_bias = arrays[:4]
    x = ops.relu(nodes @ node_in + node_bias)
    e = ops.relu(edges @ edge_in + edge_bias)
    for begin in range(4, len(arrays) - 6, _PER_STEP):
        step = arrays[begin : begin + _PER_STEP]
        e = e + _met(step[:4], x, e, inner, outer, ops) @ step[4] + step[5]
        trust = ops.sigmoid(e @ step[6] + step[7])
        said = ops.concatenate([trust * e, trust], axis=1)
        heard = [ops.segment_sum(said, node, x) for node in (outer, inner)]
        means = [h[:, :-1] / (1.0 + h[:, -1:]) for h in heard]
        x = x + ops.relu(ops.concatenate([x, *means], axis=1) @ step[8] + step[9]) @ step[10]
    last = arrays[-6:]
    return _met(last[:4], x, e, inner, outer, ops) @ last[4] + last[5]


def _met(arrays: Sequence[Any], x: Any, e: Any, inner: Any, outer: Any, ops: Any) -> Any:
    """Return a hidden layer over each edge and its two nodes; nodes are multiplied once, not once an edge."""
    from_inner, from_outer, from_edge, bias = arrays
    return ops.relu(ops.take(x @ from_inner, inner) + ops.take(x @ from_outer, outer) + e @ from_edge + bias)


class NumpyOps:
    """The operations of `logits` in numpy."""

    @staticmethod
    def relu(values: Float32Array) -> Float32Array:
        """Return the values, 0 for negative ones."""
        return np.maximum(values, np.float32(0))

    @staticmethod
    def sigmoid(values: Float32Array) -> Float32Array:
        """Return 1 / (1 + exp(-values))."""
        return np.float32(1) / (np.float32(1) + np.exp(-np.clip(values, -80, 80)))

    @staticmethod
    def concatenate(parts: Sequence[Float32Array], axis: int) -> Float32Array:
        """Return the parts side by side."""
        return np.concatenate(parts, axis=axis)

    @staticmethod
    def take(rows: Float32Array, places: Int32Array) -> Float32Array:
        """Return rows[places]."""
        return rows[places]

    @staticmethod
    def segment_sum(rows: Float32Array, segments: Int32Array, like: Float32Array) -> Float32Array:
        """Add up the rows of each segment; there are as many segments as rows of `like`."""
        return _segment_sum(rows, np.ascontiguousarray(segments), len(like))


@kernel
def _segment_sum(rows: Float32Array, segments: Int32Array, n: int) -> Float32Array:
    total = np.zeros((n, rows.shape[1]), dtype=np.float32)
    for i in range(len(rows)):
        for k in range(rows.shape[1]):
            total[segments[i], k] += rows[i, k]
    return total


def build_keras_model(shape: NetworkShape) -> Any:
    """Return the untrained Keras model of (nodes, edges, ends) to logits."""
    import keras

    from clew.learning.layers import Written

    inputs = [
        keras.Input((N_NODE_FEATURES,)),
        keras.Input((N_EDGE_FEATURES,)),
        keras.Input((2,), dtype="int32"),
    ]
    return keras.Model(inputs, Written(array_shapes(shape), logits)(inputs))


@dataclass(frozen=True)
class EdgeNetwork:
    """A trained network, ready to judge the edges of a graph without Keras.

    Attributes
    ----------
    arrays : list of ndarray, float32
    record : dict
        How it was made: see `clew.graphs.training`.
    """

    arrays: list[Float32Array]
    record: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> EdgeNetwork:
        """Read weights; raises InputError for a damaged file or another network's."""
        arrays, record = load_arrays(path)
        if record.get("network") != "edges" or "shape" not in record:
            raise InputError(f"{path}: weights of another network: name those of the task edges")
        if [array.shape for array in arrays] != array_shapes(NetworkShape(**record["shape"])):
            raise InputError(f"{path}: arrays do not have the shapes of their record: train or copy it anew")
        return cls(arrays, record)

    def scores(self, graph: Graph) -> Float32Array:
        """Return how likely each edge is true, in 0 to 1, shape (n_edges,), float32."""
        found = logits(self.arrays, graph.node_features, graph.edge_features, graph.edges, NumpyOps)
        return NumpyOps.sigmoid(found[:, 0])
