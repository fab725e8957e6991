"""Seeds of three hits grow in a loop of prediction, snapping and update, all of them at once."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector.solenoid import FieldMap
from clew.event import Hits
from clew.extend.growing.following import LONGEST, Rules, Scratch, follow, new_scratch, retrace
from clew.extend.growing.network import LoopNetwork
from clew.extend.growing.plant import grown, plant
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.hits.space import SearchSpace
from clew.kernels import copy_into, interleaved, kernel, parallel_kernel
from clew.motion.state import Motion, start_state
from clew.tracks import Candidates, Seeds

__all__ = ["grow_triplets"]

_BLOCK: Final = 32
"""Groups of seeds that a thread takes at a time."""


def grow_triplets(
    hits: Hits, seeds: Seeds, free: FreeHits, rules: Rules, least_gain: float, enough: float
) -> Candidates:
    """Grow seeds by rules; see `clew.stages.Grower` and `KalmanConfig`."""
    planted = plant(hits, seeds, free)
    triplets = planted.triplets
    starts = np.append(np.flatnonzero(np.diff(triplets[:, 0], prepend=-1)), len(triplets))
    layers = hits.detector.following(1), hits.detector.preceding(1)
    tracks, gains = _grow_all(
        planted.space, triplets, planted.gains, starts, *layers, *rules, least_gain, enough
    )
    return grown(planted, tracks, gains, seeds.least_hits)


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
    triplets: Int32Array,
    gains: Float64Array,
    starts: Int64Array,
    layers: tuple[Int32Array, Int32Array],
    rules: Rules,
    cuts: tuple[float, float],
    tracks: Int32Array,
    quality: Float64Array,
    groups: tuple[int, int],
) -> None:
    """Grow some of the groups of triplets: numbers groups[0] to groups[1]."""
    scratch = new_scratch(rules.network)
    for i in range(groups[0], groups[1]):
        begin, end = starts[i], starts[i + 1]
        quality[i] = _grow_one(
            space, triplets[begin:end], gains[begin:end], layers, rules, cuts, scratch, tracks[i]
        )


@parallel_kernel
def _grow_all(
    space: SearchSpace,
    triplets: Int32Array,
    gains: Float64Array,
    starts: Int64Array,
    following: Int32Array,
    preceding: Int32Array,
    motion: Motion,
    snap: Snap,
    network: LoopNetwork,
    field: FieldMap,
    least_gain: float,
    enough: float,
) -> tuple[Int32Array, Float64Array]:
    """Grow groups of triplets, group i being rows starts[i] to starts[i + 1]."""
    n = len(starts) - 1
    tracks = np.full((n, LONGEST), -1, dtype=np.int32)
    quality = np.zeros(n)
    n_blocks = (n + _BLOCK - 1) // _BLOCK
    for number in numba.prange(n_blocks):
        first = interleaved(number, n_blocks) * _BLOCK
        rules = Rules(motion, snap, network, field)  # numba hands no nested tuples to threads
        _grow_block(
            space, triplets, gains, starts, (following, preceding), rules, (least_gain, enough),
            tracks, quality, (first, min(n, first + _BLOCK)),
        )  # fmt: skip
    return tracks, quality
