"""Candidates grow hit by hit: predict the next crossing, take the most likely hit, learn from it.

`follow` grows a candidate outwards from its state.  `retrace` goes back over a grown candidate from its
end: the state then knows the whole track, and finds the hits that were missed on the way out, second hits
of overlapping modules, and those before the first hit.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.detector.solenoid import FieldMap
from clew.extend.growing.network import (
    N_CORRECTIONS,
    N_FEATURES,
    N_QUERY,
    LoopNetwork,
    correct,
    gru_step,
    hit_features,
    predict_corrections,
    query_features,
    start_features,
)
from clew.fitting.likelihood import Snap, most_likely_hit
from clew.hits.space import SearchSpace
from clew.kernels import kernel
from clew.motion.measurement import RESIDUAL, head, update
from clew.motion.state import STATE, Motion, scatter, start_state
from clew.motion.transport import (
    PATH,
    heading_of,
    may_reach,
    on_layer,
    transport,
    transport_along,
    transport_covariance,
)
from clew.records import RecordArray

__all__ = ["LONGEST", "Rules", "Scratch", "before", "follow", "new_scratch", "retrace"]

LONGEST: Final = 26
"""Most hits of a candidate."""

_MOST_DOUBLES: Final = 3
"""Hits of overlapping modules that a candidate takes on a layer at most."""

_BEFORE_NEXT: Final = 1.0
"""mm before the next hit of a track that is retraced: what is found nearer is on a layer in between."""

_CURRENT, _TRIAL, _BEST, _SEEN = range(4)
"""Records of `Scratch.states`: where the candidate is; a prediction; the best one; as the network sees it."""

_HERE, _AHEAD = range(2)
"""Records of `Scratch.paths`: the one on trial, and the one to the best crossing."""


class Rules(NamedTuple):
    """What following depends on besides the hits: how tracks move, which hits are taken, the network."""

    motion: Motion
    snap: Snap
    network: LoopNetwork
    field: FieldMap


class Scratch(NamedTuple):
    """What one thread works in.

    Attributes
    ----------
    states : ndarray of shape (4,), `clew.motion.state.State`
    paths : ndarray of shape (2,), `clew.motion.transport.Path`
    residuals : ndarray of shape (1,), `clew.motion.measurement.Residual`
    track, back : ndarray of shape (LONGEST,), int32
        A candidate, and its hits the other way round.
    hidden, features, query, corrections, work : ndarray, float32
        Of the network.
    """

    states: RecordArray
    paths: RecordArray
    residuals: RecordArray
    track: Int32Array
    back: Int32Array
    hidden: Float32Array
    features: Float32Array
    query: Float32Array
    corrections: Float32Array
    work: Float32Array


@kernel(owns=True)
def new_scratch(network: LoopNetwork) -> Scratch:
    """Make the memory that `follow` and `retrace` work in."""
    units = len(network.recur)
    return Scratch(
        np.zeros(4, dtype=STATE),
        np.zeros(2, dtype=PATH),
        np.zeros(1, dtype=RESIDUAL),
        np.empty(LONGEST, dtype=np.int32),
        np.empty(LONGEST, dtype=np.int32),
        np.empty(units, dtype=np.float32),
        np.empty(N_FEATURES, dtype=np.float32),
        np.empty(N_QUERY, dtype=np.float32),
        np.empty(N_CORRECTIONS, dtype=np.float32),
        np.empty(6 * units + len(network.dense_bias), dtype=np.float32),
    )


@kernel(force=True)
def _takes_part(rules: Rules, inward: bool, scratch: Scratch) -> bool:
    """Tell whether the network takes part: on the way back a filter that knows the track needs no help."""
    return len(scratch.hidden) > 0 and not (inward and rules.motion.filtered)


@kernel
def _begin(rules: Rules, layer: int, inward: bool, scratch: Scratch) -> None:
    """Let the network know the course of a state that three hits have started, the last on `layer`."""
    if not _takes_part(rules, inward, scratch):
        return
    scratch.hidden[:] = 0.0
    start_features(scratch.states[_CURRENT], inward, scratch.features)
    gru_step(rules.network, layer, scratch.features, scratch.hidden, scratch.work)


@kernel(force=True)
def _best_hit(
    space: SearchSpace, rules: Rules, layer: int, inward: bool, met: Int32Array, scratch: Scratch
) -> tuple[int, float]:
    """Return the most likely hit on a layer for the state predicted there, the one on trial; its gain."""
    trial, path, residual = scratch.states[_TRIAL], scratch.paths[_HERE], scratch.residuals[0]
    if not _takes_part(rules, inward, scratch):
        return most_likely_hit(space, layer, trial, path, rules.snap, met, residual)
    query_features(inward, trial, path, scratch.query)
    predict_corrections(
        rules.network, layer, scratch.query, scratch.hidden, scratch.work, scratch.corrections
    )
    seen = scratch.states[_SEEN]
    correct(trial, path, scratch.corrections, seen)
    hit, gain = most_likely_hit(space, layer, seen, path, rules.snap, met, residual)
    path.across_factor, path.along_factor = 1.0, 1.0
    return hit, gain


@kernel(force=True)
def _next_hit(
    space: SearchSpace,
    rules: Rules,
    options: Int32Array,
    last_layer: int,
    nearer_than: float,
    inward: bool,
    scratch: Scratch,
) -> tuple[int, int, float]:
    """Return the most likely hit on the nearest layer that has one, the layer, and the hit's gain.

    -1 if there is none nearer than an arc [mm].  The best crossing is left in the scratch.
    """
    state, trial, path = scratch.states[_CURRENT], scratch.states[_TRIAL], scratch.paths[_HERE]
    heading = heading_of(state)
    found, found_layer, found_gain = -1, -1, 0.0
    for layer in options:
        if layer < 0:
            break
        surface = space.surfaces[layer]
        if not may_reach(state, surface, nearer_than):
            continue
        arc = transport_along(state, heading, surface, layer == last_layer, rules.field, trial, path)
        if not arc < nearer_than:
            continue
        transport_covariance(state, path, trial)
        if not on_layer(trial, surface):
            continue
        hit, gain = _best_hit(space, rules, layer, inward, scratch.track[:0], scratch)
        if hit >= 0:
            found, found_layer, found_gain, nearer_than = hit, layer, gain, arc
            scratch.states[_BEST], scratch.paths[_AHEAD] = trial, path
    return found, found_layer, found_gain


@kernel(force=True)
def _learn(
    space: SearchSpace, rules: Rules, hits: Int32Array, n: int, inward: bool, scratch: Scratch
) -> None:
    """Let state and network learn from the last of n hits; the best crossing is the one on its layer."""
    point = space.points[hits[n - 1]]
    surface = space.surfaces[point.layer]
    scratch.states[_CURRENT] = scratch.states[_BEST]
    state, path, residual = scratch.states[_CURRENT], scratch.paths[_AHEAD], scratch.residuals[0]
    if _takes_part(rules, inward, scratch):
        hit_features(point, surface, inward, state, path, residual, scratch.features)
        gru_step(rules.network, point.layer, scratch.features, scratch.hidden, scratch.work)
    if rules.motion.filtered:
        update(point, surface, state, path, residual)
    else:
        middle, first = before(space, hits, n)
        points = space.points
        start_state(points[first], points[middle], point, space.surfaces, rules.motion, rules.field, state)


@kernel(force=True)
def _leave(space: SearchSpace, layer: int, rules: Rules, scratch: Scratch) -> None:
    """Widen the state by what the material of a layer does; one that three hits started knows of it."""
    if rules.motion.filtered:
        scatter(scratch.states[_CURRENT], space.surfaces[layer], rules.motion, rules.field.bending)


@kernel
def before(space: SearchSpace, hits: Int32Array, n: int) -> tuple[int, int]:
    """Return the last hit on the layer before that of the last of n hits, and on the one before that."""
    points = space.points
    middle = n - 2
    while middle > 0 and points[hits[middle]].layer == points[hits[n - 1]].layer:
        middle -= 1
    first = max(middle - 1, 0)
    while first > 0 and points[hits[first]].layer == points[hits[middle]].layer:
        first -= 1
    return hits[middle], hits[first]


@kernel(force=True)
def _doubles(
    space: SearchSpace, layer: int, rules: Rules, scratch: Scratch, track: Int32Array, n: int
) -> tuple[int, float]:
    """Append hits of overlapping modules on the last hit's layer; return the new n and what they gained."""
    state, path, residual = scratch.states[_CURRENT], scratch.paths[_HERE], scratch.residuals[0]
    gained = 0.0
    begin = n
    while begin > 0 and space.points[track[begin - 1]].layer == layer:
        begin -= 1
    for _ in range(_MOST_DOUBLES):
        if n >= len(track):
            break
        head(state, rules.field, path)
        hit, gain = most_likely_hit(space, layer, state, path, rules.snap, track[begin:n], residual)
        if hit < 0:
            break
        if rules.motion.filtered:
            update(space.points[hit], space.surfaces[layer], state, path, residual)
        track[n] = hit
        n += 1
        gained += gain
    return n, gained


