"""Training material: what a filter predicts along true tracks, and what their hits then were."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector.transitions import next_layers, preceding_layers
from clew.extend.growing.memory import N_ASKED, N_MET, ask, begin_course, meet
from clew.hits.space import whole_space
from clew.kernels import kernel, parallel_kernel
from clew.motion.measurement import AHEAD, N_RESIDUAL, R1, R2, direct, measure, place_at, update
from clew.motion.state import AA, KAPPA, N_STATE, SLOPE, ZZ, Motion, scatter, start_state
from clew.motion.transport import N_WAY, arrive, carry_covariance
from clew.tracksets import Tracks

__all__ = ["LONGEST", "N_FOUND", "Steps", "steps_of"]

LONGEST: Final = 14
"""Steps of a track that are used; few tracks cross more layers."""

N_FOUND: Final = 13
"""Numbers of the hit found at a step: the residuals, their dependence on the state's place and their errors
(see clew.motion.measurement), the covariances of the place across and in z, and the signs of
curvature and slope."""

_FARTHEST: Final = 100.0  # mm


class Steps(NamedTuple):
    """Sequences of steps, one per true track and direction; a step goes from one hit to the next layer's.

    Attributes
    ----------
    told : ndarray of shape (n, LONGEST, N_MET), float32
        What the hit at the step's begin tells; see clew.extend.growing.memory.
    asked : ndarray of shape (n, LONGEST, N_ASKED), float32
        What is asked about the next layer.
    layer : ndarray of shape (n, LONGEST, 2), int32
        The layers at begin and end; -1 after the last step.
    found : ndarray of shape (n, LONGEST, N_FOUND), float32
    """

    told: Float32Array
    asked: Float32Array
    layer: Int32Array
    found: Float32Array


def steps_of(tracks: Tracks, motion: Motion) -> Steps:
    """Follow every true track outwards and inwards, and return those sequences that have a step."""
    space = whole_space(tracks.hits)
    place = np.empty(len(tracks.hits), dtype=np.int32)
    place[space.row] = np.arange(len(place), dtype=np.int32)
    parts = [
        _follow_all(
            space.points,
            space.layer,
            place[::direction].copy(),
            _offsets(tracks, direction),
            table,
            inward,
            motion,
        )
        for direction, table, inward in ((1, next_layers(1), False), (-1, preceding_layers(), True))
    ]
    told, asked, layer, found = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    some = layer[:, 0, 0] >= 0
    return Steps(told[some], asked[some], layer[some], found[some])


def _offsets(tracks: Tracks, direction: int) -> Int64Array:
    return tracks.offsets if direction > 0 else tracks.offsets[-1] - tracks.offsets[::-1]


@kernel
def _first_three(layer: Int32Array, path: Int32Array, three: Int32Array) -> int:
    """Write the first hits on the first three layers of a path; return the place after the last, or -1."""
    n = 0
    for place in range(len(path)):
        if n == 0 or layer[path[place]] != layer[three[n - 1]]:
            three[n] = path[place]
            n += 1
            if n == 3:
                return place + 1
    return -1


@kernel
def _write_found(state: Float64Array, residual: Float64Array, found: Float32Array) -> None:
    for k in range(AHEAD):
        found[k] = residual[k]
    found[8], found[9], found[10] = place_at(state, residual[AHEAD])
    found[11], found[12] = np.copysign(1.0, state[KAPPA]), np.copysign(1.0, state[SLOPE])


@kernel
def _goes_to(table: Int32Array, last_layer: int, layer: int) -> bool:
    known = False
    for other in table[last_layer]:
        known |= other == layer
    return known


@kernel
def _is_sane(state: Float64Array, residual: Float64Array) -> bool:
    """Tell whether a prediction is known at all and the hit near it: tracks that curl up leave the filter."""
    known = max(state[AA], state[ZZ]) < _FARTHEST**2
    return known and max(abs(residual[R1]), abs(residual[R2]), abs(residual[AHEAD])) < _FARTHEST


@kernel
def _follow_one(
    points: Float64Array,
    layers: Int32Array,
    path: Int32Array,
    table: Int32Array,
    inward: bool,
    motion: Motion,
    told: Float32Array,
    asked: Float32Array,
    layer_of: Int32Array,
    found: Float32Array,
) -> None:
    three = np.empty(3, dtype=np.int32)
    begin = _first_three(layers, path, three)
    state, target, way = np.empty(N_STATE), np.empty(N_STATE), np.empty(N_WAY)
    residual, tells = np.empty(N_RESIDUAL), np.empty(N_MET, dtype=np.float32)
    if begin < 0 or not start_state(points, layers, three[0], three[1], three[2], motion, state):
        return
    begin_course(state, inward, tells)
    step = 0
    for hit in path[begin:]:
        last_layer, layer = layers[three[2]], layers[hit]
        if layer == last_layer:
            if motion.filtered:
                direct(state, way)
                update(points, hit, layer, state, way, residual)
            continue
        if motion.filtered and step == 0 and inward:
            scatter(state, last_layer, motion)
        if step == len(told) or not _goes_to(table, last_layer, layer):
            return
        if not arrive(state, layer, last_layer, target, way) < np.inf:
            return
        carry_covariance(state, way, target)
        told[step] = tells
        ask(layer, inward, target, way, asked[step])
        measure(points, hit, layer, target, way, residual)
        if not _is_sane(target, residual):
            return
        _write_found(target, residual, found[step])
        layer_of[step, 0], layer_of[step, 1] = last_layer, layer
        meet(points, hit, layer, inward, target, way, residual, tells)
        step += 1
        three[0], three[1], three[2] = three[1], three[2], hit
        state[:] = target
        if motion.filtered:
            update(points, hit, layer, state, way, residual)
            scatter(state, layer, motion)
        elif not start_state(points, layers, three[0], three[1], three[2], motion, state):
            return


@parallel_kernel
def _follow_all(
    points: Float64Array,
    layers: Int32Array,
    paths: Int32Array,
    offsets: Int64Array,
    table: Int32Array,
    inward: bool,
    motion: Motion,
) -> tuple[Float32Array, Float32Array, Int32Array, Float32Array]:
    n = len(offsets) - 1
    told = np.zeros((n, LONGEST, N_MET), dtype=np.float32)
    asked = np.zeros((n, LONGEST, N_ASKED), dtype=np.float32)
    layer_of = np.full((n, LONGEST, 2), -1, dtype=np.int32)
    found = np.zeros((n, LONGEST, N_FOUND), dtype=np.float32)
    for i in numba.prange(n):
        _follow_one(
            points, layers, paths[offsets[i] : offsets[i + 1]], table, inward, motion,
            told[i], asked[i], layer_of[i], found[i],
        )  # fmt: skip
    return told, asked, layer_of, found
