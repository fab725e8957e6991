"""The interaction network on graphs: nodes and edges tell each other what they are, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from clew.networks.blocks import Arrays, Shape, dense, dense_shapes
from clew.networks.ops import Ops
from clew.settings import within

__all__ = ["NetworkShape", "hear_nodes", "hear_nodes_shapes", "interact", "interaction_shapes"]


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

    units: Annotated[int, within(1, 1024)] = 32
    steps: Annotated[int, within(1, 20)] = 4


def interaction_shapes(n_node_features: int, n_edge_features: int, shape: NetworkShape) -> list[Shape]:
    """Return the shapes of the network's arrays, in order."""
    u = shape.units
    step = [*hear_nodes_shapes(u), *dense_shapes(u, u), *dense_shapes(u, 1), *dense_shapes(3 * u, u), (u, u)]
    return [*dense_shapes(n_node_features, u), *dense_shapes(n_edge_features, u), *(step * shape.steps)]


def interact(arrays: Arrays, nodes: Any, edges: Any, ends: Any, steps: int, ops: Ops) -> tuple[Any, Any]:
    """Return what nodes and edges know in the end, shapes (n_nodes, units) and (n_edges, units).

    An interaction network (Battaglia et al., 2016; DeZoort et al., 2021): an edge learns from its nodes, a
    node from what its inward and its outward edges say, each weighted by how likely it now seems, as
    HEP.TrkX weights them.

    Parameters
    ----------
    arrays : iterator of arrays, as `interaction_shapes`
    nodes, edges : arrays of shape (n_nodes, n_node_features) and (n_edges, n_edge_features)
    ends : array of shape (n_edges, 2)
        Inner and outer node of each edge.
    steps : int
    ops : Ops
    """
    inner, outer = ends[:, 0], ends[:, 1]
    x, e = ops.relu(dense(arrays, nodes)), ops.relu(dense(arrays, edges))
    for _ in range(steps):
        e = e + dense(arrays, hear_nodes(arrays, x, e, ends, ops))
        trust = ops.sigmoid(dense(arrays, e))
        said = ops.concatenate([trust * e, trust], axis=1)
        heard = [ops.segment_sum(said, node, x) for node in (outer, inner)]
        means = [h[:, :-1] / (1.0 + h[:, -1:]) for h in heard]
        x = x + ops.relu(dense(arrays, ops.concatenate([x, *means], axis=1))) @ next(arrays)
    return x, e


def hear_nodes_shapes(units: int) -> list[Shape]:
    """Return the shapes of a hidden layer over edges and their nodes."""
    return [(units, units)] * 3 + [(units,)]


def hear_nodes(arrays: Arrays, x: Any, e: Any, ends: Any, ops: Ops) -> Any:
    """Return a hidden layer over each edge and its two nodes; nodes are multiplied once, not once an edge."""
    from_inner, from_outer, from_edge, bias = (next(arrays) for _ in range(4))
    inner, outer = ends[:, 0], ends[:, 1]
    return ops.relu(ops.take(x @ from_inner, inner) + ops.take(x @ from_outer, outer) + e @ from_edge + bias)
