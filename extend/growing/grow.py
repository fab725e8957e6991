"""Seeds of three hits grow in a loop of prediction, snapping and update, all of them at once."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector.transitions import next_layers, preceding_layers
from clew.event import Hits
from clew.extend.growing.following import LONGEST, Rules, Scratch, follow, new_scratch, retrace
from clew.extend.growing.memory import Memory
from clew.extend.growing.plant import grown, plant
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.hits.space import Ground
from clew.kernels import interleaved, kernel, parallel_kernel
from clew.motion.state import Motion, start_state
from clew.tracks import Candidates, Seeds

__all__ = ["grow_triplets"]

_BLOCK: Final = 32


def grow_triplets(
    hits: Hits, seeds: Seeds, free: FreeHits, rules: Rules, least_gain: float, enough: float
) -> Candidates:
    """Grow seeds by rules; see `clew.stages.Grower` and `KalmanConfig`."""
    planted = plant(hits, seeds, free)
    triplets = planted.triplets
    starts = np.append(np.flatnonzero(np.diff(triplets[:, 0], prepend=-1)), len(triplets))
    following, preceding = next_layers(1), preceding_layers()
    tracks, gains = _grow_all(
        planted.ground, triplets, planted.gains, starts, following, preceding, *rules, least_gain, enough
    )
    return grown(planted, tracks, gains, seeds.least_hits)


@kernel
def _grow_one(
    ground: Ground,
    triplets: Int32Array,
    gains: Float64Array,
    following: Int32Array,
    preceding: Int32Array,
    rules: Rules,
    least_gain: float,
    enough: float,
    scratch: Scratch,
    best: Int32Array,
) -> float:
    """Write the best candidate of the triplets of one first hit; return its gain."""
    most, length = 0.0, 0
    track = scratch.track
    for k in range(len(triplets)):
        one, two, three = triplets[k]
        if not start_state(ground.points, ground.layer, one, two, three, rules.motion, scratch.state):
            continue
        track[0], track[1], track[2] = one, two, three
        n, gain = follow(ground, following, rules, scratch, track, 3)
        gain += gains[k]
        if gain > most:
            most, length = gain, n
            best[:n] = track[:n]
        if most > enough:
            break
    if most <= least_gain:
        best[:] = -1
        return most
    track[:length] = best[:length]
    length = retrace(ground, preceding, rules, scratch, length)
    best[:length] = track[:length]
    best[length:] = -1
    return most


@parallel_kernel
def _grow_all(
    ground: Ground,
    triplets: Int32Array,
    gains: Float64Array,
    starts: Int64Array,
    following: Int32Array,
    preceding: Int32Array,
    motion: Motion,
    snap: Snap,
    memory: Memory,
    least_gain: float,
    enough: float,
) -> tuple[Int32Array, Float64Array]:
    """Grow groups of triplets, group i being rows starts[i] to starts[i + 1]."""
    n = len(starts) - 1
    tracks = np.full((n, LONGEST), -1, dtype=np.int32)
    quality = np.zeros(n)
    n_blocks = (n + _BLOCK - 1) // _BLOCK
    for number in numba.prange(n_blocks):
        block = interleaved(number, n_blocks)
        rules = Rules(motion, snap, memory)  # within the loop, as numba hands no nested tuples to threads
        scratch = new_scratch(rules)
        for i in range(block * _BLOCK, min(n, (block + 1) * _BLOCK)):
            begin, end = starts[i], starts[i + 1]
            quality[i] = _grow_one(
                ground, triplets[begin:end], gains[begin:end], following, preceding, rules,
                least_gain, enough,
                scratch, tracks[i],
            )  # fmt: skip
    return tracks, quality
