"""Tracks from judged edges: connected components, taken apart where they hold more than one track."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from clew.arrays import BoolArray, Float32Array, Int32Array, Int64Array
from clew.seeding.graph.graph import Graph

__all__ = ["MOST_HITS", "MOST_PER_LAYER", "edge_tracks"]

MOST_HITS = 20
"""A particle seldom leaves more."""

MOST_PER_LAYER = 3
"""Neighbouring modules overlap: a particle may leave several hits on a layer."""


def edge_tracks(
    graph: Graph, scores: Float32Array, layer: Int32Array, thresholds: Sequence[float]
) -> Int32Array:
    """Label the graph's nodes by the connected components of its likely edges.

    The method is that of Exa.TrkX; components that cannot be one track are taken apart at the next threshold.

    Parameters
    ----------
    graph : Graph
    scores : ndarray of shape (n_edges,), float32
        How likely each edge is true.
    layer : ndarray of shape (n_nodes,), int32
        Dense layer index of each node.
    thresholds : sequence of float
        Ascending; edges that score less are cut.  What remains at the last one stays as it is.

    Returns
    -------
    ndarray of shape (n_nodes,), int32
        Labels from 1; 0 for nodes alone.
    """
    labels = np.zeros(len(graph.rows), dtype=np.int32)
    for number, threshold in enumerate(thresholds, start=1):
        open_nodes = labels == 0
        kept = (scores > threshold) & open_nodes[graph.edges].all(axis=1)
        component = _components(graph.edges[kept], len(labels))
        size = np.bincount(component)
        done = size > 1
        if number < len(thresholds):
            done &= _may_be_track(component, layer, size)
        chosen = open_nodes & done[component]
        names = np.cumsum(done, dtype=np.int32)
        labels[chosen] = labels.max(initial=0) + names[component[chosen]]
    return labels


def _components(edges: Int32Array, n: int) -> Int64Array:
    matrix = coo_array((np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape=(n, n))
    _, component = connected_components(matrix, directed=False)
    return np.asarray(component, dtype=np.int64)


def _may_be_track(component: Int64Array, layer: Int32Array, size: Int64Array) -> BoolArray:
    """Tell which components have few enough hits, in all and on each layer."""
    n_layers = layer.max(initial=0) + 1
    place, count = np.unique(component * n_layers + layer, return_counts=True)
    crowded = np.zeros(len(size), dtype=np.bool_)
    crowded[place[count > MOST_PER_LAYER] // n_layers] = True
    return (size <= MOST_HITS) & ~crowded
