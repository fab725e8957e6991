"""One label per hit by competition: the best candidate takes its hits, the others keep what is left."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.ensemble.passes import added
from clew.ensemble.smoothness import helix_deviation
from clew.errors import ConfigError
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.tracks import Candidates

__all__ = ["CompetitionConfig", "CompetitionEnsemble"]


@dataclass(frozen=True)
class CompetitionConfig:
    """Settings of CompetitionEnsemble.

    A candidate's quality is its number of layers, plus `double_worth` for each further hit, less
    `roughness` for each mm that it deviates from a helix (`most_deviation` mm at most), less `distrust`
    for each set before its own.

    Attributes
    ----------
    min_hits : int
        Candidates with fewer hits left make no track.
    max_lost : float
        Candidates that lost a larger fraction of their hits to better ones make no track.
    complete : bool
        A candidate that lost most of its hits to one track gives that track its other hits too, where
        the union deviates by at most `max_deviation` mm from a helix.
    """

    min_hits: int = 3
    max_lost: float = 0.5
    double_worth: float = 0.25
    roughness: float = 0.2
    most_deviation: float = 10.0
    distrust: float = 1.0
    complete: bool = True
    max_deviation: float = 5.0


class CompetitionEnsemble:
    """Stage 4 by ranking candidates on length and smoothness."""

    def __init__(self, config: CompetitionConfig) -> None:
        if config.min_hits < 1:
            raise ConfigError(f"ensemble: min_hits is {config.min_hits}: it must be at least 1")
        if not 0 <= config.max_lost <= 1:
            raise ConfigError(f"ensemble: max_lost is {config.max_lost}: it must be from 0 to 1")
        self.config = config

    def resolve(self, hits: Hits, candidates: Sequence[Candidates], labels: Int32Array) -> Int32Array:
        """Return labels with one more pass; see clew.stages.Ensemble."""
        pool = Candidates.concatenate([Candidates.empty(), *candidates])
        ranks = np.repeat(np.arange(len(candidates)), [len(part) for part in candidates])
        c = self.config
        worth = np.array([c.double_worth, c.roughness, c.most_deviation, c.distrust])
        points = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
        event = (points, hits.layer_index)
        quality = _qualities(pool.hits, pool.offsets, ranks, *event, worth)
        completing = c.max_deviation if c.complete else -1.0
        new = _compete(
            pool.hits, pool.offsets, ranks, quality, *event, worth, c.min_hits, c.max_lost, completing
        )
        return added(labels, new)


@parallel_kernel
def _qualities(
    hits: Int32Array,
    offsets: Int64Array,
    ranks: Int64Array,
    points: Float64Array,
    layer: Int32Array,
    worth: Float64Array,
) -> Float64Array:
    quality = np.zeros(len(ranks))
    for i in numba.prange(len(ranks)):
        quality[i] = _quality(hits[offsets[i] : offsets[i + 1]], ranks[i], points, layer, worth)
    return quality


@kernel(owns=True)
def _quality(
    rows: Int32Array, rank: int, points: Float64Array, layer: Int32Array, worth: Float64Array
) -> float:
    across, along = helix_deviation(points[rows])
    seen = np.int64(0)
    for row in rows:
        seen |= np.int64(1) << np.int64(layer[row] + 1)
    n_layers = 0
    while seen:
        seen &= seen - 1
        n_layers += 1
    doubles = len(rows) - n_layers
    return n_layers + worth[0] * doubles - worth[1] * min(across + along, worth[2]) - worth[3] * rank


@kernel(owns=True)
def _compete(
    hits: Int32Array,
    offsets: Int64Array,
    ranks: Int64Array,
    quality: Float64Array,
    points: Float64Array,
    layer: Int32Array,
    worth: Float64Array,
    min_hits: int,
    max_lost: float,
    completing: float,
) -> Int32Array:
    """Give hits to candidates in the order of quality, which is counted anew where hits are gone."""
    labels = np.zeros(len(points), dtype=np.int32)
    left = np.diff(offsets)
    heap = [(-quality[i], i) for i in range(len(ranks)) if left[i] >= min_hits]
    heapq.heapify(heap)
    winners = [0]
    while len(heap) > 0:
        _, i = heapq.heappop(heap)
        own = hits[offsets[i] : offsets[i + 1]]
        rows = own[labels[own] == 0]
        if len(rows) == left[i]:
            labels[rows] = len(winners)
            winners.append(i)
            continue
        left[i] = len(rows)
        if len(rows) >= min_hits and len(rows) >= (1 - max_lost) * len(own):
            heapq.heappush(heap, (-_quality(rows, ranks[i], points, layer, worth), i))
        elif completing >= 0 and len(rows) > 0:
            track = _most_common(labels[own])
            winner = winners[track]
            theirs = hits[offsets[winner] : offsets[winner + 1]]
            theirs = theirs[labels[theirs] == track]
            if 2 * (labels[own] == track).sum() > len(own) and _fits(theirs, rows, points, completing):
                labels[rows] = track
    return labels


@kernel(owns=True)
def _most_common(labels: Int32Array) -> int:
    """Return the label other than 0 that occurs most often, the lowest of equals."""
    best, most = 0, 0
    for label in np.unique(labels):
        count = (labels == label).sum()
        if label > 0 and count > most:
            best, most = label, count
    return best


@kernel(owns=True)
def _fits(theirs: Int32Array, rows: Int32Array, points: Float64Array, max_deviation: float) -> bool:
    """Tell whether a track with further rows still is like a helix."""
    union = points[np.concatenate((theirs, rows))]
    outwards = np.argsort((union**2).sum(axis=1), kind="mergesort")
    across, along = helix_deviation(union[outwards])
    return across + along <= max_deviation
