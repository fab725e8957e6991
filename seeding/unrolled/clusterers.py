"""The clustering of one hypothesis by other packages: reference and alternative to `clew.seeding.dbscan`."""

from __future__ import annotations

import numpy as np

from clew.arrays import Float32Array, Int32Array

__all__ = ["hdbscan_clusters", "sklearn_dbscan"]


def sklearn_dbscan(points: Float32Array, eps: float, min_samples: int = 1) -> Int32Array:
    """Do the same as `clew.seeding.dbscan.dbscan`, by scikit-learn's DBSCAN on a k-d tree."""
    from sklearn.cluster import DBSCAN

    if len(points) == 0:
        return np.zeros(0, dtype=np.int32)
    model = DBSCAN(eps=eps, min_samples=min_samples, algorithm="kd_tree")
    return model.fit(points.astype(np.float64)).labels_.astype(np.int32)


def hdbscan_clusters(points: Float32Array, eps: float, min_samples: int = 1) -> Int32Array:
    """Cluster by HDBSCAN, which finds clusters of any density; labels as those of `sklearn_dbscan`.

    `eps` is the distance below which clusters are not split any further, three hits make a cluster.
    """
    from hdbscan import HDBSCAN

    if len(points) < 3:
        return np.full(len(points), -1, dtype=np.int32)
    model = HDBSCAN(
        min_cluster_size=3,
        min_samples=min_samples,
        cluster_selection_epsilon=eps,
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    )
    return model.fit(points.astype(np.float64)).labels_.astype(np.int32)
