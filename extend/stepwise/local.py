"""Local coordinates: four hits as seen from the last one, and the next where their helix says.

The helix through the last three hits on different layers is followed to the layer that it crosses next; where
overlapping modules leave hits on two layers only, the beam line is the third point.  The hits are seen along
it, across it and in z above it.  The target is how far the next hit lies off the helix, across and
along its module, in expected deviations, and by how much the module stands before or behind the crossing.
Modules of a layer are staggered by some mm while a helix is known to a fraction of one: in these directions
the deviations are independent, so a diagonal covariance is the right one.  Turned and mirrored by the
detector's symmetries (see clew.extend.frames), all directions look alike.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.detector.solenoid import FieldMap
from clew.detector.surface import Surface
from clew.event import Hits
from clew.extend.stepwise.features import N_FEATURES, crossing_features, hit_features, layer_kinds
from clew.extend.stepwise.windows import WINDOW
from clew.fitting.nearest.targets import TARGET, Target
from clew.hits.index import HIT_POINT, entries_of
from clew.hits.space import SearchSpace, whole_space
from clew.kernels import kernel, parallel_kernel
from clew.motion.state import STATE, Motion, State, start_state
from clew.motion.transport import PATH, on_layer, transport, transport_covariance
from clew.records import RecordArray

__all__ = ["STAGGER", "References", "refer"]

STAGGER: Final = 3.0
"""Unit of how far a module stands before or behind its layer's place, mm."""

_MOTION: Final = Motion(1.3, 1.5, 0.01, filtered=False)
_CLOSEST: Final = 1.0  # mm in r between two hits that make a helix with the beam line
_STEEPEST: Final = 0.2  # cosine of a track's angle to the radius, on a cylinder
_FLATTEST: Final = 0.05  # slope of a track, on a disc

_CURRENT, _CROSSING, _TRIAL = range(3)
"""Records of `_Scratch.states`: at the last hit, where it crosses the next layer, and on trial."""

_AHEAD, _ON_TRIAL = range(2)
"""Records of `_Scratch.paths`: to the crossing, and the one on trial."""


class References(NamedTuple):
    """The helices of n windows where they cross the next layer.

    Attributes
    ----------
    target : ndarray of shape (n,), `clew.fitting.nearest.targets.Target`
        The crossing as searches take it, with its direction; expected deviations of a hit there: r*phi, then
        r and z, of which one is STAGGER.  NaN where no layer is crossed next.
    layer : ndarray of shape (n,), int32
        Dense index of that layer, -1 for none.
    barrel : ndarray of shape (n,), bool
        Whether it is a cylinder.
    turn, side : ndarray of shape (n,), float64
        +1 or -1: signs of curvature and slope, by which everything is mirrored.
    features : ndarray of shape (n, WINDOW, N_FEATURES), float64
    """

    target: RecordArray
    layer: Int32Array
    barrel: BoolArray
    turn: Float64Array
    side: Float64Array
    features: Float64Array


class _Layers(NamedTuple):
    """What references depend on besides hits and field.

    Attributes
    ----------
    following : ndarray of shape (n_layers, any), int32
        Layers that may come after each, -1 padded.
    kinds : ndarray of shape (n_layers,), `clew.extend.stepwise.features.LayerKind`
    """

    following: Int32Array
    kinds: RecordArray


class _Scratch(NamedTuple):
    """What one window is worked on in.

    Attributes
    ----------
    states : ndarray of shape (3,), `clew.motion.state.State`
    paths : ndarray of shape (2,), `clew.motion.transport.Path`
    points : ndarray of shape (1,), `clew.hits.index.HitPoint`
        A point on the beam line that stands for a hit.
    last : ndarray of shape (3,), int32
        The last hits on three different layers, from the outside inwards.
    """

    states: RecordArray
    paths: RecordArray
    points: RecordArray
    last: Int32Array


def refer(hits: Hits, windows: Int32Array, skipped: Int32Array) -> References:
    """Make the references of windows.

    Parameters
    ----------
    hits : Hits
    windows : ndarray of shape (n, WINDOW), int32
        Rows of `hits`, from the inside outwards.
    skipped : ndarray of shape (n,), int32
        Crossings that are passed over: 0 for the next one, 1 for the one behind it.
    """
    space, detector, n = whole_space(hits), hits.detector, len(windows)
    entries = entries_of(space.row, len(hits))
    references = References(
        np.full(n, np.nan, dtype=TARGET),
        np.full(n, -1, dtype=np.int32),
        np.zeros(n, dtype=np.bool_),
        np.ones(n),
        np.ones(n),
        np.zeros((n, WINDOW, N_FEATURES)),
    )
    places = np.ascontiguousarray(entries[windows])
    layers = _Layers(detector.following(1), layer_kinds(detector))
    _refer_all(space, places, skipped, layers, _MOTION, detector.solenoid.map, references)
    return references


@parallel_kernel
def _refer_all(
    space: SearchSpace,
    windows: Int32Array,
    skipped: Int32Array,
    layers: _Layers,
    motion: Motion,
    field: FieldMap,
    out: References,
) -> None:
    for i in numba.prange(len(windows)):
        _refer_one(space, windows[i], skipped[i], layers, motion, field, out, i)


