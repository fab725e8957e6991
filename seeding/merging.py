"""Merging over hypotheses: each hit ends in the best cluster that any hypothesis put it into."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.kernels import kernel
from clew.tracks import Candidates

__all__ = ["merged", "n_layers", "vote"]

_CLUSTER_BITS: Final = 32
_HYPOTHESIS_BITS: Final = 20


@kernel
def vote(
    labels: Int32Array,
    layers: Int64Array,
    n_clusters: int,
    hypothesis: int,
    max_size: int,
    best: Int64Array,
) -> None:
    """Let the clusters of one hypothesis claim their hits.

    A cluster wins a hit from another if it has hits on more layers; the earlier hypothesis keeps it if on as
    many.  As this does not depend on the order of the votes, they may be counted in parallel.

    Parameters
    ----------
    labels : ndarray of shape (n_hits,), int32
        Cluster of each hit, -1 for none.
    layers : ndarray of shape (n_hits,), int64
        One bit set: that of the hit's layer.
    n_clusters : int
    hypothesis : int
        Number of the hypothesis.
    max_size : int
        Larger clusters do not count: they are no tracks.
    best : ndarray of shape (n_hits,), int64
        The claims so far, 0 for none; opaque, larger is better.
    """
    seen = np.zeros(n_clusters, dtype=np.int64)
    size = np.zeros(n_clusters, dtype=np.int32)
    for i in range(len(labels)):
        if labels[i] >= 0:
            seen[labels[i]] |= layers[i]
            size[labels[i]] += 1
    for k in range(n_clusters):
        seen[k] = _bits(seen[k]) if 3 <= size[k] <= max_size else 0
    earliness = (1 << _HYPOTHESIS_BITS) - 1 - hypothesis
    for i in range(len(labels)):
        if labels[i] >= 0 and seen[labels[i]] >= 3:
            claim = (seen[labels[i]] << _HYPOTHESIS_BITS | earliness) << _CLUSTER_BITS | labels[i]
            best[i] = max(best[i], claim)


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
