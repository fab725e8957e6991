"""Merging over hypotheses: each hit ends in the best cluster that any hypothesis put it into."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.kernels import kernel
from clew.tracks import Candidates

__all__ = ["merged", "n_layers", "vote"]

_CLUSTER_BITS: Final = 27
_HYPOTHESIS_BITS: Final = 18
_SPREAD_BITS: Final = 10
_FEWEST_LAYERS: Final = 3


@kernel
def vote(
    points: Float32Array,
    labels: Int32Array,
    layers: Int64Array,
    n_clusters: int,
    eps: np.float32,
    max_size: int,
    hypothesis: int,
    best: Int64Array,
) -> None:
    """Let the clusters of one hypothesis claim their hits.

    A cluster wins a hit from another if it has hits on more layers, or on as many and is less spread; the
    earlier hypothesis wins a draw.  As this does not depend on the order of the votes, they may be counted
    in parallel.

    Parameters
    ----------
    points : ndarray of shape (n_hits, n_features), float32
        The first three features are the ones whose spread counts.
    labels : ndarray of shape (n_hits,), int32
        Cluster of each hit, -1 for none.
    layers : ndarray of shape (n_hits,), int64
        One bit set: that of the hit's layer.
    n_clusters : int
    eps : float32
        Unit of the spread.
    max_size : int
        Larger clusters do not count: they are no tracks.
    hypothesis : int
        Number of the hypothesis.
    best : ndarray of shape (n_hits,), int64
        The claims so far, 0 for none; opaque, larger is better.
    """
    worth = _worth(points, labels, layers, n_clusters, eps, max_size)
    earliness = (1 << _HYPOTHESIS_BITS) - 1 - hypothesis
    for i in range(len(labels)):
        k = labels[i]
        if k >= 0 and worth[k] > 0:
            claim = (worth[k] << _HYPOTHESIS_BITS | earliness) << _CLUSTER_BITS | k
            best[i] = max(best[i], claim)


@kernel
def _worth(
    points: Float32Array,
    labels: Int32Array,
    layers: Int64Array,
    n_clusters: int,
    eps: np.float32,
    max_size: int,
) -> Int64Array:
    """Return for each cluster its layers and, in the low bits, how little it is spread; 0 if no track."""
    worth = np.zeros(n_clusters, dtype=np.int64)
    size = np.zeros(n_clusters, dtype=np.int32)
    sums = np.zeros((n_clusters, 4))
    for i in range(len(labels)):
        k = labels[i]
        if k >= 0:
            worth[k] |= layers[i]
            size[k] += 1
            for column in range(3):
                value = np.float64(points[i, column])
                sums[k, column] += value
                sums[k, 3] += value * value
    narrowest = (1 << _SPREAD_BITS) - 1
    for k in range(n_clusters):
        n_seen = _bits(worth[k])
        worth[k] = 0
        if n_seen >= _FEWEST_LAYERS and size[k] <= max_size:
            mean2 = (sums[k, 0] ** 2 + sums[k, 1] ** 2 + sums[k, 2] ** 2) / size[k] ** 2
            spread = np.sqrt(max(0.0, sums[k, 3] / size[k] - mean2)) / eps
            worth[k] = n_seen << _SPREAD_BITS | (narrowest - min(narrowest, int(128 * spread)))
    return worth


@kernel
def _bits(word: int) -> int:
    count = 0
    while word:
        word &= word - 1
        count += 1
    return count


def merged(best: Int64Array) -> Candidates:
    """Return the hits that each cluster holds in the end, those without a claim in none."""
    claims, numbers = np.unique(best, return_inverse=True)
    first = 0 if len(claims) and claims[0] == 0 else 1
    return Candidates.from_labels((numbers + first).astype(np.int32))


def n_layers(tracks: Candidates, layers: Int64Array) -> Int32Array:
    """Return on how many layers each track has hits; `layers` as in `vote`, shape (n_tracks,), int32."""
    return _count_layers(tracks.hits, tracks.offsets, layers)


@kernel
def _count_layers(hits: Int32Array, offsets: Int64Array, layers: Int64Array) -> Int32Array:
    counts = np.zeros(len(offsets) - 1, dtype=np.int32)
    for i in range(len(counts)):
        seen = 0
        for k in range(offsets[i], offsets[i + 1]):
            seen |= layers[hits[k]]
        counts[i] = _bits(seen)
    return counts
