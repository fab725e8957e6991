"""Seeds of three hits grow in a loop of prediction, snapping and update, all of them at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.extend.growing.following import LONGEST, Rules, Scratch, follow, new_scratch, retrace
from clew.extend.growing.plant import grown, plant
from clew.hits.free import FreeHits
from clew.hits.space import SearchSpace
from clew.kernels import copy_into, kernel, run_blocks
from clew.motion.state import start_state
from clew.tracks import Candidates, Seeds

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
        The candidate: entries of the space, inside out, -1 elsewhere.
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
    """Grow seeds by rules; see `clew.stages.Grower` and `KalmanConfig`."""
    planted = plant(hits, seeds, free)
    triplets = planted.triplets
    starts = np.append(np.flatnonzero(np.diff(triplets[:, 0], prepend=-1)), len(triplets))
    n = len(starts) - 1
    best = np.full((n, LONGEST), -1, dtype=np.int32)
    groups = _Groups(triplets, planted.gains, starts, best, np.zeros(n))
    layers = hits.detector.following(1), hits.detector.preceding(1)

    def grow_block(begin: int, end: int) -> None:
        _grow_block(planted.space, groups, layers, rules, (least_gain, enough), (begin, end))

    run_blocks(grow_block, n)
    return grown(planted, groups.best, groups.most, seeds.least_hits)


@kernel
def _grow_one(
    space: SearchSpace,
    triplets: Int32Array,
    gains: Float64Array,
    layers: tuple[Int32Array, Int32Array],
    rules: Rules,
    cuts: tuple[float, float],
    scratch: Scratch,
    best: Int32Array,
) -> float:
    """Write the best candidate of the triplets of one first hit; return its gain.

    `layers` are those that may follow and precede each; `cuts` the least gain, and the one that is enough.
    """
    least_gain, enough = cuts
    most, length = 0.0, 0
    track, points = scratch.track, space.points
    for k in range(len(triplets)):
        for place in range(3):
            track[place] = triplets[k, place]
        first, second, third = points[track[0]], points[track[1]], points[track[2]]
        state = scratch.states[0]
        if not start_state(first, second, third, space.surfaces, rules.motion, rules.field, state):
            continue
        n, gain = follow(space, layers[0], rules, scratch, 3)
        gain += gains[k]
        if gain > most:
            most, length = gain, n
            copy_into(best, track, n)
        if most > enough:
            break
    if most <= least_gain:
        best[:] = -1
        return most
    copy_into(track, best, length)
    length = retrace(space, layers[1], rules, scratch, length)
    copy_into(best, track, length)
    best[length:] = -1
    return most


@kernel(owns=True)
def _grow_block(
    space: SearchSpace,
    groups: _Groups,
    layers: tuple[Int32Array, Int32Array],
    rules: Rules,
    cuts: tuple[float, float],
    block: tuple[int, int],
) -> None:
    """Grow the groups of a block: numbers block[0] to block[1]."""
    scratch, starts = new_scratch(rules.network), groups.starts
    for i in range(block[0], block[1]):
        triplets, gains = groups.triplets[starts[i] : starts[i + 1]], groups.gains[starts[i] : starts[i + 1]]
        groups.most[i] = _grow_one(space, triplets, gains, layers, rules, cuts, scratch, groups.best[i])
