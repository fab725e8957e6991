"""The graph seeder: a network judges the doublets of an event, connected components make its tracks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

import numpy as np

from clew.arrays import Int32Array
from clew.errors import ConfigError
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.networks.shipped import weights_path
from clew.seeding.free import seed_free
from clew.seeding.graph.components import edge_tracks
from clew.seeding.graph.graph import build_graph
from clew.seeding.graph.network import EdgeNetwork
from clew.settings import listed, within
from clew.tracks import SEED_LENGTH, Candidates, Seeds

__all__ = ["GraphSeeder", "GraphSeederConfig", "seeds_of_labels", "shipped_network"]


@dataclass(frozen=True)
class GraphSeederConfig:
    """Settings of the graph seeder.

    Attributes
    ----------
    weights : str
        Shipped weights of an edge classifier, by name, or an .npz; the doublets are those it was trained on.
    thresholds : tuple of float
        See `clew.seeding.graph.components.edge_tracks`.
    least_hits : int
        Components of fewer hits make no track.
    """

    weights: str = "edges-all"
    thresholds: Annotated[tuple[Annotated[float, within(0, 1)], ...], listed(1, 20)] = (
        0.3,
        0.5,
        0.7,
        0.85,
        0.95,
    )
    least_hits: Annotated[int, within(1, 100)] = 3

    def __post_init__(self) -> None:
        if list(self.thresholds) != sorted(set(self.thresholds)):
            raise ConfigError(f"seeding: thresholds are {self.thresholds}: give each once, ascending")


@lru_cache(maxsize=4)
def shipped_network(name: str) -> EdgeNetwork:
    """Return the network whose weights ship under a name, or lie in the given .npz file."""
    return EdgeNetwork.load(weights_path("clew.seeding.weights", name))


@dataclass(frozen=True)
class GraphSeeder:
    """Finds seeds as Exa.TrkX finds tracks; see `clew.stages.Seeder`."""

    config: GraphSeederConfig = field(default_factory=GraphSeederConfig)

    def __post_init__(self) -> None:
        shipped_network(self.config.weights)  # what cannot be used is refused before any work is done

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Find seeds among the free hits; no hit is in two of them."""
        return seed_free(self.find, hits, free)

    def find(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event."""
        network = shipped_network(self.config.weights)
        graph = build_graph(hits, network.about.doublets)
        labels = np.zeros(len(hits), dtype=np.int32)
        layer = hits.layer_index[graph.rows]
        labels[graph.rows] = edge_tracks(graph, network.scores(graph), layer, self.config.thresholds)
        return seeds_of_labels(hits, labels, self.config.least_hits)


def seeds_of_labels(hits: Hits, labels: Int32Array, least_hits: int) -> Seeds:
    """Return the tracks of `least_hits` or more that labels make, and a seed of each that is long enough.

    Parameters
    ----------
    hits : Hits
    labels : ndarray of shape (n_hits,), int32
        Track of each hit, 0 for none.
    least_hits : int
    """
    outwards = np.argsort(hits.r.astype(np.float64) ** 2 + hits.z.astype(np.float64) ** 2, kind="stable")
    found = Candidates.from_labels(labels, outwards)
    found = found.select(found.lengths >= least_hits)
    return Seeds(found.select(found.lengths >= SEED_LENGTH).head(SEED_LENGTH), found)
