"""The unrolled seeder: cluster the hits under many helix hypotheses, merge, clean, take five hits of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numba
import numpy as np

from clew.arrays import Float32Array, Int64Array
from clew.event import Hits
from clew.kernels import parallel_kernel
from clew.seeding.dbscan import cluster_into, make_workspace
from clew.seeding.merging import merged, n_layers, vote
from clew.seeding.outliers import OutlierConfig, remove_outliers
from clew.seeding.unrolling import N_FEATURES, bend_into, cylindrical, unroll_into
from clew.tracks import SEED_LENGTH, Candidates, Seeds

__all__ = ["PassConfig", "UnrolledConfig", "UnrolledSeeder", "evenly_curved"]


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

    radii: tuple[float, ...] = evenly_curved(270.0, 40)
    shifts: tuple[float, ...] = (0.0,)
    eps: float = 0.0033
    min_samples: int = 1
    fewest_layers: int = 3


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
    outliers : OutlierConfig
    """

    passes: tuple[PassConfig, ...] = (
        PassConfig(eps=0.0025, shifts=(0.0,), fewest_layers=7),
        PassConfig(eps=0.0035, shifts=(-6.0, -2.0, 2.0, 6.0), fewest_layers=6),
        PassConfig(eps=0.005, shifts=(0.0,)),
    )
    clusterer: Literal["dbscan", "scikit-learn", "hdbscan"] = "dbscan"
    weight_z: float = 0.3
    weight_side: float = 6e-6
    max_size: int = 30
    outliers: OutlierConfig = field(default_factory=OutlierConfig)


@dataclass(frozen=True)
class UnrolledSeeder:
    """Finds seeds by clustering unrolled hits; see `clew.stages.Seeder`."""

    config: UnrolledConfig = field(default_factory=UnrolledConfig)

    def seed(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event; no hit is in two of them."""
        free = np.argsort(hits.r, kind="stable").astype(np.int32)
        layers = np.int64(1) << hits.layer_index.astype(np.int64)
        places = cylindrical(hits)
        parts = []
        for settings in self.config.passes:
            clusters = merged(self._claims(places[free], layers[free], settings))
            clusters = Candidates(free[clusters.hits], clusters.offsets)
            tracks = remove_outliers(hits, clusters, self.config.outliers)
            tracks = tracks.select(n_layers(tracks, layers) >= settings.fewest_layers)
            parts.append(tracks)
            free = free[tracks.labels(len(hits))[free] == 0]
        found = Candidates.concatenate(parts)
        return Seeds(found.select(found.lengths >= SEED_LENGTH).head(SEED_LENGTH), found)

    def _claims(self, places: Float32Array, layers: Int64Array, settings: PassConfig) -> Int64Array:
        """Cluster hits, sorted by r, under every hypothesis; return each hit's best claim."""
        config = self.config
        radii = np.array(settings.radii, dtype=np.float32)
        shifts = np.array(settings.shifts, dtype=np.float32)
        weights = np.array((config.weight_z, config.weight_side), dtype=np.float32)
        clustering = (np.float32(settings.eps), settings.min_samples, config.max_size)
        blocks = np.zeros((numba.get_num_threads(), len(places)), dtype=np.int64)
        _cluster_all(places, layers, radii, shifts, weights, *clustering, blocks)
        return blocks.max(axis=0)


@parallel_kernel
def _cluster_all(
    places: Float32Array,
    layers: Int64Array,
    radii: Float32Array,
    shifts: Float32Array,
    weights: Float32Array,
    eps: np.float32,
    min_samples: int,
    max_size: int,
    blocks: Int64Array,
) -> None:
    """Count the votes of all hypotheses; every len(blocks)-th radius votes in the same block."""
    n, n_blocks = len(places), len(blocks)
    for block in numba.prange(n_blocks):
        bends = np.empty((n, 3), dtype=np.float32)
        points = np.empty((n, N_FEATURES), dtype=np.float32)
        labels = np.empty(n, dtype=np.int32)
        work = make_workspace(n, N_FEATURES)
        for k in range(block, len(radii), n_blocks):
            m = np.searchsorted(places[:, 0], 2 * radii[k])
            bend_into(places[:m], radii[k], bends)
            for number in range(2 * len(shifts)):
                sense = np.float32(1 - 2 * (number % 2))
                unroll_into(places[:m], bends, sense, shifts[number // 2], weights, points)
                n_clusters = cluster_into(points[:m], eps, min_samples, work, labels)
                hypothesis = 2 * len(shifts) * k + number
                vote(labels[:m], layers, n_clusters, hypothesis, max_size, blocks[block])