@kernel
def follow(
    space: SearchSpace,
    following: Int32Array,
    rules: Rules,
    scratch: Scratch,
    n: int,
) -> tuple[int, float]:
    """Append hits to the n of `scratch.track`, the state at the last one; return the new n and the gain.

    `following` names the layers that may come after each, shape (n_layers, width), -1 padded.
    """
    track = scratch.track
    layer = space.points[track[n - 1]].layer
    _begin(rules, layer, False, scratch)
    n, gained = _doubles(space, layer, rules, scratch, track, n)
    while n < len(track):
        last_layer = space.points[track[n - 1]].layer
        hit, layer, gain = _next_hit(space, rules, following[last_layer], last_layer, np.inf, False, scratch)
        if hit < 0:
            break
        track[n] = hit
        _learn(space, rules, track, n + 1, False, scratch)
        _leave(space, layer, rules, scratch)
        n, more = _doubles(space, layer, rules, scratch, track, n + 1)
        gained += gain + more
    return n, gained


@kernel(force=True)
def _arc_to_hit(space: SearchSpace, rules: Rules, hit: int, last_layer: int, scratch: Scratch) -> float:
    """Bring the state to a hit's layer, as the best crossing; return the arc [mm], inf where it misses it."""
    state, best, path = scratch.states[_CURRENT], scratch.states[_BEST], scratch.paths[_AHEAD]
    layer = space.points[hit].layer
    arc = transport(state, space.surfaces[layer], layer == last_layer, rules.field, best, path)
    if arc < np.inf:
        transport_covariance(state, path, best)
    return arc


