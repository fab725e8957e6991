"""The unrolled seeder: cluster the hits under many helix hypotheses, merge, clean, take five hits of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.errors import ConfigError
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.hits.layers import layers_of_groups
from clew.seeding.free import seed_free
from clew.seeding.unrolled.clusterers import hdbscan_clusters, sklearn_dbscan
from clew.seeding.unrolled.merging import Clustering, merged
from clew.seeding.unrolled.outliers import OutlierConfig, remove_outliers
from clew.seeding.unrolled.sweep import Hypotheses, sweep, sweep_with
from clew.seeding.unrolled.unrolling import Places, Weights, cylindrical
from clew.settings import listed, within
from clew.tracks import SEED_LENGTH, Candidates, Seeds

__all__ = ["PassConfig", "UnrolledConfig", "UnrolledSeeder", "evenly_curved"]

_MOST_HYPOTHESES: Final = 10_000
"""Pairs of a radius and a shift, each in both senses; the widest preset that ships has 840."""


def evenly_curved(smallest: float, n: int) -> tuple[float, ...]:
    """Return n radii from the smallest [mm] up, evenly spaced in curvature."""
    return tuple(float(smallest * n / k) for k in range(n, 0, -1))


@dataclass(frozen=True)
class PassConfig:
    """One pass over the hits that are still free.

    Attributes
    ----------
    radii : tuple of float
        Helix radii of the hypotheses, mm; each is tried in both senses.
    shifts : tuple of float
        Shifts of z of the hypotheses, mm.
    eps, min_samples : float, int
        Parameters of the clusterer.
    fewest_layers : int
        Clusters on fewer layers give their hits back.
    """

    radii: Annotated[tuple[Annotated[float, within(10, 1e6)], ...], listed(1, 1000)] = evenly_curved(
        270.0, 40
    )
    shifts: Annotated[tuple[Annotated[float, within(-5000, 5000)], ...], listed(1, 1000)] = (0.0,)
    eps: Annotated[float, within(1e-6, 0.1)] = 0.0033
    min_samples: Annotated[int, within(1, 1000)] = 1
    fewest_layers: Annotated[int, within(1, 100)] = 3

    def __post_init__(self) -> None:
        n = len(self.radii) * len(self.shifts)
        if n > _MOST_HYPOTHESES:
            raise ConfigError(f"{n} pairs of radii and shifts: give {_MOST_HYPOTHESES} at most")


@dataclass(frozen=True)
class UnrolledConfig:
    """Settings of the unrolled seeder.

    Attributes
    ----------
    passes : tuple of PassConfig
        From strict to lenient: what one pass finds, the next need not look at.
    clusterer : "dbscan", "scikit-learn" or "hdbscan"
        The first two are both DBSCAN.
    weight_z, weight_side : float, float
        Scales of z/arc and of the position in the track's frame [1/mm] against the angle theta0.
    max_size : int
        Clusters of more hits are no tracks.
    voting_layers : int
        Nor are clusters on fewer layers.
    outliers : OutlierConfig
    """

    passes: Annotated[tuple[PassConfig, ...], listed(1, 50)] = (
        PassConfig(radii=evenly_curved(270.0, 54), eps=0.0025, fewest_layers=6),
        PassConfig(
            radii=evenly_curved(270.0, 34), shifts=(-9.0, -3.0, 3.0, 9.0), eps=0.0035, fewest_layers=5
        ),
        PassConfig(radii=evenly_curved(250.0, 26), eps=0.005),
    )
    clusterer: Literal["dbscan", "scikit-learn", "hdbscan"] = "dbscan"
    weight_z: Annotated[float, within(0, 100)] = 0.3
    weight_side: Annotated[float, within(0, 1)] = 9e-6
    max_size: Annotated[int, within(1, 10_000)] = 30
    voting_layers: Annotated[int, within(1, 100)] = 3
    outliers: OutlierConfig = field(default_factory=OutlierConfig)


@dataclass(frozen=True)
class UnrolledSeeder:
    """Finds seeds by clustering unrolled hits; see `clew.stages.Seeder`."""

    config: UnrolledConfig = field(default_factory=UnrolledConfig)

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Find seeds among the free hits; no hit is in two of them."""
        return seed_free(self.find, hits, free)

    def find(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event."""
        left = np.argsort(hits.r, kind="stable").astype(np.int32)
        layer, n_layers = hits.layer_index, len(hits.detector)
        places = cylindrical(hits)
        parts = []
        for settings in self.config.passes:
            clusters = merged(self._claims(places.take(left), layer[left], n_layers, settings))
            clusters = Candidates(left[clusters.hits], clusters.offsets)
            tracks = remove_outliers(hits, clusters, self.config.outliers)
            n_seen = layers_of_groups(tracks.hits, tracks.offsets, layer, n_layers)
            tracks = tracks.select(n_seen >= settings.fewest_layers)
            parts.append(tracks)
            left = left[tracks.labels(len(hits))[left] == 0]
        found = Candidates.concatenate(parts)
        return Seeds(found.select(found.lengths >= SEED_LENGTH).head(SEED_LENGTH), found)

    def _claims(self, places: Places, layer: Int32Array, n_layers: int, settings: PassConfig) -> Int64Array:
        """Return the best claim on each of the hits, which are sorted by r."""
        config = self.config
        radii = np.array(settings.radii, dtype=np.float32)
        shifts = np.array(settings.shifts, dtype=np.float32)
        weights = Weights(np.float32(config.weight_z), np.float32(config.weight_side))
        clustering = Clustering(
            settings.eps, settings.min_samples, config.max_size, config.voting_layers, n_layers
        )
        task = (places, layer, Hypotheses(radii, shifts), weights, clustering)
        if config.clusterer == "dbscan":
            return sweep(*task)
        return sweep_with(sklearn_dbscan if config.clusterer == "scikit-learn" else hdbscan_clusters, *task)
