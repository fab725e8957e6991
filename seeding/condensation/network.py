"""The condensation network: one text, run by Keras to train and by numpy to reconstruct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from clew.arrays import Float32Array
from clew.networks.blocks import Shape, dense, dense_shapes
from clew.networks.ops import NumpyOps, Ops
from clew.networks.rows import one_blas_thread
from clew.networks.shipped import TrainedNetwork, load_network
from clew.seeding.graph.filtering import (
    N_FILTERED_EDGE_FEATURES,
    N_FILTERED_NODE_FEATURES,
    N_HELIX,
    Filtered,
)
from clew.seeding.graph.interaction import NetworkShape, interact, interaction_shapes
from clew.settings import within

__all__ = [
    "CondensationNetwork",
    "CondensationRecord",
    "CondensationShape",
    "array_shapes",
    "build_keras_model",
    "condense",
]

_RADIUS: Final = 100.0  # 10 mrad in azimuth are one unit of the latent space
_SCALES: Final = (50.0, 5.0, 2.5)  # of the slope's asinh, the curvature [1/m] and z0 [50 mm]


@dataclass(frozen=True)
class CondensationShape(NetworkShape):
    """Size of the network.

    Attributes
    ----------
    units, steps : int
        See `clew.seeding.graph.interaction.NetworkShape`.
    rounds : int
        How often hits tell each other what their tracks' helices are.
    free : int
        Latent coordinates beyond the five of a helix.
    """

    rounds: Annotated[int, within(0, 50)] = 4
    free: Annotated[int, within(0, 64)] = 2

    @property
    def coordinates(self) -> int:
        """Dimensions of the latent space."""
        return N_HELIX + self.free


def array_shapes(shape: CondensationShape) -> list[Shape]:
    """Return the shapes of the network's arrays, in order."""
    u = shape.units
    body = interaction_shapes(N_FILTERED_NODE_FEATURES, N_FILTERED_EDGE_FEATURES, shape)
    # a turn is one number, though two coordinates; beta is one more
    heads = [*dense_shapes(u + N_FILTERED_NODE_FEATURES, u), *dense_shapes(u, shape.coordinates)]
    return [*body, *dense_shapes(u, 1), *heads, (1 + len(_SCALES),)]


def condense(
    shape: CondensationShape, arrays: Sequence[Any], nodes: Any, edges: Any, ends: Any, helix: Any, ops: Ops
) -> Any:
    """Return the log odds of beta and the latent coordinates of each hit, shape (n_nodes, 1 + coordinates).

    After J. Kieseler (2020) and gnn_tracking (K. Lieret and G. DeZoort, 2023).  The coordinates start from
    the helices of the edges that the network trusts, and it corrects them; the first two are a place near a
    circle, so a turned event has a turned latent space.

    Parameters
    ----------
    shape : CondensationShape
    arrays : sequence of arrays, as `array_shapes`
    nodes, edges, ends, ops
        See `clew.seeding.graph.interaction.interact`.
    helix : array of shape (n_edges, N_HELIX)
        See `clew.seeding.graph.filtering.Filtered`.
    """
    left = iter(arrays)
    x, e = interact(left, nodes, edges, ends, shape.steps, ops)
    mean = _agreed(ops.sigmoid(dense(left, e)), ends, helix, nodes, shape.rounds, ops)
    found = dense(left, ops.relu(dense(left, ops.concatenate([x, nodes], axis=1))))
    scale = 1.0 + next(left)
    cosine, sine = mean[:, :1], mean[:, 1:2]
    radius, turn = _RADIUS * scale[0], found[:, 1:2]
    columns = [found[:, :1], radius * cosine - turn * sine, radius * sine + turn * cosine]
    columns += [
        factor * scale[1 + k] * mean[:, 2 + k : 3 + k] + found[:, 2 + k : 3 + k]
        for k, factor in enumerate(_SCALES)
    ]
    return ops.concatenate([*columns, found[:, 2 + len(_SCALES) :]], axis=1)


def _agreed(trust: Any, ends: Any, helix: Any, nodes: Any, rounds: int, ops: Ops) -> Any:
    """Return the helix of each node: the mean of its edges' by trust, then that of itself and its neighbours.

    Shape (n_nodes, N_HELIX).
    """
    inner, outer = ends[:, 0], ends[:, 1]
    said = ops.concatenate([trust * helix, trust], axis=1)
    total = ops.segment_sum(said, inner, nodes) + ops.segment_sum(said, outer, nodes)
    weight = total[:, -1:]
    mean = total[:, :-1] / (weight + 1e-6)
    for _ in range(rounds):
        to_inner = ops.segment_sum(trust * ops.take(mean, outer), inner, nodes)
        to_outer = ops.segment_sum(trust * ops.take(mean, inner), outer, nodes)
        mean = (mean + to_inner + to_outer) / (1.0 + weight)
    return mean


def build_keras_model(shape: CondensationShape) -> Any:
    """Return the untrained Keras model of (nodes, edges, ends, helix) to what `condense` returns."""
    from functools import partial

    import keras

    from clew.networks.layers import Written

    inputs = [
        keras.Input((N_FILTERED_NODE_FEATURES,)),
        keras.Input((N_FILTERED_EDGE_FEATURES,)),
        keras.Input((2,), dtype="int32"),
        keras.Input((N_HELIX,)),
    ]
    return keras.Model(inputs, Written(array_shapes(shape), partial(condense, shape))(inputs))


@dataclass(frozen=True)
class CondensationRecord:
    """What the record of the network tells: its size, and the edge filter that it was trained behind."""

    shape: CondensationShape
    filter: str
    threshold: Annotated[float, within(0, 0.999)]
    filter_sha256: str


@dataclass(frozen=True)
class CondensationNetwork(TrainedNetwork[CondensationRecord]):
    """A trained network, ready to place hits in the latent space without Keras."""

    @classmethod
    def load(cls, path: Path) -> CondensationNetwork:
        """Read weights; raises InputError for a damaged file or another network's."""
        return cls(
            *load_network(path, "condensation", CondensationRecord, lambda told: array_shapes(told.shape))
        )

    def place(self, filtered: Filtered) -> tuple[Float32Array, Float32Array]:
        """Return beta in 0 to 1 and the latent coordinates of each node.

        Shapes (n_nodes,) and (n_nodes, coordinates), float32.
        """
        graph = filtered.graph
        inputs = (graph.node_features, graph.edge_features, graph.edges, filtered.helix)
        with one_blas_thread():
            found = condense(self.about.shape, self.arrays, *inputs, NumpyOps())
        return NumpyOps.sigmoid(found[:, 0]), found[:, 1:]
