"""Graphs after an edge filter: fewer edges, each with its score, and its helix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array
from clew.errors import ConfigError
from clew.event import Hits
from clew.networks.ops import NumpyOps
from clew.seeding.graph.graph import N_EDGE_FEATURES, N_NODE_FEATURES, Graph, build_graph
from clew.seeding.graph.network import EdgeNetwork
from clew.seeding.graph.selection import LayerSet, hits_on

__all__ = ["N_FILTERED_EDGE_FEATURES", "N_FILTERED_NODE_FEATURES", "N_HELIX", "EdgeFilter", "Filtered"]

N_FILTERED_NODE_FEATURES: Final = N_NODE_FEATURES + 4
N_FILTERED_EDGE_FEATURES: Final = N_EDGE_FEATURES + 3
N_HELIX: Final = 5

_BEND: Final = 3  # the column of edge features that holds the signed curvature, 1/m
_Z0: Final = 5
_LEAN: Final = 7
_TURN: Final = 20.0  # rad: features are then of order 1


class Filtered(NamedTuple):
    """A graph after the filter.

    Attributes
    ----------
    graph : Graph
        With the doublets' features and, for each edge, its score and how far its helix has turned at both
        ends; for each node the turn, the slope, the curvature and z0 that its edges agree on.
    helix : ndarray of shape (n_edges, N_HELIX), float32
        Of each edge: direction at the beam line (cosine and sine of the azimuth), asinh of the slope
        dz/darc, signed curvature [1/m] and z0 [50 mm].
    """

    graph: Graph
    helix: Float32Array


@dataclass(frozen=True)
class EdgeFilter:
    """A trained edge classifier that takes unlikely edges out of a graph.

    Attributes
    ----------
    network : EdgeNetwork
        Its record names doublets and layers.
    threshold : float
        Edges that score more are kept.
    """

    network: EdgeNetwork
    threshold: float

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise ConfigError(f"filter: threshold is {self.threshold}: it must be at least 0 and less than 1")

    @property
    def layers(self) -> LayerSet:
        """The layers whose hits the graph joins."""
        return self.network.about.config.selection.layers

    def judge(self, hits: Hits) -> tuple[Graph, Float32Array]:
        """Return the graph of all hits on the filter's layers, and the score of each edge."""
        graph = build_graph(hits, self.network.about.doublets, hits_on(hits, self.layers))
        return graph, self.network.scores(graph)

    def __call__(self, hits: Hits) -> Filtered:
        """Return the filtered graph of an event's hits."""
        return self.cut(hits, *self.judge(hits))

    def cut(self, hits: Hits, graph: Graph, scores: Float32Array) -> Filtered:
        """Return what is left of a judged graph."""
        kept = scores > self.threshold
        return with_helices(hits, graph.cut(kept), scores[kept])


def with_helices(hits: Hits, graph: Graph, scores: Float32Array) -> Filtered:
    """Add each edge's helix, and for each node the mean of its edges', by the squares of the scores."""
    shape = graph.edge_features[:, [_LEAN, _BEND, _Z0]]
    r = hits.r[graph.rows] / np.float32(1000)
    turns = -np.arcsin(np.clip(shape[:, 1:2] * r[graph.edges] / 2, -1.0, 1.0))
    weight = scores[:, None] ** 2
    total = np.zeros((len(graph.rows), 5), dtype=np.float32)
    for end in (0, 1):
        said = np.column_stack([turns[:, end], shape, np.ones(len(shape))])
        total += NumpyOps.segment_sum((weight * said).astype(np.float32), graph.edges[:, end], total)
    mean = total[:, :4] / np.maximum(total[:, 4:], 1e-9)
    nodes = np.column_stack([graph.node_features, mean[:, 0] * _TURN, mean[:, 1:]])
    edges = np.column_stack([graph.edge_features, scores, turns * _TURN])
    azimuth = hits.phi[graph.rows][graph.edges[:, 0]] + turns[:, 0]
    helix = np.column_stack([np.cos(azimuth), np.sin(azimuth), shape])
    wide = replace(graph, node_features=nodes.astype(np.float32), edge_features=edges.astype(np.float32))
    return Filtered(wide, helix.astype(np.float32))
