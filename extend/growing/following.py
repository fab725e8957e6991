"""Candidates grow hit by hit: predict the next crossing, take the most likely hit, learn from it.

`follow` grows a candidate outwards from its state.  `retrace` goes back over a grown candidate from its
end: the state then knows the whole track, and finds the hits that were missed on the way out, second hits
of overlapping modules, and those before the first hit.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.extend.growing.memory import (
    N_ANSWERS,
    N_ASKED,
    N_MET,
    Memory,
    ask,
    begin_course,
    corrected,
    expect,
    meet,
    remember,
)
from clew.fitting.likelihood import Snap, most_likely_hit
from clew.hits.space import Ground
from clew.kernels import kernel
from clew.motion.measurement import N_RESIDUAL, direct, update
from clew.motion.state import N_STATE, Motion, scatter, start_state
from clew.motion.transport import FINE, N_WAY, arrive, carry_covariance, may_reach, on_layer

__all__ = ["LONGEST", "Rules", "Scratch", "follow", "new_scratch", "retrace"]

LONGEST: Final = 26
"""Most hits of a candidate."""

_MOST_DOUBLES: Final = 3


class Rules(NamedTuple):
    """What following depends on besides the hits: how tracks deviate, which hits are taken, the network."""

    motion: Motion
    snap: Snap
    memory: Memory


class Scratch(NamedTuple):
    """What one thread works in: states, the way to a layer, residuals, a candidate, the network."""

    state: Float64Array
    trial: Float64Array
    best: Float64Array
    way: Float64Array
    best_way: Float64Array
    residual: Float64Array
    track: Int32Array
    back: Int32Array
    seen: Float64Array
    known: Float32Array
    told: Float32Array
    asked: Float32Array
    answers: Float32Array
    work: Float32Array


@kernel
def new_scratch(rules: Rules) -> Scratch:
    """Make the memory that `follow` and `retrace` work in."""
    return Scratch(
        np.empty(N_STATE),
        np.empty(N_STATE),
        np.empty(N_STATE),
        np.empty(N_WAY),
        np.empty(N_WAY),
        np.empty(N_RESIDUAL),
        np.empty(LONGEST, dtype=np.int32),
        np.empty(LONGEST, dtype=np.int32),
        np.empty(N_STATE),
        np.empty(len(rules.memory.recur), dtype=np.float32),
        np.empty(N_MET, dtype=np.float32),
        np.empty(N_ASKED, dtype=np.float32),
        np.empty(N_ANSWERS, dtype=np.float32),
        np.empty(6 * len(rules.memory.recur) + len(rules.memory.hidden_bias), dtype=np.float32),
    )


@kernel
def _listens(rules: Rules, inward: bool, scratch: Scratch) -> bool:
    """Tell whether the network takes part: on the way back a filter that knows the track needs no help."""
    return len(scratch.known) > 0 and not (inward and rules.motion.filtered)


@kernel
def begin(rules: Rules, layer: int, inward: bool, scratch: Scratch) -> None:
    """Let the network know the course of a state that three hits have started, the last on `layer`."""
    if not _listens(rules, inward, scratch):
        return
    scratch.known[:] = 0.0
    begin_course(scratch.state, inward, scratch.told)
    remember(rules.memory, layer, scratch.told, scratch.known, scratch.work)


@kernel
def _look(
    ground: Ground, rules: Rules, layer: int, inward: bool, met: Int32Array, scratch: Scratch
) -> tuple[int, float]:
    """Return the most likely hit on a layer for the state predicted there, `scratch.trial`; its gain."""
    if not _listens(rules, inward, scratch):
        return most_likely_hit(ground, layer, scratch.trial, scratch.way, rules.snap, met, scratch.residual)
    ask(layer, inward, scratch.trial, scratch.way, scratch.asked)
    expect(rules.memory, layer, scratch.asked, scratch.known, scratch.work, scratch.answers)
    corrected(scratch.trial, scratch.way, scratch.answers, scratch.seen)
    hit, gain = most_likely_hit(ground, layer, scratch.seen, scratch.way, rules.snap, met, scratch.residual)
    scratch.way[FINE], scratch.way[FINE + 1] = 1.0, 1.0
    return hit, gain


@kernel
def _next_hit(
    ground: Ground,
    rules: Rules,
    options: Int32Array,
    last_layer: int,
    nearer_than: float,
    inward: bool,
    scratch: Scratch,
) -> tuple[int, int, float]:
    """Return the most likely hit on the nearest layer that has one, the layer, and the hit's gain.

    -1 if there is none nearer than an arc [mm].  The state at the layer is left in `scratch.best`.
    """
    found, found_layer, found_gain = -1, -1, 0.0
    for layer in options:
        if layer < 0:
            break
        if not may_reach(scratch.state, layer, nearer_than):
            continue
        arc = arrive(scratch.state, layer, last_layer, scratch.trial, scratch.way)
        if not arc < nearer_than:
            continue
        carry_covariance(scratch.state, scratch.way, scratch.trial)
        if not on_layer(scratch.trial, layer):
            continue
        hit, gain = _look(ground, rules, layer, inward, scratch.track[:0], scratch)
        if hit >= 0:
            found, found_layer, found_gain, nearer_than = hit, layer, gain, arc
            scratch.best[:], scratch.best_way[:] = scratch.trial, scratch.way
    return found, found_layer, found_gain


@kernel
def learn(ground: Ground, rules: Rules, hits: Int32Array, n: int, inward: bool, scratch: Scratch) -> None:
    """Let state and network learn from the last of n hits; `scratch.best` is the state on its layer."""
    hit = hits[n - 1]
    layer = ground.layer[hit]
    scratch.state[:] = scratch.best
    if _listens(rules, inward, scratch):
        meet(
            ground.points, hit, layer, inward, scratch.state, scratch.best_way, scratch.residual, scratch.told
        )
        remember(rules.memory, layer, scratch.told, scratch.known, scratch.work)
    if rules.motion.filtered:
        update(ground.points, hit, layer, scratch.state, scratch.best_way, scratch.residual)
    else:
        middle, first = _before(ground, hits, n)
        start_state(ground.points, ground.layer, first, middle, hit, rules.motion, scratch.state)


@kernel
def leave(layer: int, rules: Rules, scratch: Scratch) -> None:
    """Widen the state by what the material of a layer does; one that three hits started knows of it."""
    if rules.motion.filtered:
        scatter(scratch.state, layer, rules.motion)


@kernel
def _before(ground: Ground, hits: Int32Array, n: int) -> tuple[int, int]:
    """Return the last hit on the layer before that of the last of n hits, and on the one before that."""
    middle = n - 2
    while middle > 0 and ground.layer[hits[middle]] == ground.layer[hits[n - 1]]:
        middle -= 1
    first = middle - 1
    while first > 0 and ground.layer[hits[first]] == ground.layer[hits[middle]]:
        first -= 1
    return hits[middle], hits[first]


@kernel
def _doubles(
    ground: Ground, layer: int, rules: Rules, scratch: Scratch, track: Int32Array, n: int
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
            ground, layer, scratch.state, scratch.way, rules.snap, track[begin:n], scratch.residual
        )
        if hit < 0:
            break
        if rules.motion.filtered:
            update(ground.points, hit, layer, scratch.state, scratch.way, scratch.residual)
        track[n] = hit
        n += 1
        gained += gain
    return n, gained


@kernel
def follow(
    ground: Ground,
    following: Int32Array,
    rules: Rules,
    scratch: Scratch,
    track: Int32Array,
    n: int,
) -> tuple[int, float]:
    """Append hits to a candidate of n, its state at the last one; return the new n and what was gained.

    `following` names the layers that may come after each, shape (n_layers, width), -1 padded.
    """
    layer = ground.layer[track[n - 1]]
    begin(rules, layer, False, scratch)
    n, gained = _doubles(ground, layer, rules, scratch, track, n)
    while n < len(track):
        last_layer = ground.layer[track[n - 1]]
        hit, layer, gain = _next_hit(ground, rules, following[last_layer], last_layer, np.inf, False, scratch)
        if hit < 0:
            break
        track[n] = hit
        learn(ground, rules, track, n + 1, False, scratch)
        leave(layer, rules, scratch)
        n, more = _doubles(ground, layer, rules, scratch, track, n + 1)
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
def _start_back(ground: Ground, rules: Rules, scratch: Scratch, n: int) -> int:
    """Start at the candidate's third last layer, going in; return the place of its first hit, or -1."""
    track = scratch.track
    last, middle = n - 1, n - 2
    while middle > 0 and ground.layer[track[middle]] == ground.layer[track[last]]:
        middle -= 1
    inner = middle - 1
    while inner > 0 and ground.layer[track[inner]] == ground.layer[track[middle]]:
        inner -= 1
    if inner < 0 or not start_state(
        ground.points, ground.layer, track[last], track[middle], track[inner], rules.motion, scratch.state
    ):
        return -1
    begin(rules, ground.layer[track[inner]], True, scratch)
    for place in range(n - inner):
        scratch.back[place] = track[n - 1 - place]
    return inner


