"""Seeds of three hits grow in a loop of prediction, snapping and update, all of them at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.extend.growing.following import LONGEST, Rules, Scratch, follow, new_scratch, retrace
from clew.extend.growing.plant import grown, plant
from clew.hits.free import FreeHits
from clew.hits.space import SearchSpace
from clew.kernels import copy_into, kernel, run_blocks
from clew.motion.state import start_state
from clew.tracks import NO_HIT, Candidates, Seeds

__all__ = ["grow_triplets"]


class _Groups(NamedTuple):
    """Groups of triplets, and the best candidate that grows from each.

    Attributes
    ----------
    triplets, gains : ndarray
        See `clew.extend.growing.plant.Planted`.
    starts : ndarray of shape (n_groups + 1,), int64
        The triplets of group i are rows starts[i] to starts[i + 1].
    best : ndarray of shape (n_groups, LONGEST), int32
        The candidate: entries of the space, inside out, NO_HIT elsewhere.
    most : ndarray of shape (n_groups,), float64
        Its gain.
    """

    triplets: Int32Array
    gains: Float64Array
    starts: Int64Array
    best: Int32Array
    most: Float64Array


def grow_triplets(
    hits: Hits, seeds: Seeds, free: FreeHits, rules: Rules, least_gain: float, enough: float
) -> Candidates:
    """Grow seeds by rules; see `clew.stages.Grower` and `KalmanConfig`.

    All groups are followed outwards first.  Those whose best candidate has most of its hits in better ones
    are dropped before they are retraced: they are the same tracks, seen from another first hit.
    """
    planted = plant(hits, seeds, free)
    triplets = planted.triplets
    starts = np.append(np.flatnonzero(np.diff(triplets[:, 0], prepend=-1)), len(triplets))
    n = len(starts) - 1
    best = np.full((n, LONGEST), NO_HIT, dtype=np.int32)
    groups = _Groups(triplets, planted.gains, starts, best, np.zeros(n))
    cuts = max(least_gain, seeds.least_gain), enough
    following, preceding = hits.detector.following(1), hits.detector.preceding(1)

    def follow_block(begin: int, end: int) -> None:
        _follow_block(planted.space, groups, following, rules, cuts, (begin, end))

    run_blocks(follow_block, n)
    order = np.argsort(-groups.most, kind="stable")
    chosen = order[_apart(groups.best, order, len(planted.space.row))]

    def retrace_block(begin: int, end: int) -> None:
        _retrace_block(planted.space, groups.best, chosen[begin:end], preceding, rules)

    run_blocks(retrace_block, len(chosen))
    return grown(planted, groups.best[chosen], groups.most[chosen], seeds.least_hits)


@kernel(force=True)
def _follow_one(
    space: SearchSpace,
    groups: _Groups,
    number: int,
    following: Int32Array,
    rules: Rules,
    cuts: tuple[float, float],
    scratch: Scratch,
) -> None:
    """Write the best candidate of the triplets of one first hit, none if it gains too little.

    `following` are the layers that may follow each; `cuts` the least gain, and the one that is enough.
    """
    least_gain, enough = cuts
    most, length, best = 0.0, 0, groups.best[number]
    track, points = scratch.track, space.points
    for k in range(groups.starts[number], groups.starts[number + 1]):
        for place in range(3):
            track[place] = groups.triplets[k, place]
        first, second, third = points[track[0]], points[track[1]], points[track[2]]
        state = scratch.states[0]
        if not start_state(first, second, third, space.surfaces, rules.motion, rules.field, state):
            continue
        n, gain = follow(space, following, rules, scratch, 3)
        gain += groups.gains[k]
        if gain > most:
            most, length = gain, n
            copy_into(best, track, n)
        if most > enough:
            break
    if most <= least_gain:
        most, length = 0.0, 0
    best[length:] = NO_HIT
    groups.most[number] = most


@kernel(owns=True)
def _follow_block(
    space: SearchSpace,
    groups: _Groups,
    following: Int32Array,
    rules: Rules,
    cuts: tuple[float, float],
    block: tuple[int, int],
) -> None:
    """Follow the groups of a block: numbers block[0] to block[1]."""
    scratch = new_scratch(rules.network)
    for number in range(block[0], block[1]):
        _follow_one(space, groups, number, following, rules, cuts, scratch)


@kernel(owns=True)
def _apart(tracks: Int32Array, order: Int64Array, n_entries: int) -> BoolArray:
    """Tell which candidates, the best first, have more of their hits for themselves than in better ones."""
    taken = np.zeros(n_entries, dtype=np.bool_)
    apart = np.zeros(len(order), dtype=np.bool_)
    for rank in range(len(order)):
        track, free, length = tracks[order[rank]], 0, 0
        while length < len(track) and track[length] >= 0:
            free += not taken[track[length]]
            length += 1
        apart[rank] = 2 * free > length
        if apart[rank]:
            for k in range(length):
                taken[track[k]] = True
    return apart


@kernel(owns=True)
def _retrace_block(
    space: SearchSpace, best: Int32Array, chosen: Int64Array, preceding: Int32Array, rules: Rules
) -> None:
    """Retrace some candidates; `preceding` are the layers that may precede each."""
    scratch = new_scratch(rules.network)
    for number in chosen:
        track, length = best[number], 0
        while length < len(track) and track[length] >= 0:
            length += 1
        copy_into(scratch.track, track, length)
        length = retrace(space, preceding, rules, scratch, length)
        copy_into(track, scratch.track, length)
        track[length:] = NO_HIT
