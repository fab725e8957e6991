"""The condensation seeder: an edge filter, a network that places hits in a latent space, and DBSCAN there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.errors import InputError
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.networks.shipped import weights_path
from clew.seeding.condensation.network import CondensationNetwork
from clew.seeding.dbscan import dbscan
from clew.seeding.free import seed_free
from clew.seeding.graph.filtering import EdgeFilter
from clew.seeding.graph.seeder import seeds_of_labels, shipped_network
from clew.settings import within
from clew.tracks import Candidates, Seeds

__all__ = [
    "CondensationSeeder",
    "CondensationSeederConfig",
    "CondensationTripletSeeder",
    "cluster",
    "shipped_stages",
]


@dataclass(frozen=True)
class CondensationSeederConfig:
    """Settings of the condensation seeder; eps and min_samples as `clew study condensation-scan` chose them.

    Attributes
    ----------
    weights : str
        Shipped weights of a condensation network, by name, or an .npz; its record names the edge filter.
    eps, min_samples : float, int
        Of DBSCAN in the latent space.
    least_hits : int
        Clusters of fewer hits make no track.
    """

    weights: str = "condensation"
    eps: Annotated[float, within(0.001, 100)] = 0.9
    min_samples: Annotated[int, within(1, 1000)] = 1
    least_hits: Annotated[int, within(1, 100)] = 3


@lru_cache(maxsize=4)
def shipped_stages(name: str) -> tuple[EdgeFilter, CondensationNetwork]:
    """Return both stages by the second's weights: a shipped name, or an .npz.

    Raises InputError for damaged weights, and for another filter than that of the training.
    """
    path = weights_path("clew.seeding.weights", name)
    network = CondensationNetwork.load(path)
    edge_filter = shipped_network(network.about.filter)
    if edge_filter.record["sha256"] != network.about.filter_sha256:
        raise InputError(f"{path}: trained behind another {network.about.filter}: copy that filter anew")
    return EdgeFilter(edge_filter, network.about.threshold), network


def cluster(
    n_hits: int, rows: Int32Array, places: Float32Array, eps: float, min_samples: int = 1
) -> Int32Array:
    """Return the cluster of each of n hits from 1, 0 for hits without a place and for noise.

    Parameters
    ----------
    n_hits : int
    rows : ndarray of shape (n_places,), int32
        The hit of each place.
    places : ndarray of shape (n_places, coordinates), float32
        In the latent space.
    eps, min_samples
        See `clew.seeding.dbscan.dbscan`.
    """
    labels = np.zeros(n_hits, dtype=np.int32)
    labels[rows] = dbscan(places, eps, min_samples) + 1
    return labels


@dataclass(frozen=True)
class CondensationSeeder:
    """Finds tracks as gnn_tracking does; see `clew.stages.Seeder`."""

    config: CondensationSeederConfig = field(default_factory=CondensationSeederConfig)

    def __post_init__(self) -> None:
        shipped_stages(self.config.weights)  # what cannot be used is refused before any work is done

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Find seeds among the free hits; no hit is in two of them."""
        return seed_free(self.find, hits, free)

    def find(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event."""
        return seeds_of_labels(hits, find_clusters(hits, self.config), self.config.least_hits)


@dataclass(frozen=True)
class CondensationTripletSeeder:
    """The same tracks, each as a triplet to be grown in a loop; see `clew.stages.Seeder`."""

    config: CondensationSeederConfig = field(default_factory=CondensationSeederConfig)

    def __post_init__(self) -> None:
        shipped_stages(self.config.weights)  # what cannot be used is refused before any work is done

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Return the first hits of each track on its first three layers, for tracks on as many."""
        return seed_free(self.find, hits, free)

    def find(self, hits: Hits) -> Seeds:
        """Find triplets among all hits of an event."""
        c = self.config
        tracks = seeds_of_labels(hits, find_clusters(hits, c), c.least_hits).found
        triplets = tracks.triplets(hits.layer_index)
        return Seeds(triplets, Candidates.empty(), np.zeros(len(triplets)), c.least_hits)


def find_clusters(hits: Hits, config: CondensationSeederConfig) -> Int32Array:
    """Return the cluster of each hit from 1, 0 for hits of none, shape (n_hits,)."""
    edge_filter, network = shipped_stages(config.weights)
    filtered = edge_filter(hits)
    _, places = network.place(filtered)
    return cluster(len(hits), filtered.graph.rows, places, config.eps, config.min_samples)
