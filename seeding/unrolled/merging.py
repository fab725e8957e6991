"""Merging over hypotheses: each hit ends in the best cluster that any hypothesis put it into."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.kernels import kernel
from clew.tracks import Candidates

__all__ = ["Clustering", "merged", "vote"]

_WORD: Final = 5  # log2 of the layers of a word
_MOST_LAYERS: Final = 255  # that a claim has room for; more count as these
_CLUSTER_BITS: Final = 27
_HYPOTHESIS_BITS: Final = 18
_SPREAD_BITS: Final = 10
_SPREAD_STEPS: Final = 128  # in which spreads are told apart, per eps


class Clustering(NamedTuple):
    """How hits are clustered, and which clusters vote.

    Attributes
    ----------
    eps, min_samples : float, int
        Parameters of the clusterer; `eps` is also the unit of a cluster's spread.
    max_size : int
        Larger clusters do not count: they are no tracks.
    fewest_layers : int
        Nor do clusters on fewer layers.
    n_layers : int
        Of the detector.
    """

    eps: float
    min_samples: int
    max_size: int
    fewest_layers: int
    n_layers: int


@kernel(owns=True)
def vote(
    points: Float32Array,
    labels: Int32Array,
    layer: Int32Array,
    n_clusters: int,
    clustering: Clustering,
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
    layer : ndarray of shape (n_hits,), int32
        Dense index of each hit's layer, -1 for none.
    n_clusters : int
    clustering : Clustering
    hypothesis : int
        Number of the hypothesis.
    best : ndarray of shape (n_hits,), int64
        The claims so far, 0 for none; opaque, larger is better.
    """
    worth = _worth(points, labels, layer, n_clusters, clustering)
    earliness = (1 << _HYPOTHESIS_BITS) - 1 - hypothesis
    for i in range(len(labels)):
        k = labels[i]
        if k >= 0 and worth[k] > 0:
            claim = (worth[k] << _HYPOTHESIS_BITS | earliness) << _CLUSTER_BITS | k
            best[i] = max(best[i], claim)


@kernel(owns=True)
def _worth(
    points: Float32Array, labels: Int32Array, layer: Int32Array, n_clusters: int, clustering: Clustering
) -> Int64Array:
    """Return for each cluster its layers and, in the low bits, how little it is spread; 0 if no track."""
    worth = np.zeros(n_clusters, dtype=np.int64)
    seen = np.zeros((n_clusters, (clustering.n_layers >> _WORD) + 1), dtype=np.int64)
    size = np.zeros(n_clusters, dtype=np.int32)
    sums, squares = np.zeros((n_clusters, 3)), np.zeros(n_clusters)
    for i in range(len(labels)):
        k = labels[i]
        if k >= 0:
            _see(seen[k], layer[i])
            size[k] += 1
            for column in range(3):
                value = np.float64(points[i, column])
                sums[k, column] += value
                squares[k] += value * value
    narrowest = (1 << _SPREAD_BITS) - 1
    eps = np.float32(clustering.eps)
    for k in range(n_clusters):
        n_seen = min(_bits(seen[k]), _MOST_LAYERS)
        if n_seen >= clustering.fewest_layers and size[k] <= clustering.max_size:
            mean2 = (sums[k, 0] ** 2 + sums[k, 1] ** 2 + sums[k, 2] ** 2) / size[k] ** 2
            spread = np.sqrt(max(0.0, squares[k] / size[k] - mean2)) / eps
            worth[k] = n_seen << _SPREAD_BITS | (narrowest - min(narrowest, int(_SPREAD_STEPS * spread)))
    return worth


@kernel(force=True)
def _see(words: Int64Array, layer: int) -> None:
    """Set the bit of a layer, one bit for each in as many words as the detector needs; none for -1."""
    if layer >= 0:
        words[layer >> _WORD] |= np.int64(1) << (layer & ((1 << _WORD) - 1))


@kernel(force=True)
def _bits(words: Int64Array) -> int:
    count = 0
    for word in words:
        while word:
            word &= word - 1
            count += 1
    return count


def merged(best: Int64Array) -> Candidates:
    """Return the hits that each cluster holds in the end, those without a claim in none."""
    claims, numbers = np.unique(best, return_inverse=True)
    first = 0 if len(claims) and claims[0] == 0 else 1
    return Candidates.from_labels((numbers + first).astype(np.int32))
