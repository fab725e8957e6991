"""The sweep over hypotheses: unroll the hits, cluster them, and let the clusters vote, under each in turn.

A hypothesis is a helix radius, a sense of turning and a shift of z; all combinations are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numba
import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.kernels import parallel_kernel
from clew.seeding.dbscan import cluster_into, make_workspace
from clew.seeding.unrolled.merging import vote
from clew.seeding.unrolled.unrolling import N_FEATURES, bend_into, unroll, unroll_into

__all__ = ["sweep", "sweep_with"]


def sweep(
    places: Float32Array,
    layers: Int64Array,
    hypotheses: tuple[Float32Array, Float32Array],
    weights: Float32Array,
    eps: float,
    min_samples: int,
    max_size: int,
) -> Int64Array:
    """Sweep with the compiled DBSCAN, on all numba threads; the result is the same for any number of them.

    Parameters
    ----------
    places : ndarray of shape (n_hits, 4), float32
        From `clew.seeding.unrolled.unrolling.cylindrical`, sorted by r: hits beyond a helix's reach are left
        out.
    layers : ndarray of shape (n_hits,), int64
        One bit set: that of the hit's layer.
    hypotheses : tuple of two ndarrays, float32
        Radii and shifts, mm.
    weights : ndarray of shape (2,), float32
        Those of `clew.seeding.unrolled.unrolling.unroll`.
    eps, min_samples : float, int
        Parameters of DBSCAN.
    max_size : int
        Larger clusters do not vote.

    Returns
    -------
    ndarray of shape (n_hits,), int64
        The best claim on each hit, see `clew.seeding.unrolled.merging.vote`.
    """
    blocks = np.zeros((numba.get_num_threads(), len(places)), dtype=np.int64)
    reach = np.searchsorted(places[:, 0], 2 * hypotheses[0])
    _sweep_blocks(places, layers, reach, *hypotheses, weights, np.float32(eps), min_samples, max_size, blocks)
    return blocks.max(axis=0)


@parallel_kernel
def _sweep_blocks(
    places: Float32Array,
    layers: Int64Array,
    reach: Int64Array,
    radii: Float32Array,
    shifts: Float32Array,
    weights: Float32Array,
    eps: np.float32,
    min_samples: int,
    max_size: int,
    blocks: Int64Array,
) -> None:
    """Share the radii out: every len(blocks)-th votes in the same block, the best of all blocks counts."""
    n, n_blocks = len(places), len(blocks)
    for block in numba.prange(n_blocks):
        bends = np.empty((n, 3), dtype=np.float32)
        points = np.empty((n, N_FEATURES), dtype=np.float32)
        labels = np.empty(n, dtype=np.int32)
        work = make_workspace(n, N_FEATURES)
        for k in range(block, len(radii), n_blocks):
            m = reach[k]
            bend_into(places[:m], radii[k], bends)
            for part in range(2 * len(shifts)):
                sense = np.float32(1 - 2 * (part % 2))
                unroll_into(places[:m], bends, sense, shifts[part // 2], weights, points)
                n_clusters = cluster_into(points[:m], eps, min_samples, work, labels)
                number = 2 * len(shifts) * k + part
                vote(points, labels[:m], layers, n_clusters, eps, max_size, number, blocks[block])


def sweep_with(
    cluster: Callable[[Float32Array, float, int], Int32Array],
    places: Float32Array,
    layers: Int64Array,
    hypotheses: tuple[Float32Array, Float32Array],
    weights: Float32Array,
    eps: float,
    min_samples: int,
    max_size: int,
) -> Int64Array:
    """Do the same as `sweep` with another clusterer: a function of points, eps and min_samples."""
    best = np.zeros(len(places), dtype=np.int64)
    for number, (radius, shift, sense) in enumerate(product(*hypotheses, (1, -1))):
        m = int(np.searchsorted(places[:, 0], 2 * radius))
        points = unroll(places[:m], radius, sense, shift, weights)
        labels = cluster(points, eps, min_samples)
        vote(points, labels, layers, int(labels.max(initial=-1)) + 1, np.float32(eps), max_size, number, best)
    return best
