"""The sweep over hypotheses: unroll the hits, cluster them, and let the clusters vote, under each in turn.

A hypothesis is a helix radius, a sense of turning and a shift of z; all combinations are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.kernels import kernel, parallel_kernel
from clew.seeding.dbscan import cluster_into, make_workspace
from clew.seeding.unrolled.merging import Clustering, vote
from clew.seeding.unrolled.unrolling import (
    N_FEATURES,
    Places,
    Weights,
    new_turns,
    turn_into,
    unroll,
    unroll_into,
)

__all__ = ["Hypotheses", "sweep", "sweep_with"]


class Hypotheses(NamedTuple):
    """Helix radii and shifts of z to be tried, each ndarray of float32, mm."""

    radii: Float32Array
    shifts: Float32Array


def sweep(
    places: Places, layer: Int32Array, hypotheses: Hypotheses, weights: Weights, clustering: Clustering
) -> Int64Array:
    """Sweep with the compiled DBSCAN, on all numba threads; the result is the same for any number of them.

    Parameters
    ----------
    places : Places
        Sorted by r: hits beyond a helix's reach are left out.
    layer : ndarray of shape (n_hits,), int32
        Dense index of each hit's layer, -1 for none.
    hypotheses : Hypotheses
    weights : Weights
    clustering : Clustering

    Returns
    -------
    ndarray of shape (n_hits,), int64
        The best claim on each hit, see `clew.seeding.unrolled.merging.vote`.
    """
    blocks = np.zeros((numba.get_num_threads(), len(layer)), dtype=np.int64)
    reach = np.searchsorted(places.r, 2 * hypotheses.radii)
    _sweep_blocks(places, layer, reach, hypotheses, weights, clustering, blocks)
    return blocks.max(axis=0)


@parallel_kernel
def _sweep_blocks(
    places: Places,
    layer: Int32Array,
    reach: Int64Array,
    hypotheses: Hypotheses,
    weights: Weights,
    clustering: Clustering,
    blocks: Int64Array,
) -> None:
    for block in numba.prange(len(blocks)):
        _sweep_block(places, layer, reach, hypotheses, weights, clustering, blocks, block)


@kernel(owns=True)
def _sweep_block(
    places: Places,
    layer: Int32Array,
    reach: Int64Array,
    hypotheses: Hypotheses,
    weights: Weights,
    clustering: Clustering,
    blocks: Int64Array,
    block: int,
) -> None:
    """Share the radii out: every len(blocks)-th votes in the same block, the best of all blocks counts."""
    n, shifts = len(layer), hypotheses.shifts
    turns = new_turns(n)
    points = np.empty((n, N_FEATURES), dtype=np.float32)
    labels = np.empty(n, dtype=np.int32)
    work = make_workspace(n, N_FEATURES)
    eps = np.float32(clustering.eps)
    for k in range(block, len(hypotheses.radii), len(blocks)):
        m = reach[k]
        turn_into(places, m, hypotheses.radii[k], turns)
        for part in range(2 * len(shifts)):
            sense = np.float32(1 - 2 * (part % 2))
            unroll_into(places, turns, m, sense, shifts[part // 2], weights, points)
            n_clusters = cluster_into(points[:m], eps, clustering.min_samples, work, labels)
            number = 2 * len(shifts) * k + part
            vote(points, labels[:m], layer, n_clusters, clustering, number, blocks[block])


def sweep_with(
    cluster: Callable[[Float32Array, float, int], Int32Array],
    places: Places,
    layer: Int32Array,
    hypotheses: Hypotheses,
    weights: Weights,
    clustering: Clustering,
) -> Int64Array:
    """Do the same as `sweep` with another clusterer: a function of points, eps and min_samples."""
    best = np.zeros(len(layer), dtype=np.int64)
    for number, (radius, shift, sense) in enumerate(product(*hypotheses, (1, -1))):
        m = int(np.searchsorted(places.r, 2 * radius))
        points = unroll(Places(*(part[:m] for part in places)), radius, sense, shift, weights)
        labels = cluster(points, clustering.eps, clustering.min_samples)
        vote(points, labels, layer, int(labels.max(initial=-1)) + 1, clustering, number, best)
    return best
