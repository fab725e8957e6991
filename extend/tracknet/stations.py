"""From station to station: where candidates cross the next layers, and the hits in their ellipses there."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.detector.solenoid import FieldMap
from clew.extend.growing.network import N_FEATURES, N_QUERY, hit_features, query_features, start_features
from clew.fitting.ellipse import Branching, Inside, hits_in_ellipse
from clew.fitting.likelihood import Snap, hit_density, most_likely_hit
from clew.hits.space import SearchSpace
from clew.kernels import kernel, parallel_kernel
from clew.motion.measurement import RESIDUAL, head
from clew.motion.state import STATE, Motion, start_state
from clew.motion.transport import PATH, may_reach, on_layer, transport, transport_covariance
from clew.records import RecordArray
from clew.tracks import NO_HIT

__all__ = ["N_AHEAD", "Children", "Crossings", "branch", "cross", "seed_features", "with_doubles"]

N_AHEAD: Final = 3
"""Layers ahead of a candidate; the nearest one with a hit in its ellipse is the next station."""

_MOST_DOUBLES: Final = 3
"""Hits of overlapping modules that a candidate takes on a layer at most."""


class Crossings(NamedTuple):
    """Where candidates cross their next layers, nearest first.

    Attributes
    ----------
    layer : ndarray of shape (n, N_AHEAD), int32
        -1 where there is none.
    arc : ndarray of shape (n, N_AHEAD), float64, mm
        inf where there is none.
    query : ndarray of shape (n, N_AHEAD, N_QUERY), float32
        Features of the crossing; see clew.extend.growing.network.
    states : ndarray of shape (n, N_AHEAD), `clew.motion.state.State`
    paths : ndarray of shape (n, N_AHEAD), `clew.motion.transport.Path`
    """

    layer: Int32Array
    arc: Float64Array
    query: Float32Array
    states: RecordArray
    paths: RecordArray


class Children(NamedTuple):
    """The hits in the ellipses of candidates, nearest to the centre first.

    Attributes
    ----------
    hit : ndarray of shape (n, width), int32
        NO_HIT where there are no more.
    distance, area : ndarray of shape (n, width), float64
        See `clew.fitting.ellipse.Inside`.
    option : ndarray of shape (n,), int32
        Which of the crossings the station is; -1 for none.
    density : ndarray of shape (n,), float64
        Hits per mm2 there.
    features : ndarray of shape (n, width, N_FEATURES), float32
        Of each hit, for the network.
    """

    hit: Int32Array
    distance: Float64Array
    area: Float64Array
    option: Int32Array
    density: Float64Array
    features: Float32Array


class _Scratch(NamedTuple):
    """What one candidate is worked on in.

    Attributes
    ----------
    states : ndarray of shape (2,), `clew.motion.state.State`
    paths : ndarray of shape (1,), `clew.motion.transport.Path`
    residuals : ndarray of shape (1,), `clew.motion.measurement.Residual`
    """

    states: RecordArray
    paths: RecordArray
    residuals: RecordArray


_CURRENT, _AHEAD = range(2)
"""Records of `_Scratch.states`: at the last hit, and predicted on another layer."""


@kernel(owns=True)
def _new_scratch() -> _Scratch:
    return _Scratch(np.zeros(2, dtype=STATE), np.zeros(1, dtype=PATH), np.zeros(1, dtype=RESIDUAL))


@parallel_kernel
def seed_features(
    space: SearchSpace, triplets: Int32Array, inward: bool, motion: Motion, field: FieldMap
) -> Float32Array:
    """Return the features of each seed of three hits, shape (n, N_FEATURES)."""
    features = np.zeros((len(triplets), N_FEATURES), dtype=np.float32)
    for i in numba.prange(len(triplets)):
        _seed_features_one(space, triplets[i], inward, motion, field, features[i])
    return features


@kernel(owns=True)
def _seed_features_one(
    space: SearchSpace,
    triplet: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
    features: Float32Array,
) -> None:
    _write_seed_features(space, triplet, inward, motion, field, _new_scratch(), features)


@kernel
def _write_seed_features(
    space: SearchSpace,
    triplet: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
    scratch: _Scratch,
    features: Float32Array,
) -> None:
    points, state = space.points, scratch.states[_CURRENT]
    first, second, third = points[triplet[0]], points[triplet[1]], points[triplet[2]]
    if start_state(first, second, third, space.surfaces, motion, field, state):
        start_features(state, inward, features)


def cross(
    space: SearchSpace,
    last: Int32Array,
    following: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
) -> Crossings:
    """Return where the helices through the last three hits of candidates cross the next layers.

    Parameters
    ----------
    space : SearchSpace
    last : ndarray of shape (n, 3), int32
        Entries of the space, in the direction of travel.
    following : ndarray of shape (n_layers, any), int32
        Layers that may come after each, -1 padded.
    inward : bool
        The direction of travel.
    motion : Motion
    field : FieldMap
    """
    n = len(last)
    crossings = Crossings(
        np.full((n, N_AHEAD), -1, dtype=np.int32),
        np.full((n, N_AHEAD), np.inf),
        np.zeros((n, N_AHEAD, N_QUERY), dtype=np.float32),
        np.zeros((n, N_AHEAD), dtype=STATE),
        np.zeros((n, N_AHEAD), dtype=PATH),
    )
    _cross_all(space, last, following, inward, motion, field, crossings)
    return crossings


@parallel_kernel
def _cross_all(
    space: SearchSpace,
    last: Int32Array,
    following: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
    crossings: Crossings,
) -> None:
    for i in numba.prange(len(last)):
        _cross_one(space, last[i], following, inward, motion, field, crossings, i)


@kernel(owns=True)
def _cross_one(
    space: SearchSpace,
    last: Int32Array,
    following: Int32Array,
    inward: bool,
    motion: Motion,
    field: FieldMap,
    crossings: Crossings,
    i: int,
) -> None:
    """Write the nearest crossings of the helix through three hits into row i."""
    _write_crossings(space, last, following, (motion, field), _new_scratch(), crossings, i)
    for k in range(N_AHEAD):
        if crossings.layer[i, k] >= 0:
            query_features(inward, crossings.states[i, k], crossings.paths[i, k], crossings.query[i, k])


@kernel
def _write_crossings(
    space: SearchSpace,
    last: Int32Array,
    following: Int32Array,
    movement: tuple[Motion, FieldMap],
    scratch: _Scratch,
    crossings: Crossings,
    i: int,
) -> None:
    motion, field = movement
    state, ahead, path = scratch.states[_CURRENT], scratch.states[_AHEAD], scratch.paths[0]
    first, second, third = space.points[last[0]], space.points[last[1]], space.points[last[2]]
    if not start_state(first, second, third, space.surfaces, motion, field, state):
        return
    for layer in following[third.layer]:
        farthest = crossings.arc[i, N_AHEAD - 1]
        if layer < 0:
            break
        surface = space.surfaces[layer]
        if not may_reach(state, surface, farthest):
            continue
        arc = transport(state, surface, layer == third.layer, field, ahead, path)
        if not arc < farthest:
            continue
        transport_covariance(state, path, ahead)
        if on_layer(ahead, surface):
            rank = _make_room(crossings, i, arc)
            crossings.layer[i, rank], crossings.arc[i, rank] = layer, arc
            crossings.states[i, rank] = ahead
            crossings.paths[i, rank] = path


@kernel
def _make_room(crossings: Crossings, i: int, arc: float) -> int:
    """Return the rank of a crossing at an arc; those behind it move on, and the farthest falls out."""
    rank = N_AHEAD - 1
    while rank > 0 and crossings.arc[i, rank - 1] > arc:
        rank -= 1
        crossings.arc[i, rank + 1] = crossings.arc[i, rank]
        crossings.layer[i, rank + 1] = crossings.layer[i, rank]
        crossings.states[i, rank + 1] = crossings.states[i, rank]
        crossings.paths[i, rank + 1] = crossings.paths[i, rank]
    return rank


def branch(
    space: SearchSpace, crossings: Crossings, ellipses: RecordArray, inward: bool, snap: Branching
) -> Children:
    """Return the hits in the ellipses on the nearest layer that has any.

    Parameters
    ----------
    space : SearchSpace
    crossings : Crossings
        Of n candidates.
    ellipses : ndarray of shape (n, N_AHEAD), `clew.fitting.ellipse.Ellipse`
    inward : bool
    snap : Branching
        Of each candidate as many hits are kept as there may be `branches`.
    """
    n, width = len(crossings.layer), snap.branches
    children = Children(
        np.full((n, width), NO_HIT, dtype=np.int32),
        np.zeros((n, width)),
        np.zeros((n, width)),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n),
        np.zeros((n, width, N_FEATURES), dtype=np.float32),
    )
    _branch_all(space, crossings, ellipses, inward, snap.widening, children)
    return children


@parallel_kernel
def _branch_all(
    space: SearchSpace,
    crossings: Crossings,
    ellipses: RecordArray,
    inward: bool,
    widening: float,
    children: Children,
) -> None:
    for i in numba.prange(len(ellipses)):
        _branch_one(space, crossings, ellipses, inward, widening, children, i)


@kernel(owns=True)
def _branch_one(
    space: SearchSpace,
    crossings: Crossings,
    ellipses: RecordArray,
    inward: bool,
    widening: float,
    children: Children,
    i: int,
) -> None:
    _write_children(space, crossings, ellipses[i], (inward, widening), _new_scratch(), children, i)


@kernel
def _write_children(
    space: SearchSpace,
    crossings: Crossings,
    ellipses: RecordArray,
    choice: tuple[bool, float],
    scratch: _Scratch,
    children: Children,
    i: int,
) -> None:
    """Write the hits in the first ellipse that has any; `choice`: whether inward, and the widening."""
    inward, widening = choice
    residual = scratch.residuals[0]
    inside = Inside(children.hit[i], children.distance[i], children.area[i])
    for k in range(N_AHEAD):
        layer, state, path = crossings.layer[i, k], crossings.states[i, k], crossings.paths[i, k]
        if layer < 0:
            return
        surface = space.surfaces[layer]
        n = hits_in_ellipse(space, layer, state, path, ellipses[k], widening, residual, inside)
        for j in range(n):
            point, features = space.points[inside.hit[j]], children.features[i, j]
            hit_features(point, surface, inward, state, path, residual, features)
        if n:
            children.option[i], children.density[i] = k, hit_density(surface, state)
            return


@parallel_kernel
def with_doubles(
    space: SearchSpace, tracks: Int32Array, motion: Motion, field: FieldMap, snap: Snap
) -> Int32Array:
    """Return candidates with the hits that they left on overlapping modules, shape (n, any), -1 padded.

    From each hit the helix through it and two others is followed to other modules of its layer.

    Parameters
    ----------
    space : SearchSpace
    tracks : ndarray of shape (n, any), int32
        Hits of at least three layers each, one a layer, then -1.
    motion : Motion
    field : FieldMap
    snap : Snap
        Which hits may be taken.
    """
    n, width = tracks.shape
    full = np.full((n, 2 * width), -1, dtype=np.int32)
    for i in numba.prange(n):
        _with_doubles_one(space, tracks[i], motion, field, snap, full[i])
    return full


@kernel(owns=True)
def _with_doubles_one(
    space: SearchSpace, track: Int32Array, motion: Motion, field: FieldMap, snap: Snap, full: Int32Array
) -> None:
    _write_with_doubles(space, track, motion, field, snap, _new_scratch(), full)


@kernel
def _write_with_doubles(
    space: SearchSpace,
    track: Int32Array,
    motion: Motion,
    field: FieldMap,
    snap: Snap,
    scratch: _Scratch,
    full: Int32Array,
) -> None:
    points, state = space.points, scratch.states[_CURRENT]
    length, n = 0, 0
    while length < len(track) and track[length] >= 0:
        length += 1
    for place in range(length):
        if n == len(full):
            return
        full[n] = track[place]
        n += 1
        step = -1 if place >= 2 else 1
        first, second, third = track[place + 2 * step], track[place + step], track[place]
        if start_state(points[first], points[second], points[third], space.surfaces, motion, field, state):
            n = _add_doubles(space, field, snap, scratch, full, n)


@kernel
def _add_doubles(
    space: SearchSpace, field: FieldMap, snap: Snap, scratch: _Scratch, full: Int32Array, n: int
) -> int:
    """Append hits of other modules on the layer of the last of n hits, the state at it; return the new n."""
    state, path, residual = scratch.states[_CURRENT], scratch.paths[0], scratch.residuals[0]
    begin, layer = n - 1, space.points[full[n - 1]].layer
    head(state, field, path)
    for _ in range(_MOST_DOUBLES):
        hit, _gain = most_likely_hit(space, layer, state, path, snap, full[begin:n], residual)
        if hit < 0 or n == len(full):
            break
        full[n] = hit
        n += 1
    return n
