"""The interaction network that judges edges: one text, run by Keras to train and by numpy to reconstruct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from clew.arrays import Float32Array
from clew.networks.blocks import Shape, dense, dense_shapes
from clew.networks.ops import NumpyOps, Ops
from clew.networks.rows import one_blas_thread
from clew.networks.shipped import TrainedNetwork, load_network
from clew.seeding.graph.doublets import DoubletConfig
from clew.seeding.graph.graph import N_EDGE_FEATURES, N_NODE_FEATURES, Graph
from clew.seeding.graph.interaction import (
    NetworkShape,
    hear_nodes,
    hear_nodes_shapes,
    interact,
    interaction_shapes,
)
from clew.seeding.graph.selection import SelectionConfig

__all__ = [
    "DOUBLETS",
    "EdgeNetwork",
    "EdgeRecord",
    "GraphKind",
    "TrainedOn",
    "array_shapes",
    "build_keras_model",
    "logits",
]


class GraphKind(NamedTuple):
    """A kind of graph whose edges a network judges: what records call it, and the numbers of its features."""

    name: str
    n_node_features: int
    n_edge_features: int


DOUBLETS: Final = GraphKind("edges", N_NODE_FEATURES, N_EDGE_FEATURES)
"""Hits are nodes, doublets are edges; see `clew.seeding.graph.graph`."""


def array_shapes(shape: NetworkShape, kind: GraphKind = DOUBLETS) -> list[Shape]:
    """Return the shapes of the network's arrays, in order."""
    u = shape.units
    body = interaction_shapes(kind.n_node_features, kind.n_edge_features, shape)
    return [*body, *hear_nodes_shapes(u), *dense_shapes(u, 1)]


def logits(shape: NetworkShape, arrays: Sequence[Any], nodes: Any, edges: Any, ends: Any, ops: Ops) -> Any:
    """Return how likely each edge is true, as log odds, shape (n_edges, 1).

    Parameters
    ----------
    shape : NetworkShape
    arrays : sequence of arrays, as `array_shapes`
    nodes, edges, ends, ops
        See `clew.seeding.graph.interaction.interact`.
    """
    left = iter(arrays)
    x, e = interact(left, nodes, edges, ends, shape.steps, ops)
    return dense(left, hear_nodes(left, x, e, ends, ops))


def build_keras_model(shape: NetworkShape, kind: GraphKind = DOUBLETS) -> Any:
    """Return the untrained Keras model of (nodes, edges, ends) to logits."""
    from functools import partial

    import keras

    from clew.networks.layers import Written

    inputs = [
        keras.Input((kind.n_node_features,)),
        keras.Input((kind.n_edge_features,)),
        keras.Input((2,), dtype="int32"),
    ]
    return keras.Model(inputs, Written(array_shapes(shape, kind), partial(logits, shape))(inputs))


@dataclass(frozen=True)
class TrainedOn:
    """Of the settings of a training, what reconstruction needs to know."""

    selection: SelectionConfig


@dataclass(frozen=True)
class EdgeRecord:
    """What the record of an edge classifier tells."""

    shape: NetworkShape
    doublets: DoubletConfig
    config: TrainedOn


@dataclass(frozen=True)
class EdgeNetwork(TrainedNetwork[EdgeRecord]):
    """A trained network, ready to judge the edges of a graph without Keras."""

    @classmethod
    def load(cls, path: Path, kind: GraphKind = DOUBLETS) -> EdgeNetwork:
        """Read weights; raises InputError for a damaged file or another network's."""
        return cls(*load_network(path, kind.name, EdgeRecord, lambda told: array_shapes(told.shape, kind)))

    def scores(self, graph: Graph) -> Float32Array:
        """Return how likely each edge is true, in 0 to 1, shape (n_edges,), float32."""
        inputs = (graph.node_features, graph.edge_features, graph.edges)
        with one_blas_thread():
            found = logits(self.about.shape, self.arrays, *inputs, NumpyOps())
        return NumpyOps.sigmoid(found[:, 0])
