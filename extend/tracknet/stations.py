"""From station to station: where candidates cross the next layers, and the hits in their ellipses there."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.extend.growing.memory import N_ASKED, N_MET, ask, begin_course, meet
from clew.fitting.ellipse import hits_in_ellipse
from clew.fitting.likelihood import Snap, hit_density, most_likely_hit
from clew.hits.space import Ground
from clew.kernels import kernel, parallel_kernel
from clew.motion.measurement import N_RESIDUAL, direct
from clew.motion.state import N_STATE, Motion, start_state
from clew.motion.transport import N_WAY, arrive, carry_covariance, may_reach, on_layer

__all__ = ["N_AHEAD", "Children", "Crossings", "begin_courses", "branch", "cross", "with_doubles"]

N_AHEAD: Final = 3
"""Layers ahead of a candidate; the nearest one with a hit in its ellipse is the next station."""

_MOST_DOUBLES: Final = 3


class Crossings(NamedTuple):
    """Where candidates cross their next layers, nearest first.

    Attributes
    ----------
    layer : ndarray of shape (n, N_AHEAD), int32
        -1 where there is none.
    asked : ndarray of shape (n, N_AHEAD, N_ASKED), float32
        What the network is asked about the layer; see clew.extend.growing.memory.
    state : ndarray of shape (n, N_AHEAD, N_STATE), float64
    way : ndarray of shape (n, N_AHEAD, N_WAY), float64
    """

    layer: Int32Array
    asked: Float32Array
    state: Float64Array
    way: Float64Array


class Children(NamedTuple):
    """The hits in the ellipses of candidates, nearest to the centre first.

    Attributes
    ----------
    hit : ndarray of shape (n, width), int32
        -1 where there are no more.
    near : ndarray of shape (n, width), float64
        Distance from the centre in widened radii.
    area : ndarray of shape (n, width), float64
        Of the widened ellipse, mm2.
    option : ndarray of shape (n,), int32
        Which of the crossings the station is; -1 for none.
    density : ndarray of shape (n,), float64
        Hits per mm2 there.
    told : ndarray of shape (n, width, N_MET), float32
        What each hit tells the network.
    """

    hit: Int32Array
    near: Float64Array
    area: Float64Array
    option: Int32Array
    density: Float64Array
    told: Float32Array


@parallel_kernel
def begin_courses(ground: Ground, triplets: Int32Array, inward: bool, motion: Motion) -> Float32Array:
    """Return what the course of each seed of three hits tells, shape (n, N_MET)."""
    told = np.zeros((len(triplets), N_MET), dtype=np.float32)
    for i in numba.prange(len(triplets)):
        state = np.empty(N_STATE)
        one, two, three = triplets[i]
        if start_state(ground.points, ground.layer, one, two, three, motion, state):
            begin_course(state, inward, told[i])
    return told


@kernel
def _cross_one(
    ground: Ground,
    last: Int32Array,
    following: Int32Array,
    motion: Motion,
    layers: Int32Array,
    states: Float64Array,
    ways: Float64Array,
) -> None:
    """Write the nearest crossings of the helix through three hits."""
    state, target, way = np.empty(N_STATE), np.empty(N_STATE), np.empty(N_WAY)
    if not start_state(ground.points, ground.layer, last[0], last[1], last[2], motion, state):
        return
    arcs = np.full(N_AHEAD, np.inf)
    last_layer = ground.layer[last[2]]
    for layer in following[last_layer]:
        farthest = arcs[N_AHEAD - 1]
        if layer < 0:
            break
        if not may_reach(state, layer, farthest):
            continue
        arc = arrive(state, layer, last_layer, target, way)
        if not arc < farthest:
            continue
        carry_covariance(state, way, target)
        if not on_layer(target, layer):
            continue
        rank = N_AHEAD - 1
        while rank > 0 and arcs[rank - 1] > arc:
            rank -= 1
            arcs[rank + 1], layers[rank + 1] = arcs[rank], layers[rank]
            states[rank + 1], ways[rank + 1] = states[rank], ways[rank]
        arcs[rank], layers[rank] = arc, layer
        states[rank], ways[rank] = target, way


@parallel_kernel
def cross(ground: Ground, last: Int32Array, following: Int32Array, inward: bool, motion: Motion) -> Crossings:
    """Return where the helices through the last three hits of candidates cross the next layers.

    Parameters
    ----------
    ground : Ground
    last : ndarray of shape (n, 3), int32
        Rows of the ground, in the direction of travel.
    following : ndarray of shape (n_layers, any), int32
        Layers that may come after each, -1 padded.
    inward : bool
        The direction of travel.
    motion : Motion
    """
    n = len(last)
    layers = np.full((n, N_AHEAD), -1, dtype=np.int32)
    asked = np.zeros((n, N_AHEAD, N_ASKED), dtype=np.float32)
    states, ways = np.empty((n, N_AHEAD, N_STATE)), np.empty((n, N_AHEAD, N_WAY))
    for i in numba.prange(n):
        _cross_one(ground, last[i], following, motion, layers[i], states[i], ways[i])
        for k in range(N_AHEAD):
            if layers[i, k] >= 0:
                ask(layers[i, k], inward, states[i, k], ways[i, k], asked[i, k])
    return Crossings(layers, asked, states, ways)


@parallel_kernel
def branch(
    ground: Ground,
    layers: Int32Array,
    states: Float64Array,
    ways: Float64Array,
    ellipses: Float32Array,
    inward: bool,
    widening: float,
    width: int,
) -> Children:
    """Return the hits in the ellipses, shape (n, N_AHEAD, 4), on the nearest layer that has any.

    `layers`, `states` and `ways` are those of Crossings; of each candidate `width` hits are kept.
    """
    n = len(layers)
    hits = np.full((n, width), -1, dtype=np.int32)
    near, area = np.zeros((n, width)), np.zeros((n, width))
    option, density = np.full(n, -1, dtype=np.int32), np.zeros(n)
    told = np.zeros((n, width, N_MET), dtype=np.float32)
    for i in numba.prange(n):
        residual = np.empty(N_RESIDUAL)
        for k in range(N_AHEAD):
            layer, state, way = layers[i, k], states[i, k], ways[i, k]
            if layer < 0:
                break
            count = hits_in_ellipse(
                ground, layer, state, way, ellipses[i, k], widening, residual, hits[i], near[i], area[i]
            )
            for j in range(count):
                meet(ground.points, hits[i, j], layer, inward, state, way, residual, told[i, j])
            if count:
                option[i], density[i] = k, hit_density(ground.surfaces, layer, state)
                break
    return Children(hits, near, area, option, density, told)


@parallel_kernel
def with_doubles(ground: Ground, tracks: Int32Array, motion: Motion, snap: Snap) -> Int32Array:
    """Return candidates with the hits that they left on overlapping modules, shape (n, any), -1 padded.

    From each hit the helix through it and two others is followed to other modules of its layer.

    Parameters
    ----------
    ground : Ground
    tracks : ndarray of shape (n, any), int32
        Hits of at least three layers each, one a layer, then -1.
    motion : Motion
    snap : Snap
        Which hits may be taken.
    """
    n, width = tracks.shape
    full = np.full((n, 2 * width), -1, dtype=np.int32)
    for i in numba.prange(n):
        state, way, residual = np.empty(N_STATE), np.empty(N_WAY), np.empty(N_RESIDUAL)
        length, m = 0, 0
        while length < width and tracks[i, length] >= 0:
            length += 1
        for place in range(length):
            if m == full.shape[1]:
                break
            hit, begin = tracks[i, place], m
            full[i, m] = hit
            m += 1
            step = -1 if place >= 2 else 1
            if not start_state(
                ground.points, ground.layer, tracks[i, place + 2 * step], tracks[i, place + step], hit,
                motion, state,
            ):  # fmt: skip
                continue
            direct(state, way)
            for _ in range(_MOST_DOUBLES):
                double, _ = most_likely_hit(
                    ground, ground.layer[hit], state, way, snap, full[i, begin:m], residual
                )
                if double < 0 or m == full.shape[1]:
                    break
                full[i, m] = double
                m += 1
    return full
