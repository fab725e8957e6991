"""Training material: what a filter predicts along true tracks, and what their hits then were."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.detector.solenoid import FieldMap
from clew.extend.growing.network import N_FEATURES, N_QUERY, hit_features, query_features, start_features
from clew.extend.growing.targets import STEP_TARGET, StepTarget
from clew.hits.index import entries_of
from clew.hits.space import SearchSpace, whole_space
from clew.kernels import kernel, parallel_kernel
from clew.motion.measurement import RESIDUAL, Residual, head, measure, place_at, update
from clew.motion.state import STATE, Motion, State, scatter, start_state
from clew.motion.transport import PATH, transport, transport_covariance
from clew.records import RecordArray
from clew.tracksets import Tracks

__all__ = ["LONGEST", "Steps", "steps_of"]

LONGEST: Final = 14
"""Steps of a track that are used; few tracks cross more layers."""

_FARTHEST: Final = 100.0
"""mm from its hit, or of its expected deviation: tracks that curl up leave the filter."""

_CURRENT, _AHEAD = range(2)
"""Records of `_Scratch.states`: at the last hit, and predicted on the next layer."""


class Steps(NamedTuple):
    """Sequences of steps, one per true track and direction; a step goes from one hit to the next layer's.

    Attributes
    ----------
    features : ndarray of shape (n, LONGEST, N_FEATURES), float32
        Of the hit at the step's begin; see clew.extend.growing.network.
    query : ndarray of shape (n, LONGEST, N_QUERY), float32
        Of the crossing at its end.
    last_layer, layer : ndarray of shape (n, LONGEST), int32
        The layers at begin and end; -1 after the last step.
    targets : ndarray of shape (n, LONGEST), `clew.extend.growing.targets.StepTarget`
        What the hit at its end then was.
    """

    features: Float32Array
    query: Float32Array
    last_layer: Int32Array
    layer: Int32Array
    targets: RecordArray


class _Scratch(NamedTuple):
    """What one track is followed in.

    Attributes
    ----------
    states : ndarray of shape (2,), `clew.motion.state.State`
    paths : ndarray of shape (1,), `clew.motion.transport.Path`
    residuals : ndarray of shape (1,), `clew.motion.measurement.Residual`
    features : ndarray of shape (N_FEATURES,), float32
        Of the last hit.
    last : ndarray of shape (3,), int32
        The last hits on three different layers.
    """

    states: RecordArray
    paths: RecordArray
    residuals: RecordArray
    features: Float32Array
    last: Int32Array


def steps_of(tracks: Tracks, motion: Motion) -> Steps:
    """Follow every true track outwards and inwards, and return those sequences that have a step."""
    space, detector = whole_space(tracks.hits), tracks.hits.detector
    entries = entries_of(space.row, len(tracks.hits))[:-1]
    parts = []
    for direction, table in ((1, detector.following(1)), (-1, detector.preceding(1))):
        steps = _no_steps(len(tracks))
        offsets = tracks.offsets if direction > 0 else tracks.offsets[-1] - tracks.offsets[::-1]
        hits = np.ascontiguousarray(entries[::direction])
        _follow_all(space, hits, offsets, table, direction < 0, motion, detector.solenoid.map, steps)
        parts.append(steps)
    both = Steps._make(np.concatenate(pair) for pair in zip(*parts, strict=True))
    some = both.layer[:, 0] >= 0
    return Steps._make(part[some] for part in both)


def _no_steps(n: int) -> Steps:
    return Steps(
        np.zeros((n, LONGEST, N_FEATURES), dtype=np.float32),
        np.zeros((n, LONGEST, N_QUERY), dtype=np.float32),
        np.full((n, LONGEST), -1, dtype=np.int32),
        np.full((n, LONGEST), -1, dtype=np.int32),
        np.zeros((n, LONGEST), dtype=STEP_TARGET),
    )


@parallel_kernel
def _follow_all(
    space: SearchSpace,
    hits: Int32Array,
    offsets: Int64Array,
    table: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
    steps: Steps,
) -> None:
    """Write the steps along all tracks; those of track i are hits[offsets[i]] to hits[offsets[i + 1]].

    NO_HIT stands for hits on layers that the detector does not have.
    """
    for i in numba.prange(len(offsets) - 1):
        _follow_one(space, hits[offsets[i] : offsets[i + 1]], table, inward, motion, field, steps, i)


@kernel(owns=True)
def _follow_one(
    space: SearchSpace,
    track: Int32Array,
    table: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
    steps: Steps,
    i: int,
) -> None:
    """Write the steps along one track into row i; `table` names the layers that may follow each."""
    scratch = _new_scratch()
    points, last = space.points, scratch.last
    begin = _first_three(points, track, last)
    if begin < 0 or not _start(space, motion, field, scratch):
        return
    start_features(scratch.states[_CURRENT], inward, scratch.features)
    step = 0
    for hit in track[begin:]:
        if hit < 0:
            continue
        last_layer = points[last[2]].layer
        if points[hit].layer == last_layer:
            _pass_hit(space, hit, motion, field, scratch)
            continue
        if motion.filtered and step == 0 and inward:
            scatter(scratch.states[_CURRENT], space.surfaces[last_layer], motion, field.bending)
        if step == LONGEST or not _may_follow(table, last_layer, points[hit].layer):
            return
        if not _step(space, hit, inward, field, scratch, steps, i, step):
            return
        step += 1
        last[0], last[1], last[2] = last[1], last[2], hit
        if not _learn(space, hit, motion, field, scratch):
            return


@kernel(owns=True)
def _new_scratch() -> _Scratch:
    return _Scratch(
        np.zeros(2, dtype=STATE),
        np.zeros(1, dtype=PATH),
        np.zeros(1, dtype=RESIDUAL),
        np.zeros(N_FEATURES, dtype=np.float32),
        np.zeros(3, dtype=np.int32),
    )


@kernel
def _first_three(points: RecordArray, track: Int32Array, three: Int32Array) -> int:
    """Write the first hits on the first three layers of a track; return the place after the last, or -1."""
    n = 0
    for place in range(len(track)):
        hit = track[place]
        if hit >= 0 and (n == 0 or points[hit].layer != points[three[n - 1]].layer):
            three[n] = hit
            n += 1
            if n == 3:
                return place + 1
    return -1


@kernel
def _start(space: SearchSpace, motion: Motion, field: FieldMap, scratch: _Scratch) -> bool:
    """Start the state anew from the last three hits; False where two of them are at one place."""
    points, last = space.points, scratch.last
    return start_state(
        points[last[0]], points[last[1]], points[last[2]],
        space.surfaces, motion, field, scratch.states[_CURRENT],
    )  # fmt: skip


@kernel
def _may_follow(table: Int32Array, last_layer: int, layer: int) -> bool:
    known = False
    for other in table[last_layer]:
        known |= other == layer
    return known


@kernel
def _pass_hit(space: SearchSpace, hit: int, motion: Motion, field: FieldMap, scratch: _Scratch) -> None:
    """Let a filter learn from a further hit on the layer where it is."""
    if motion.filtered:
        point, state, path = space.points[hit], scratch.states[_CURRENT], scratch.paths[0]
        head(state, field, path)
        update(point, space.surfaces[point.layer], state, path, scratch.residuals[0])


@kernel
def _step(
    space: SearchSpace,
    hit: int,
    inward: bool,
    field: FieldMap,
    scratch: _Scratch,
    steps: Steps,
    i: int,
    step: int,
) -> bool:
    """Write the step to a hit on another layer; False, and no step, where its prediction is lost."""
    point, path, residual = space.points[hit], scratch.paths[0], scratch.residuals[0]
    state, ahead = scratch.states[_CURRENT], scratch.states[_AHEAD]
    surface, features = space.surfaces[point.layer], steps.features[i, step]
    if not transport(state, surface, False, field, ahead, path) < np.inf:
        return False
    transport_covariance(state, path, ahead)
    for k in range(N_FEATURES):
        features[k] = scratch.features[k]
    query_features(inward, ahead, path, steps.query[i, step])
    measure(point, surface, ahead, path, residual)
    if not _is_near(ahead, residual):
        return False
    _write_target(ahead, residual, steps.targets[i, step])
    steps.last_layer[i, step] = space.points[scratch.last[2]].layer
    steps.layer[i, step] = point.layer
    hit_features(point, surface, inward, ahead, path, residual, scratch.features)
    return True


@kernel
def _is_near(state: State, residual: Residual) -> bool:
    """Tell whether a prediction is known at all, and the hit near it."""
    known = max(state.aa, state.zz) < _FARTHEST**2
    return known and max(abs(residual.r1), abs(residual.r2), abs(residual.ahead)) < _FARTHEST


@kernel
def _write_target(state: State, residual: Residual, target: StepTarget) -> None:
    target.r1, target.a1, target.z1, target.e1 = residual.r1, residual.a1, residual.z1, residual.e1
    target.r2, target.a2, target.z2, target.e2 = residual.r2, residual.a2, residual.z2, residual.e2
    target.aa, target.az, target.zz = place_at(state, residual.ahead)
    target.side, target.end = np.copysign(1.0, state.kappa), np.copysign(1.0, state.slope)


@kernel
def _learn(space: SearchSpace, hit: int, motion: Motion, field: FieldMap, scratch: _Scratch) -> bool:
    """Let the state learn from a hit on the next layer; False where it cannot go on."""
    point = space.points[hit]
    surface = space.surfaces[point.layer]
    scratch.states[_CURRENT] = scratch.states[_AHEAD]
    if not motion.filtered:
        return _start(space, motion, field, scratch)
    update(point, surface, scratch.states[_CURRENT], scratch.paths[0], scratch.residuals[0])
    scatter(scratch.states[_CURRENT], surface, motion, field.bending)
    return True
