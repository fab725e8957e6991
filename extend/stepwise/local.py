"""Local coordinates: four hits as seen from the last one, and the next where their helix says.

The helix through the last three hits on different layers is followed to the layer that it crosses next; where
overlapping modules leave hits on two layers only, the beam line is the third point.  The hits are seen along
it, across it and in z above it.  The answer sought is how far the next hit lies off the helix, across and
along its module, in expected deviations, and by how much the module stands before or behind the crossing.
Modules of a layer are staggered by some mm while a helix is known to a fraction of one: in these directions
the deviations are independent, so a diagonal covariance is the right one.  Turned and mirrored by the
detector's symmetries (see clew.extend.frames), all directions look alike.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector.transitions import next_layers
from clew.event import Hits
from clew.extend.stepwise.telling import N_TOLD, tell_crossing, tell_hit
from clew.extend.stepwise.windows import WINDOW
from clew.fitting.nearest.road import TARGET_WIDTH
from clew.hits.space import whole_space
from clew.kernels import kernel, parallel_kernel
from clew.motion.crossings import IS_BARREL
from clew.motion.state import (
    AA,
    ACROSS_ERROR,
    KAPPA,
    LENGTH_ERROR,
    N_STATE,
    PSI,
    SLOPE,
    ZZ,
    Motion,
    X,
    Y,
    Z,
    start_state,
)
from clew.motion.transport import ARC, BENT, N_WAY, arrive, carry_covariance, on_layer
from clew.tracks import NO_HIT

__all__ = ["STAGGER", "References", "refer"]

STAGGER: Final = 3.0
"""Unit of how far a module stands before or behind its layer's place, mm."""

_MOTION: Final = Motion(1.3, 1.5, 0.01, filtered=False)


class References(NamedTuple):
    """The helices of n windows where they cross the next layer.

    Attributes
    ----------
    target : ndarray of shape (n, TARGET_WIDTH), float64
        The crossing as searches take it (see clew.fitting.nearest.road), with its direction; expected
        deviations of a hit there: r*phi, then r and z, of which one is STAGGER.  NaN where no layer is
        crossed next.
    layer : ndarray of shape (n,), int32
        Dense index of that layer, -1 for none.
    turn, side : ndarray of shape (n,), float64
        +1 or -1: signs of curvature and slope, by which everything is mirrored.
    told : ndarray of shape (n, WINDOW, N_TOLD), float64
    """

    target: Float64Array
    layer: Int32Array
    turn: Float64Array
    side: Float64Array
    told: Float64Array


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
    space = whole_space(hits)
    place = np.full(len(hits), NO_HIT, dtype=np.int32)
    place[space.row] = np.arange(len(space.row), dtype=np.int32)
    n = len(windows)
    references = References(
        np.full((n, TARGET_WIDTH), np.nan),
        np.full(n, -1, dtype=np.int32),
        np.ones(n),
        np.ones(n),
        np.zeros((n, WINDOW, N_TOLD)),
    )
    places = np.ascontiguousarray(place[windows])
    _refer_all(space.points, space.layer, places, skipped, next_layers(1), _MOTION, references)
    return references


@parallel_kernel
def _refer_all(
    points: Float64Array,
    layer: Int32Array,
    windows: Int32Array,
    skipped: Int32Array,
    following: Int32Array,
    motion: Motion,
    out: References,
) -> None:
    for i in numba.prange(len(windows)):
        if windows[i].min() >= 0:
            _refer(points, layer, windows[i], skipped[i], following, motion, i, out)


@kernel
def _refer(
    points: Float64Array,
    layer: Int32Array,
    window: Int32Array,
    skipped: int,
    following: Int32Array,
    motion: Motion,
    i: int,
    out: References,
) -> None:
    state, way, crossing = np.empty(N_STATE), np.empty(N_WAY), np.empty(N_STATE)
    if not _start(points, layer, window, motion, state):
        return
    found, arc = -1, 0.0
    for _ in range(skipped + 1):
        found = _next_crossing(state, layer[window[-1]], following, arc, crossing, way)
        if found < 0:
            return
        arc = way[ARC]
    out.layer[i] = found
    out.turn[i], out.side[i] = np.copysign(1.0, state[KAPPA]), np.copysign(1.0, state[SLOPE])
    _write_target(crossing, found, out.target[i])
    for step in range(len(window)):
        told = out.told[i, step]
        tell_hit(points, window[step], layer[window[step]], state, way[BENT], out.turn[i], out.side[i], told)
        tell_crossing(crossing, found, way[ARC], out.turn[i], out.side[i], out.target[i], told)