@kernel
def _start_back(space: SearchSpace, rules: Rules, scratch: Scratch, n: int) -> int:
    """Start at the candidate's third last layer, going in; return the place of its first hit, or -1."""
    track, points = scratch.track, space.points
    last, middle = n - 1, n - 2
    while middle > 0 and points[track[middle]].layer == points[track[last]].layer:
        middle -= 1
    inner = middle - 1
    while inner > 0 and points[track[inner]].layer == points[track[middle]].layer:
        inner -= 1
    if inner < 0 or not start_state(
        points[track[last]],
        points[track[middle]],
        points[track[inner]],
        space.surfaces,
        rules.motion,
        rules.field,
        scratch.states[_CURRENT],
    ):
        return -1
    _begin(rules, points[track[inner]].layer, True, scratch)
    for place in range(n - inner):
        scratch.back[place] = track[n - 1 - place]
    return inner


@kernel(force=True)
def _pass_hit(space: SearchSpace, rules: Rules, hit: int, scratch: Scratch) -> None:
    """Let a filter learn from a further hit on the layer where it is."""
    if rules.motion.filtered:
        state, path = scratch.states[_CURRENT], scratch.paths[_AHEAD]
        point = space.points[hit]
        head(state, rules.field, path)
        update(point, space.surfaces[point.layer], state, path, scratch.residuals[0])


@kernel
def retrace(space: SearchSpace, preceding: Int32Array, rules: Rules, scratch: Scratch, n: int) -> int:
    """Go back over the n hits of `scratch.track`, complete them, and go on inwards; return the new n.

    `preceding` names the layers that may come before each.  The completed candidate replaces the old one.
    """
    track, back, points = scratch.track, scratch.back, space.points
    place = _start_back(space, rules, scratch, n)
    if place < 0:
        return n
    m = n - place
    place -= 1
    known_layer = points[back[m - 1]].layer
    while m < len(back):
        last_layer = points[back[m - 1]].layer
        if place >= 0 and points[track[place]].layer == last_layer:
            _pass_hit(space, rules, track[place], scratch)
            back[m] = track[place]
            m, place = m + 1, place - 1
            continue
        _leave(space, last_layer, rules, scratch)
        m, _ = _doubles(space, last_layer, rules, scratch, back, m)
        nearer_than = np.inf
        if place >= 0:
            known_layer = points[track[place]].layer
            nearer_than = _arc_to_hit(space, rules, track[place], last_layer, scratch) - _BEFORE_NEXT
            if nearer_than == np.inf:
                return n
        hit, layer, _ = _next_hit(space, rules, preceding[last_layer], last_layer, nearer_than, True, scratch)
        if hit < 0 or layer == known_layer:
            if place < 0:
                break
            hit = track[place]
            _arc_to_hit(space, rules, hit, last_layer, scratch)
            place -= 1
        if m >= len(back):
            break
        back[m] = hit
        m += 1
        _learn(space, rules, back, m, True, scratch)
    if place >= 0:
        return n
    for k in range(m):
        track[k] = back[m - 1 - k]
    return m