@kernel
def retrace(ground: Ground, preceding: Int32Array, rules: Rules, scratch: Scratch, n: int) -> int:
    """Go back over the n hits of `scratch.track`, complete them, and go on inwards; return the new n.

    `preceding` names the layers that may come before each.  The completed candidate replaces the old one.
    """
    track, back = scratch.track, scratch.back
    place = _start_back(ground, rules, scratch, n)
    if place < 0:
        return n
    m = n - place
    place -= 1
    known_layer = ground.layer[back[m - 1]]
    while m < len(back):
        last_layer = ground.layer[back[m - 1]]
        if place >= 0 and ground.layer[track[place]] == last_layer:
            if rules.motion.filtered:
                direct(scratch.state, scratch.best_way)
                update(
                    ground.points, track[place], last_layer, scratch.state, scratch.best_way, scratch.residual
                )
            back[m] = track[place]
            m, place = m + 1, place - 1
            continue
        leave(last_layer, rules, scratch)
        m, _ = _doubles(ground, last_layer, rules, scratch, back, m)
        nearer_than = np.inf
        if place >= 0:
            known_layer = ground.layer[track[place]]
            nearer_than = _arc_to_known(ground, track[place], last_layer, scratch) - 1.0
            if nearer_than == np.inf:
                return n
        hit, layer, _ = _next_hit(
            ground, rules, preceding[last_layer], last_layer, nearer_than, True, scratch
        )
        if hit < 0 or layer == known_layer:
            if place < 0:
                break
            hit = track[place]
            _arc_to_known(ground, hit, last_layer, scratch)
            place -= 1
        if m >= len(back):
            break
        back[m] = hit
        m += 1
        learn(ground, rules, back, m, True, scratch)
    if place >= 0:
        return n
    for k in range(m):
        track[k] = back[m - 1 - k]
    return m
