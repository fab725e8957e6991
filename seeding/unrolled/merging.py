"""Merging over hypotheses: each hit ends in the best cluster that any hypothesis put it into."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.errors import ConfigError
from clew.event import Hits
from clew.kernels import kernel
from clew.tracks import Candidates

__all__ = ["Electorate", "layer_bits", "merged", "n_layers", "vote"]

_LAYER_BITS: Final = 63
_CLUSTER_BITS: Final = 27
_HYPOTHESIS_BITS: Final = 18
_SPREAD_BITS: Final = 10
_SPREAD_STEPS: Final = 128  # in which spreads are told apart, per eps


class Electorate(NamedTuple):
    """Which clusters vote.

    Attributes
    ----------
    eps : float32
        Unit of a cluster's spread.
    max_size : int
        Larger clusters do not count: they are no tracks.
    fewest_layers : int
        Nor do clusters on fewer layers.
    """

    eps: np.float32
    max_size: int
    fewest_layers: int


def layer_bits(hits: Hits) -> Int64Array:
    """Return for each hit a number with one bit set, that of its layer, shape (n_hits,), int64.

    Raises ConfigError for a detector of more layers than such a number has bits.
    """
    n = len(hits.detector)
    if n > _LAYER_BITS:
        raise ConfigError(
            f"seeding: the method unrolled takes detectors of at most {_LAYER_BITS} layers and "
            f"{hits.detector.name} has {n}: choose another method"
        )
    return np.where(hits.layer_index >= 0, np.int64(1) << np.maximum(hits.layer_index, 0).astype(np.int64), 0)


@kernel(owns=True)
def vote(
    points: Float32Array,
    labels: Int32Array,
    layers: Int64Array,
    n_clusters: int,
    electorate: Electorate,
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
        See `layer_bits`.
    n_clusters : int
    electorate : Electorate
    hypothesis : int
        Number of the hypothesis.
    best : ndarray of shape (n_hits,), int64
        The claims so far, 0 for none; opaque, larger is better.
    """
    worth = _worth(points, labels, layers, n_clusters, electorate)
    earliness = (1 << _HYPOTHESIS_BITS) - 1 - hypothesis
    for i in range(len(labels)):
        k = labels[i]
        if k >= 0 and worth[k] > 0:
            claim = (worth[k] << _HYPOTHESIS_BITS | earliness) << _CLUSTER_BITS | k
            best[i] = max(best[i], claim)


@kernel(owns=True)
def _worth(
    points: Float32Array, labels: Int32Array, layers: Int64Array, n_clusters: int, electorate: Electorate
) -> Int64Array:
    """Return for each cluster its layers and, in the low bits, how little it is spread; 0 if no track."""
    worth = np.zeros(n_clusters, dtype=np.int64)
    size = np.zeros(n_clusters, dtype=np.int32)
    sums, squares = np.zeros((n_clusters, 3)), np.zeros(n_clusters)
    for i in range(len(labels)):
        k = labels[i]
        if k >= 0:
            worth[k] |= layers[i]
            size[k] += 1
            for column in range(3):
                value = np.float64(points[i, column])
                sums[k, column] += value
                squares[k] += value * value
    narrowest = (1 << _SPREAD_BITS) - 1
    for k in range(n_clusters):
        n_seen = _bits(worth[k])
        worth[k] = 0
        if n_seen >= electorate.fewest_layers and size[k] <= electorate.max_size:
            mean2 = (sums[k, 0] ** 2 + sums[k, 1] ** 2 + sums[k, 2] ** 2) / size[k] ** 2
            spread = np.sqrt(max(0.0, squares[k] / size[k] - mean2)) / electorate.eps
            worth[k] = n_seen << _SPREAD_BITS | (narrowest - min(narrowest, int(_SPREAD_STEPS * spread)))
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
    """Return on how many layers each track has hits, shape (n_tracks,), int32; `layers` is `layer_bits`."""
    return _count_layers(tracks.hits, tracks.offsets, layers)


@kernel(owns=True)
def _count_layers(hits: Int32Array, offsets: Int64Array, layers: Int64Array) -> Int32Array:
    counts = np.zeros(len(offsets) - 1, dtype=np.int32)
    for i in range(len(counts)):
        seen = 0
        for k in range(offsets[i], offsets[i + 1]):
            seen |= layers[hits[k]]
        counts[i] = _bits(seen)
    return counts
