"""The unrolled seeder: cluster the hits under many helix hypotheses, merge, clean, take five hits of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numba
import numpy as np

from clew.arrays import Float32Array, Int64Array
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.seeding.clusterers import hdbscan_clusters, sklearn_dbscan
from clew.seeding.dbscan import cluster_into, make_workspace
from clew.seeding.merging import merged, vote
from clew.seeding.outliers import OutlierConfig, remove_outliers
from clew.seeding.unrolling import N_FEATURES, hypotheses, unroll, unroll_into
from clew.tracks import SEED_LENGTH, Candidates, Seeds

__all__ = ["UnrolledConfig", "UnrolledSeeder", "evenly_curved"]

_SHORTEST = 3


def evenly_curved(smallest: float, n: int) -> tuple[float, ...]:
    """Return n radii from the smallest [mm] up, evenly spaced in curvature."""
    return tuple(float(smallest * n / k) for k in range(n, 0, -1))


@dataclass(frozen=True)
class UnrolledConfig:
    """Settings of the unrolled seeder.

    Attributes
    ----------
    radii : tuple of float
        Helix radii of the hypotheses, mm; each is tried in both senses.
    shifts : tuple of float
        Shifts of z of the hypotheses, mm.
    clusterer : "dbscan", "scikit-learn" or "hdbscan"
        The first two are both DBSCAN.
    eps, min_samples : float, int
        Parameters of the clusterer.
    weight_z, weight_side : float, float
        Scales of z/arc and of the position in the track's frame [1/mm] against the angle theta0.
    max_size : int
        Clusters of more hits are no tracks.
    outliers : OutlierConfig
    """

    radii: tuple[float, ...] = evenly_curved(270.0, 40)
    shifts: tuple[float, ...] = (0.0,)
    clusterer: Literal["dbscan", "scikit-learn", "hdbscan"] = "dbscan"
    eps: float = 0.0033
    min_samples: int = 1
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
        clusters = remove_outliers(hits, merged(self._claims(hits)), self.config.outliers)
        found = clusters.select(clusters.lengths >= _SHORTEST)
        long_enough = found.select(found.lengths >= SEED_LENGTH)
        return Seeds(long_enough.head(SEED_LENGTH), found)

    def _claims(self, hits: Hits) -> Int64Array:
        """Cluster the hits under every hypothesis; return each hit's best claim."""
        config = self.config
        table = hypotheses(config.radii, config.shifts)
        layers = np.int64(1) << hits.layer_index.astype(np.int64)
        weights = np.array((config.weight_z, config.weight_side), dtype=np.float32)
        if config.clusterer == "dbscan":
            settings = (np.float32(config.eps), config.min_samples, config.max_size)
            blocks = np.zeros((numba.get_num_threads(), len(hits)), dtype=np.int64)
            _cluster_all(hits.x, hits.y, hits.z, hits.r, layers, table, weights, *settings, blocks)
            return blocks.max(axis=0)
        cluster = sklearn_dbscan if config.clusterer == "scikit-learn" else hdbscan_clusters
        best = np.zeros(len(hits), dtype=np.int64)
        for number, hypothesis in enumerate(table):
            labels = cluster(unroll(hits, hypothesis, weights), config.eps, config.min_samples)
            vote(labels, layers, int(labels.max(initial=-1)) + 1, number, config.max_size, best)
        return best


@parallel_kernel
def _cluster_all(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    r: Float32Array,
    layers: Int64Array,
    table: Float32Array,
    weights: Float32Array,
    eps: np.float32,
    min_samples: int,
    max_size: int,
    blocks: Int64Array,
) -> None:
    """Count the votes of all hypotheses, the n-th of every len(blocks) into blocks[n]."""
    n_blocks = len(blocks)
    for block in numba.prange(n_blocks):
        points = np.empty((len(x), N_FEATURES), dtype=np.float32)
        labels = np.empty(len(x), dtype=np.int32)
        work = make_workspace(len(x), N_FEATURES)
        for number in range(block, len(table), n_blocks):
            unroll_into(x, y, z, r, table[number], weights, points)
            n_clusters = cluster_into(points, eps, min_samples, work, labels)
            vote(labels, layers, n_clusters, number, max_size, blocks[block])
