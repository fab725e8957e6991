"""Candidates grow hit by hit: predict the next crossing, take the most likely hit, learn from it.

`follow` grows a candidate outwards from its state.  `retrace` goes back over a grown candidate from its
end: the state then knows the whole track, and finds the hits that were missed on the way out, second hits
of overlapping modules, and those before the first hit.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.extend.kalman.measurement import N_RESIDUAL, direct, update
from clew.extend.kalman.state import N_STATE, Motion, scatter, start_state
from clew.extend.kalman.transport import arrive, carry_covariance, may_reach, on_layer
from clew.fitting.likelihood import Ground, Snap, most_likely_hit
from clew.kernels import kernel

__all__ = ["LONGEST", "Scratch", "follow", "new_scratch", "retrace"]

LONGEST: Final = 26
"""Most hits of a candidate."""

_MOST_DOUBLES: Final = 3


class Scratch(NamedTuple):
    """Memory of one thread: four states, the way to a layer, residuals, and a candidate."""

    state: Float64Array
    trial: Float64Array
    best: Float64Array
    way: Float64Array
    best_way: Float64Array
    residual: Float64Array
    track: Int32Array
    back: Int32Array


@kernel
def new_scratch() -> Scratch:
    """Make the memory that `follow` and `retrace` work in."""
    return Scratch(
        np.empty(N_STATE),
        np.empty(N_STATE),
        np.empty(N_STATE),
        np.empty(5),
        np.empty(5),
        np.empty(N_RESIDUAL),
        np.empty(LONGEST, dtype=np.int32),
        np.empty(LONGEST, dtype=np.int32),
    )


@kernel
def _next_hit(
    ground: Ground, options: Int32Array, last_layer: int, nearer_than: float, snap: Snap, scratch: Scratch
) -> tuple[int, int, float]:
    """Return the most likely hit on the nearest layer that has one, the layer, and the hit's gain.

    -1 if there is none nearer than an arc [mm].  The state at the layer is left in `scratch.best`.
    """
    found, found_layer, found_gain = -1, -1, 0.0
    for layer in options:
        if layer < 0:
            break
        if not may_reach(scratch.state, layer):
            continue
        arc = arrive(scratch.state, layer, last_layer, scratch.trial, scratch.way)
        if not arc < nearer_than:
            continue
        carry_covariance(scratch.state, scratch.way, scratch.trial)
        if not on_layer(scratch.trial, layer):
            continue
        hit, gain = most_likely_hit(
            ground, layer, scratch.trial, scratch.way, snap, scratch.track[:0], scratch.residual
        )
        if hit >= 0:
            found, found_layer, found_gain, nearer_than = hit, layer, gain, arc
            scratch.best[:], scratch.best_way[:] = scratch.trial, scratch.way
    return found, found_layer, found_gain


@kernel
def _doubles(
    ground: Ground, layer: int, snap: Snap, scratch: Scratch, track: Int32Array, n: int
) -> tuple[int, float]:
    """Append up to three hits of overlapping modules on the last hit's layer; return the new n and gain."""
    gained = 0.0
    begin = n
    while begin > 0 and ground.layer[track[begin - 1]] == layer:
        begin -= 1
    for _ in range(_MOST_DOUBLES):
        if n >= len(track):
            break
        direct(scratch.state, scratch.way)
        hit, gain = most_likely_hit(
            ground, layer, scratch.state, scratch.way, snap, track[begin:n], scratch.residual
        )
        if hit < 0:
            break
        update(ground.points, hit, layer, scratch.state, scratch.way, scratch.residual)
        track[n] = hit
        n += 1
        gained += gain
    return n, gained


@kernel
def follow(
    ground: Ground,
    following: Int32Array,
    motion: Motion,
    snap: Snap,
    scratch: Scratch,
    track: Int32Array,
    n: int,
) -> tuple[int, float]:
    """Append hits to a candidate of n, its state at the last one; return the new n and what was gained.

    `following` names the layers that may come after each, shape (n_layers, width), -1 padded.
    """
    gained = 0.0
    while n < len(track):
        last_layer = ground.layer[track[n - 1]]
        hit, layer, gain = _next_hit(ground, following[last_layer], last_layer, np.inf, snap, scratch)
        if hit < 0:
            break
        scratch.state[:] = scratch.best
        update(ground.points, hit, layer, scratch.state, scratch.best_way, scratch.residual)
        track[n] = hit
        scatter(scratch.state, layer, motion)
        n, more = _doubles(ground, layer, snap, scratch, track, n + 1)
        gained += gain + more
    return n, gained


@kernel
def _arc_to_known(ground: Ground, hit: int, last_layer: int, scratch: Scratch) -> float:
    """Bring the state to a hit's layer, into `scratch.best`; return the arc [mm], inf where it misses it."""
    arc = arrive(scratch.state, ground.layer[hit], last_layer, scratch.best, scratch.best_way)
    if arc < np.inf:
        carry_covariance(scratch.state, scratch.best_way, scratch.best)
    return arc


@kernel
def _start_back(ground: Ground, motion: Motion, scratch: Scratch, n: int) -> int:
    """Start at the candidate's third last layer, going in; return the place of its first hit, or -1."""
    track = scratch.track
    last, middle = n - 1, n - 2
    while middle > 0 and ground.layer[track[middle]] == ground.layer[track[last]]:
        middle -= 1
    inner = middle - 1
    while inner > 0 and ground.layer[track[inner]] == ground.layer[track[middle]]:
        inner -= 1
    if inner < 0 or not start_state(
        ground.points, ground.layer, track[last], track[middle], track[inner], motion, scratch.state
    ):
        return -1
    for place in range(n - inner):
        scratch.back[place] = track[n - 1 - place]
    return inner


@kernel
def retrace(
    ground: Ground, preceding: Int32Array, motion: Motion, snap: Snap, scratch: Scratch, n: int
) -> int:
    """Go back over the n hits of `scratch.track`, complete them, and go on inwards; return the new n.

    `preceding` names the layers that may come before each.  The completed candidate replaces the old one.
    """
    track, back = scratch.track, scratch.back
    place = _start_back(ground, motion, scratch, n)
    if place < 0:
        return n
    m = n - place
    place -= 1
    known_layer = ground.layer[back[m - 1]]
    while m < len(back):
        last_layer = ground.layer[back[m - 1]]
        if place >= 0 and ground.layer[track[place]] == last_layer:
            direct(scratch.state, scratch.best_way)
            update(ground.points, track[place], last_layer, scratch.state, scratch.best_way, scratch.residual)
            back[m] = track[place]
            m, place = m + 1, place - 1
            continue
        scatter(scratch.state, last_layer, motion)
        m, _ = _doubles(ground, last_layer, snap, scratch, back, m)
        nearer_than = np.inf
        if place >= 0:
            known_layer = ground.layer[track[place]]
            nearer_than = _arc_to_known(ground, track[place], last_layer, scratch) - 1.0
            if nearer_than == np.inf:
                return n
        hit, layer, _ = _next_hit(ground, preceding[last_layer], last_layer, nearer_than, snap, scratch)
        if hit < 0 or layer == known_layer:
            if place < 0:
                break
            hit, layer = track[place], known_layer
            _arc_to_known(ground, hit, last_layer, scratch)
            place -= 1
        if m >= len(back):
            break
        scratch.state[:] = scratch.best
        update(ground.points, hit, layer, scratch.state, scratch.best_way, scratch.residual)
        back[m] = hit
        m += 1
    if place >= 0:
        return n
    for k in range(m):
        track[k] = back[m - 1 - k]
    return m
