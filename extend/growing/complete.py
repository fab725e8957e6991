"""Finished tracks are looked at once more, and take the hits still free that they missed."""

from __future__ import annotations

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.event import Hits
from clew.extend.growing.following import (
    LONGEST,
    Rules,
    Scratch,
    before,
    follow,
    new_scratch,
    retrace,
)
from clew.hits.free import FreeHits
from clew.hits.index import entries_of
from clew.hits.space import SearchSpace, thinned
from clew.kernels import copy_into, kernel, run_blocks
from clew.motion.state import start_state
from clew.tracks import NO_HIT, Candidates

__all__ = ["complete_tracks"]


def complete_tracks(hits: Hits, labels: Int32Array, free: FreeHits, rules: Rules) -> Int32Array:
    """Return the labels with the free hits that tracks missed; see `clew.stages.Grower.complete`.

    Each track is followed on from its last three layers and retraced over all hits of the event, as its own
    have to be met again; of what it finds it keeps those that are free.  A hit goes to the first track.
    """
    space = thinned(free.whole, free.mask)
    far = hits.r.astype(np.float64) ** 2 + hits.z.astype(np.float64) ** 2
    tracks = Candidates.from_labels(labels, np.lexsort((far, labels)))
    names = labels[tracks.hits[tracks.offsets[:-1]]]
    entries = entries_of(space.row, len(hits))[tracks.hits]
    found = np.full((len(tracks), LONGEST), NO_HIT, dtype=np.int32)
    following, preceding = hits.detector.following(1), hits.detector.preceding(1)

    def complete_block(begin: int, end: int) -> None:
        _complete_block(space, entries, tracks.offsets, (following, preceding), rules, found, (begin, end))

    run_blocks(complete_block, len(tracks))
    completed = labels.copy()
    _take(found, space.row, names, completed)
    return completed


@kernel(force=True)
def _complete_one(
    space: SearchSpace, layers: tuple[Int32Array, Int32Array], rules: Rules, scratch: Scratch, n: int
) -> int:
    """Complete the n hits of `scratch.track`; return how many they are then."""
    track, points = scratch.track, space.points
    middle, first = before(space, track, n)
    begin, between, end = points[first], points[middle], points[track[n - 1]]
    if begin.layer == between.layer or between.layer == end.layer:
        return n
    state = scratch.states[0]
    if start_state(begin, between, end, space.surfaces, rules.motion, rules.field, state):
        n, _ = follow(space, layers[0], rules, scratch, n)
    return retrace(space, layers[1], rules, scratch, n)


@kernel(owns=True)
def _complete_block(
    space: SearchSpace,
    entries: Int32Array,
    offsets: Int64Array,
    layers: tuple[Int32Array, Int32Array],
    rules: Rules,
    found: Int32Array,
    block: tuple[int, int],
) -> None:
    """Complete the tracks of a block: numbers block[0] to block[1]."""
    scratch = new_scratch(rules.network)
    for number in range(block[0], block[1]):
        n = 0
        for place in range(offsets[number], offsets[number + 1]):
            if entries[place] >= 0 and n < LONGEST:
                scratch.track[n] = entries[place]
                n += 1
        if n >= 3:
            n = _complete_one(space, layers, rules, scratch, n)
            copy_into(found[number], scratch.track, n)


@kernel
def _take(found: Int32Array, row: Int32Array, names: Int32Array, labels: Int32Array) -> None:
    for number in range(len(found)):
        for entry in found[number]:
            if entry >= 0 and labels[row[entry]] == 0:
                labels[row[entry]] = names[number]
