"""Graphs of hits: nodes are hits, edges are doublets; both carry what tells true edges from chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.hits.clusters import slope_limits
from clew.hits.index import build_index
from clew.seeding.graph.doublets import DoubletConfig, find_doublets, true_doublets

__all__ = ["N_EDGE_FEATURES", "N_NODE_FEATURES", "Graph", "build_graph"]

N_NODE_FEATURES: Final = 6
N_EDGE_FEATURES: Final = 10

_CURVATURE: Final = 1000.0  # mm: features are then of order 1
_Z0: Final = 50.0  # mm


@dataclass(frozen=True)
class Graph:
    """A graph of hits.

    Attributes
    ----------
    rows : ndarray of shape (n_nodes,), int32
        The hit of each node, ascending.
    edges : ndarray of shape (n_edges, 2), int32
        Nodes that each edge joins, the inner one first; sorted.
    node_features : ndarray of shape (n_nodes, N_NODE_FEATURES), float32
    edge_features : ndarray of shape (n_edges, N_EDGE_FEATURES), float32
        Neither tells the azimuth: a turned event has the same features.
    """

    rows: Int32Array
    edges: Int32Array
    node_features: Float32Array
    edge_features: Float32Array

    @property
    def doublets(self) -> Int32Array:
        """Hit rows of each edge, shape (n_edges, 2), int32."""
        return self.rows[self.edges]

    def targets(self, particle: Int64Array) -> BoolArray:
        """Tell which edges join two hits of one particle; `particle` is each hit's, at most 0 for noise."""
        return true_doublets(self.doublets, particle)

    def cut(self, edges: BoolArray) -> Graph:
        """Return the graph of the chosen edges and of the nodes that they join."""
        nodes = np.zeros(len(self.rows), dtype=np.bool_)
        nodes[self.edges[edges]] = True
        number = np.cumsum(nodes, dtype=np.int32) - 1
        kept = number[self.edges[edges]]
        return Graph(self.rows[nodes], kept, self.node_features[nodes], self.edge_features[edges])


def build_graph(hits: Hits, config: DoubletConfig, rows: Int64Array | None = None) -> Graph:
    """Build the graph of an event's doublets, or of those among the given hits."""
    doublets = find_doublets(hits, config, rows)
    nodes, edges = np.unique(doublets, return_inverse=True)
    limits = _slope_limits(hits, nodes.astype(np.int64))
    return Graph(
        nodes.astype(np.int32),
        edges.reshape(doublets.shape).astype(np.int32),
        _node_features(hits, nodes, limits),
        _edge_features(hits, doublets, limits),
    )


def _slope_limits(hits: Hits, rows: Int64Array) -> Float64Array:
    """Return the slopes that the clusters of the given hits allow, shape (n_hits, 2); NaN for others."""
    index = build_index(hits, rows)
    limits = np.full((len(hits), 2), np.nan)
    limits[index.row] = slope_limits(hits, index)
    return limits


def _node_features(hits: Hits, rows: Int32Array, limits: Float64Array) -> Float32Array:
    """Return r and z [m], barrel or not, the layer's number, and the slopes that the cluster allows."""
    layer = hits.layer_index[rows]
    slopes = np.arcsinh(np.clip(limits[rows], 0.0, 30.0))
    detector = hits.detector
    parts = [hits.r[rows] / 1000, hits.z[rows] / 1000, detector.barrel[layer], layer / len(detector)]
    return np.column_stack([*parts, slopes]).astype(np.float32)


def _edge_features(hits: Hits, doublets: Int32Array, limits: Float64Array) -> Float32Array:
    """Return what the helix from the beam line through both hits is like, and whether the clusters fit it.

    Columns: dr and dz [m], dphi [0.1 rad], signed curvature [1/m] and its size, z0 / 50 mm and its size,
    asinh of the slope dz/darc, and by how much that lies outside what each hit's cluster allows.
    """
    i, j = doublets.T
    r1, r2, z1, z2 = (v.astype(np.float64) for v in (hits.r[i], hits.r[j], hits.z[i], hits.z[j]))
    dphi = (hits.phi[j].astype(np.float64) - hits.phi[i] + np.pi) % (2 * np.pi) - np.pi
    chord = np.sqrt((r2 - r1) ** 2 + 4 * r1 * r2 * np.sin(dphi / 2) ** 2)
    curvature = 2 * np.sin(dphi) / np.maximum(chord, 1e-3)
    arc1, arc2 = (r * (1 + np.minimum((curvature * r) ** 2, 1.0) / 24) for r in (r1, r2))
    slope = (z2 - z1) / np.maximum(arc2 - arc1, 1e-3)
    z0, bend = z1 - slope * arc1, curvature * _CURVATURE
    lean = np.arcsinh(slope)
    columns = [
        (r2 - r1) / 1000,
        (z2 - z1) / 1000,
        dphi * 10,
        bend,
        np.abs(bend),
        z0 / _Z0,
        np.abs(z0) / _Z0,
        lean,
    ]
    columns += [_outside(np.abs(slope), limits[hit]) for hit in (i, j)]
    return np.column_stack(columns).astype(np.float32)


def _outside(slope: Float64Array, limits: Float64Array) -> Float64Array:
    """Return how far each slope is below (negative) or above its limits, in asinh, within -2 and 2."""
    low, high = np.arcsinh(limits.T)
    at = np.arcsinh(slope)
    return np.clip(np.minimum(at - low, 0.0) + np.maximum(at - high, 0.0), -2.0, 2.0)