@kernel
def _start(
    points: Float64Array, layer: Int32Array, window: Int32Array, motion: Motion, state: Float64Array
) -> bool:
    """Write the state at the last hit; False where the hits make no helix."""
    three = np.full(3, -1, dtype=np.int32)
    n = 0
    for step in range(len(window) - 1, -1, -1):
        if n < 3 and (n == 0 or layer[window[step]] != layer[three[n - 1]]):
            three[n] = window[step]
            n += 1
    if n == 3:
        return start_state(points, layer, three[2], three[1], three[0], motion, state)
    return n == 2 and _start_at_beam(points, layer, three[1], three[0], motion, state)


@kernel
def _start_at_beam(
    points: Float64Array, layer: Int32Array, second: int, third: int, motion: Motion, state: Float64Array
) -> bool:
    """Write the state of hits on two layers only, those of overlapping modules: from the beam line."""
    near, far = points[second, 5], points[third, 5]
    if abs(far - near) < 1.0:
        return False
    three = np.empty((3, points.shape[1]))
    three[0], three[1], three[2] = points[second], points[second], points[third]
    three[0, 0], three[0, 1] = 0.0, 0.0
    three[0, 2] = points[second, 2] - near * (points[third, 2] - points[second, 2]) / (far - near)
    layers = np.array([layer[second], layer[second], layer[third]], dtype=np.int32)
    return start_state(three, layers, 0, 1, 2, motion, state)


@kernel
def _next_crossing(
    state: Float64Array,
    last_layer: int,
    following: Int32Array,
    beyond: float,
    crossing: Float64Array,
    way: Float64Array,
) -> int:
    """Write the state where it first crosses a layer beyond an arc [mm], and the way there.

    Returns the layer, -1 for none.
    """
    found, nearest = -1, np.inf
    trial, trial_way = np.empty(N_STATE), np.empty(N_WAY)
    for layer in following[last_layer]:
        if layer < 0:
            break
        arc = arrive(state, layer, last_layer, trial, trial_way)
        if not beyond < arc < nearest:
            continue
        carry_covariance(state, trial_way, trial)
        if on_layer(trial, layer):
            found, nearest = layer, arc
            crossing[:], way[:] = trial, trial_way
    return found


@kernel
def _write_target(crossing: Float64Array, layer: int, target: Float64Array) -> None:
    x, y, slope = crossing[X], crossing[Y], crossing[SLOPE]
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    outwards, aside = np.cos(crossing[PSI] - phi), np.sin(crossing[PSI] - phi)
    path = np.hypot(outwards, slope)  # in the (r, z) half plane, per transverse arc
    target[0], target[1], target[2], target[3] = phi, r, crossing[Z], crossing[Z] / r
    target[4], target[5], target[6] = aside / (r * path), outwards / path, slope / path
    aa, zz = crossing[AA], crossing[ZZ]
    across, length = ACROSS_ERROR[layer] ** 2, LENGTH_ERROR[layer] ** 2
    if IS_BARREL[layer]:
        steep = max(abs(outwards), 0.2)
        target[7], target[8] = np.sqrt(aa / steep**2 + across), STAGGER
        target[9] = np.sqrt(zz + (slope * aside / steep) ** 2 * aa + length)
    else:
        per_slope = 1.0 / max(abs(slope), 0.05) ** 2
        target[7] = np.sqrt(outwards**2 * aa + aside**2 * per_slope * zz + across)
        target[8] = np.sqrt(aside**2 * aa + outwards**2 * per_slope * zz + length)
        target[9] = STAGGER
    target[10], target[11] = 0.0, 0.0
