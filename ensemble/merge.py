"""One label per hit by Finnie and Finnie's merge: candidates join the tracks before them, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.ensemble.passes import added
from clew.errors import ConfigError
from clew.event import Hits
from clew.kernels import kernel
from clew.settings import within
from clew.tracks import Candidates

__all__ = ["MergeConfig", "MergeEnsemble"]


@dataclass(frozen=True)
class MergeConfig:
    """Settings of MergeEnsemble.

    Attributes
    ----------
    min_hits : int
        Shorter candidates are left out, and so are tracks that others left shorter.
    most_overlap : int
        A candidate that shares more hits than this with one track makes a track of its own.
    most_outside : int
        So does one whose track has more hits than this outside the candidate.
    overwrite_limit : int
        Tracks with at most this many hits lose those that a later candidate has.
    """

    min_hits: Annotated[int, within(1, 100)] = 4
    most_overlap: Annotated[int, within(0, 1000)] = 20
    most_outside: Annotated[int, within(0, 1000)] = 6
    overwrite_limit: Annotated[int, within(0, 1000)] = 6


class MergeEnsemble:
    """Stage 4 by the heuristics of the paper's system (`heuristic_merge_tracks`)."""

    def __init__(self, config: MergeConfig) -> None:
        if config.min_hits < 1:
            raise ConfigError(f"ensemble: min_hits is {config.min_hits}: it must be at least 1")
        self.config = config

    def resolve(self, hits: Hits, candidates: Sequence[Candidates], labels: Int32Array) -> Int32Array:
        """Return labels with one more pass; see clew.stages.Ensemble.

        The candidates of the most trusted set go first, longer ones before shorter ones.
        """
        ordered = [part.select(np.argsort(-part.lengths, kind="stable")) for part in candidates]
        pool = Candidates.concatenate([Candidates.empty(), *ordered])
        c = self.config
        limits = np.array([c.min_hits, c.most_overlap, c.most_outside, c.overwrite_limit])
        return added(labels, _merge(pool.hits, pool.offsets, limits, len(hits)))


@kernel(owns=True)
def _merge(hits: Int32Array, offsets: Int64Array, limits: Int64Array, n_hits: int) -> Int32Array:
    labels = np.zeros(n_hits, dtype=np.int32)
    sizes = np.zeros(len(offsets), dtype=np.int64)
    n_tracks = 0
    for i in range(len(offsets) - 1):
        own = hits[offsets[i] : offsets[i + 1]]
        if len(own) < limits[0]:
            continue
        track, overlap = _longest_overlap(own, labels)
        if overlap == len(own):
            continue
        if _makes_new_track(len(own), overlap, sizes[track], limits):
            n_tracks += 1
            track = n_tracks
        for row in own:
            before = labels[row]
            if before == 0 or (before != track and sizes[before] <= limits[3]):
                sizes[before] -= 1
                labels[row] = track
                sizes[track] += 1
    for row in range(n_hits):
        if sizes[labels[row]] < limits[0]:
            labels[row] = 0
    return _numbered(labels)


@kernel
def _makes_new_track(length: int, overlap: int, size: int, limits: Int64Array) -> bool:
    if overlap == 0 or overlap > limits[1]:
        return True
    few = 2 * overlap < length and overlap <= limits[2]
    return few or size - overlap > limits[2]


@kernel
def _longest_overlap(own: Int32Array, labels: Int32Array) -> tuple[int, int]:
    """Return the track that has most of the hits, the first of equals, and how many."""
    track, most = 0, 0
    for row in own:
        if labels[row] == 0:
            continue
        count = 0
        for other in own:
            count += labels[other] == labels[row]
        if count > most or (count == most and labels[row] < track):
            track, most = labels[row], count
    return track, most


@kernel(owns=True)
def _numbered(labels: Int32Array) -> Int32Array:
    """Renumber the tracks from 1 in the order of their first hits."""
    number = np.zeros(labels.max() + 1 if len(labels) else 1, dtype=np.int32)
    n_tracks = 0
    for row in range(len(labels)):
        label = labels[row]
        if label > 0 and number[label] == 0:
            n_tracks += 1
            number[label] = n_tracks
        labels[row] = number[label]
    return labels