@kernel(owns=True)
def _refer_one(
    space: SearchSpace,
    window: Int32Array,
    skipped: int,
    layers: _Layers,
    motion: Motion,
    field: FieldMap,
    out: References,
    i: int,
) -> None:
    _refer(space, window, skipped, layers, (motion, field), _new_scratch(), out, i)


@kernel(owns=True)
def _new_scratch() -> _Scratch:
    return _Scratch(
        np.zeros(3, dtype=STATE),
        np.zeros(2, dtype=PATH),
        np.zeros(1, dtype=HIT_POINT),
        np.zeros(3, dtype=np.int32),
    )


@kernel
def _refer(
    space: SearchSpace,
    window: Int32Array,
    skipped: int,
    layers: _Layers,
    movement: tuple[Motion, FieldMap],
    scratch: _Scratch,
    out: References,
    i: int,
) -> None:
    """Write the reference of window i."""
    if not _start(space, window, movement, scratch):
        return
    state, crossing, path = scratch.states[_CURRENT], scratch.states[_CROSSING], scratch.paths[_AHEAD]
    following, arc, found = layers.following[space.points[window[-1]].layer], 0.0, -1
    for _ in range(skipped + 1):
        found = _next_crossing(space, following, movement[1], arc, scratch)
        if found < 0:
            return
        arc = path.arc
    surface, kind = space.surfaces[found], layers.kinds[found]
    turn, side = np.copysign(1.0, state.kappa), np.copysign(1.0, state.slope)
    out.layer[i], out.barrel[i], out.turn[i], out.side[i] = found, surface.barrel, turn, side
    _write_target(crossing, surface, out.target[i])
    for step in range(len(window)):
        point, features = space.points[window[step]], out.features[i, step]
        hit_features(point, layers.kinds[point.layer], state, path.bent, turn, side, features)
        crossing_features(crossing, kind, path.arc, turn, side, out.target[i], features)


@kernel
def _start(
    space: SearchSpace, window: Int32Array, movement: tuple[Motion, FieldMap], scratch: _Scratch
) -> bool:
    """Write the state at the last hit; False where there is a hit less, or the hits make no helix."""
    points, last = space.points, scratch.last
    motion, field = movement
    n = 0
    for step in range(len(window) - 1, -1, -1):
        hit = window[step]
        if hit < 0:
            return False
        if n < 3 and (n == 0 or points[hit].layer != points[last[n - 1]].layer):
            last[n] = hit
            n += 1
    if n < 2:
        return False
    first, second, third = scratch.points[0], points[last[1]], points[last[0]]
    if n == 3:
        scratch.points[0] = points[last[2]]
    elif abs(third.r - second.r) < _CLOSEST:
        return False
    else:  # on two layers only, as those of overlapping modules are: from the beam line
        scratch.points[0] = second
        first.x, first.y = 0.0, 0.0
        first.z = second.z - second.r * (third.z - second.z) / (third.r - second.r)
    return start_state(first, second, third, space.surfaces, motion, field, scratch.states[_CURRENT])


@kernel
def _next_crossing(
    space: SearchSpace, following: Int32Array, field: FieldMap, beyond: float, scratch: _Scratch
) -> int:
    """Write the state where it first crosses a layer beyond an arc [mm], and the path there.

    Returns the layer, -1 for none.
    """
    state, trial, path = scratch.states[_CURRENT], scratch.states[_TRIAL], scratch.paths[_ON_TRIAL]
    last_layer = space.points[scratch.last[0]].layer
    found, nearest = -1, np.inf
    for layer in following:
        if layer < 0:
            break
        surface = space.surfaces[layer]
        arc = transport(state, surface, layer == last_layer, field, trial, path)
        if not beyond < arc < nearest:
            continue
        transport_covariance(state, path, trial)
        if on_layer(trial, surface):
            found, nearest = layer, arc
            scratch.states[_CROSSING] = trial
            scratch.paths[_AHEAD] = path
    return found


@kernel
def _write_target(crossing: State, surface: Surface, target: Target) -> None:
    x, y, slope = crossing.x, crossing.y, crossing.slope
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    outwards, aside = np.cos(crossing.psi - phi), np.sin(crossing.psi - phi)
    path = np.hypot(outwards, slope)  # in the (r, z) half plane, per transverse arc
    target.phi, target.r, target.z, target.z_over_r = phi, r, crossing.z, crossing.z / r
    target.dphi, target.dr, target.dz = aside / (r * path), outwards / path, slope / path
    aa, zz = crossing.aa, crossing.zz
    across, along = surface.across**2, surface.along**2
    if surface.barrel:
        steep = max(abs(outwards), _STEEPEST)
        target.across_sigma, target.r_sigma = np.sqrt(aa / steep**2 + across), STAGGER
        target.z_sigma = np.sqrt(zz + (slope * aside / steep) ** 2 * aa + along)
    else:
        per_slope = 1.0 / max(abs(slope), _FLATTEST) ** 2
        target.across_sigma = np.sqrt(outwards**2 * aa + aside**2 * per_slope * zz + across)
        target.r_sigma = np.sqrt(aside**2 * aa + outwards**2 * per_slope * zz + along)
        target.z_sigma = STAGGER
    target.r_offset, target.z_offset = 0.0, 0.0
