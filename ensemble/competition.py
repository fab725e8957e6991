"""One label per hit by competition: the best candidate takes its hits, the others keep what is left."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.ensemble.passes import added
from clew.ensemble.smoothness import helix_deviation
from clew.errors import ConfigError
from clew.event import Hits
from clew.hits.layers import count_layers
from clew.kernels import kernel, parallel_kernel
from clew.settings import Switch, within
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

    min_hits: Annotated[int, within(1, 100)] = 3
    max_lost: Annotated[float, within(0, 1)] = 0.5
    double_worth: Annotated[float, within(0, 10)] = 0.25
    roughness: Annotated[float, within(0, 100)] = 0.2
    most_deviation: Annotated[float, within(0, 1000)] = 10.0
    distrust: Annotated[float, within(0, 100)] = 1.0
    complete: Switch = True
    max_deviation: Annotated[float, within(0, 1000)] = 5.0


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
        joint = Candidates.concatenate([Candidates.empty(), *candidates])
        ranks = np.repeat(np.arange(len(candidates)), [len(part) for part in candidates])
        pool = _Pool(joint.hits, joint.offsets, ranks)
        points = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
        event = _Event(points, hits.layer_index, len(hits.detector))
        c = self.config
        worth = _Worth(c.double_worth, c.roughness, c.most_deviation, c.distrust)
        rules = _Rules(c.min_hits, c.max_lost, c.max_deviation if c.complete else -1.0)
        return added(labels, _compete(pool, _qualities(pool, event, worth), event, worth, rules))


class _Pool(NamedTuple):
    """The candidates; the hits of candidate i are hits[offsets[i]] to hits[offsets[i + 1]].

    Attributes
    ----------
    hits : ndarray of shape (any,), int32
    offsets : ndarray of shape (n + 1,), int64
    ranks : ndarray of shape (n,), int64
        The number of sets before each one's own.
    """

    hits: Int32Array
    offsets: Int64Array
    ranks: Int64Array


class _Event(NamedTuple):
    """Where hits are.

    Attributes
    ----------
    points : ndarray of shape (n_hits, 3), float64, mm
    layer : ndarray of shape (n_hits,), int32
        Dense index, -1 for none.
    n_layers : int
        Of the detector.
    """

    points: Float64Array
    layer: Int32Array
    n_layers: int


class _Worth(NamedTuple):
    """What makes a candidate's quality; see `CompetitionConfig`."""

    double_worth: float
    roughness: float
    most_deviation: float
    distrust: float


class _Rules(NamedTuple):
    """Which candidates make tracks; see `CompetitionConfig`. A negative `max_deviation`: do not complete."""

    min_hits: int
    max_lost: float
    max_deviation: float


@parallel_kernel
def _qualities(pool: _Pool, event: _Event, worth: _Worth) -> Float64Array:
    quality = np.zeros(len(pool.ranks))
    for i in numba.prange(len(quality)):
        rows = pool.hits[pool.offsets[i] : pool.offsets[i + 1]]
        quality[i] = _quality(rows, pool.ranks[i], event, worth)
    return quality


@kernel(owns=True)
def _quality(rows: Int32Array, rank: int, event: _Event, worth: _Worth) -> float:
    across, along = helix_deviation(event.points[rows])
    n_layers = count_layers(rows, event.layer, event.n_layers)
    doubles = len(rows) - n_layers
    rough = worth.roughness * min(across + along, worth.most_deviation)
    return n_layers + worth.double_worth * doubles - rough - worth.distrust * rank


@kernel(owns=True)
def _compete(pool: _Pool, quality: Float64Array, event: _Event, worth: _Worth, rules: _Rules) -> Int32Array:
    """Give hits to candidates in the order of quality, which is counted anew where hits are gone."""
    hits, offsets = pool.hits, pool.offsets
    labels = np.zeros(len(event.points), dtype=np.int32)
    left = np.diff(offsets)
    heap = [(-quality[i], i) for i in range(len(left)) if left[i] >= rules.min_hits]
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
        if len(rows) >= rules.min_hits and len(rows) >= (1 - rules.max_lost) * len(own):
            heapq.heappush(heap, (-_quality(rows, pool.ranks[i], event, worth), i))
        elif rules.max_deviation >= 0 and len(rows) > 0:
            track = _most_common(labels[own])
            winner = winners[track]
            theirs = hits[offsets[winner] : offsets[winner + 1]]
            theirs = theirs[labels[theirs] == track]
            most = 2 * (labels[own] == track).sum() > len(own)
            if most and _fits(theirs, rows, event.points, rules.max_deviation):
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
