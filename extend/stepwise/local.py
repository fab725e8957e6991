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

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array
from clew.detector import LAYERS
from clew.event import Hits
from clew.extend.crossings import IS_BARREL
from clew.extend.kalman.state import (
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
from clew.extend.kalman.transport import ARC, BENT, N_WAY, arrive, carry_covariance, on_layer
from clew.extend.stepwise.windows import WINDOW
from clew.fitting.road import TARGET_WIDTH, deviations
from clew.fitting.space import search_space
from clew.kernels import kernel, parallel_kernel
from clew.tracks import NO_HIT
from clew.transitions import next_layers

__all__ = ["N_TOLD", "STAGGER", "References", "deviations_of", "refer"]

N_TOLD: Final = 20
"""Numbers told of each hit: its place along, across and above the helix; its r, z and kind of layer (barrel,
pixel, long strip); and, the same for all four, the helix and its crossing."""

STAGGER: Final = 3.0
"""Unit of how far a module stands before or behind its layer's place, mm."""

_MOTION: Final = Motion(1.3, 1.5, 0.01, filtered=False)
_IS_PIXEL: Final = np.array([layer.volume in (7, 8, 9) for layer in LAYERS])
_IS_LONG: Final = np.array([layer.volume in (16, 17, 18) for layer in LAYERS])
_LOWEST_CURVATURE: Final = 1e-5


class References(NamedTuple):
    """The helices of n windows where they cross the next layer.

    Attributes
    ----------
    target : ndarray of shape (n, TARGET_WIDTH), float64
        The crossing as searches take it (see clew.fitting.road), with its direction; expected deviations of
        a hit there: r*phi, then r and z, of which one is STAGGER.  NaN where no layer is crossed next.
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
    space = search_space(hits, np.ones(len(hits), dtype=np.bool_))
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
        _tell_hit(points, window[step], layer[window[step]], state, way[BENT], out.turn[i], out.side[i], told)
        _tell_crossing(crossing, found, way[ARC], out.turn[i], out.side[i], out.target[i], told)


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


@kernel
def _tell_hit(
    points: Float64Array,
    hit: int,
    layer: int,
    state: Float64Array,
    bent: float,
    turn: float,
    side: float,
    told: Float64Array,
) -> None:
    dx, dy = points[hit, 0] - state[X], points[hit, 1] - state[Y]
    cos, sin = np.cos(state[PSI]), np.sin(state[PSI])
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    arc = np.arctan2(bent * ahead, 1.0 - bent * left) / bent
    inside = 2.0 * left - bent * (ahead * ahead + left * left)
    across = inside / (1.0 + np.sqrt(max(1.0 - bent * inside, 0.0)))
    height = points[hit, 2] - state[Z] - state[SLOPE] * arc
    told[0], told[1], told[2] = arc, np.arcsinh(10.0 * turn * across), np.arcsinh(3.0 * side * height)
    told[3], told[4] = points[hit, 5] / 1000.0, side * points[hit, 2] / 3000.0
    told[5], told[6], told[7] = IS_BARREL[layer], _IS_PIXEL[layer], _IS_LONG[layer]


@kernel
def _tell_crossing(
    crossing: Float64Array,
    layer: int,
    arc: float,
    turn: float,
    side: float,
    target: Float64Array,
    told: Float64Array,
) -> None:
    told[8] = np.log10(max(abs(crossing[KAPPA]), _LOWEST_CURVATURE)) + 3.0
    told[9] = np.arcsinh(abs(crossing[SLOPE])) / 3.0
    told[10], told[11], told[12] = arc / 300.0, target[1] / 1000.0, side * target[2] / 3000.0
    told[13], told[14], told[15] = IS_BARREL[layer], _IS_PIXEL[layer], _IS_LONG[layer]
    aside = crossing[PSI] - target[0]
    told[16], told[17] = turn * np.sin(aside), np.cos(aside)
    along = target[9] if IS_BARREL[layer] else target[8]
    told[18], told[19] = np.log(target[7]) / 3.0, np.log(along) / 3.0


def deviations_of(
    references: References, hits: Hits, following: Int32Array
) -> tuple[Float64Array, BoolArray]:
    """Return how far the particle's hit on the crossed layer is from where its helix crosses it.

    Parameters
    ----------
    references : References
        Of n windows.
    hits : Hits
    following : ndarray of shape (n, m), int32
        Rows of the hits after each window, nearest first, then NO_HIT.

    Returns
    -------
    deviations : ndarray of shape (n, 3), float64
        Across, along and ahead, mirrored, in expected deviations and STAGGER; of the first hit on the layer.
    known : ndarray of shape (n,), bool
        Whether there is one.
    """
    found = np.full((len(following), 3), np.nan)
    _deviate_all(hits.features, hits.layer_index, np.ascontiguousarray(following), references, found)
    return found, ~np.isnan(found[:, 0])


@kernel
def _deviate_all(
    features: Float32Array,
    layer: Int32Array,
    following: Int32Array,
    references: References,
    found: Float64Array,
) -> None:
    for i in range(len(following)):
        for row in following[i]:
            if row < 0:
                break
            if layer[row] == references.layer[i]:
                _deviate(features[row].astype(np.float64), i, references, found[i])
                break


@kernel
def _deviate(hit: Float64Array, i: int, references: References, found: Float64Array) -> None:
    target, turn, side = references.target[i], references.turn[i], references.side[i]
    barrel = IS_BARREL[references.layer[i]]
    surface = np.zeros(5)
    surface[4] = 1.0 if barrel else 0.0
    across, along = deviations(target, hit, surface)
    found[0] = turn * across / target[7]
    found[1] = side * along / target[9] if barrel else along / target[8]
    found[2] = (hit[1] - target[1] if barrel else side * (hit[2] - target[2])) / STAGGER
