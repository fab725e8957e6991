"""The filter, from the outermost hit of a track inwards.

It is R. Fruehwirth's (Nucl. Instrum. Meth. A 262 (1987) 444), with the two residuals of a hit taken in one
after the other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array
from clew.detector.matter import MatterMap
from clew.detector.solenoid import FieldMap
from clew.hits.index import HitPoint
from clew.kernels import kernel
from clew.motion.matter import go_through
from clew.motion.measurement import RESIDUAL, Residual, learn
from clew.motion.state import STATE, Motion, State, start_state
from clew.motion.stepping import STEP, Step, carry, step_to_plane
from clew.records import RecordArray, record_dtype
from clew.trackfit.planes import measure_on_plane, plane_of

__all__ = ["GAIN", "Gains", "Ground", "Scratch", "filter_inwards", "new_scratch", "turn_round"]

_MOTION: Final = Motion(1.0, 1.0, 0.0)
_WIDENED: Final = 100.0
"""Factor of the covariance of three hits that the filter starts with: they shall not count twice."""

_SHOTS: Final = 2
_FLATTEST: Final = 0.05
"""Least part of a shift across the track that a hit must show to aim at it."""

_N: Final = 5  # parameters of a state


class Gains:
    """Fields of the gains of one residual: of the five parameters, its weight [1/mm2], and its innovation."""

    a: float
    p: float
    k: float
    z: float
    s: float
    weight: float
    left: float


GAIN: Final[np.dtype[np.void]] = record_dtype(Gains)


class Ground(NamedTuple):
    """What a fit goes over.

    Attributes
    ----------
    surfaces : ndarray of shape (n_layers,), `clew.detector.surface.Surface`
    matter : MatterMap
    field : FieldMap
    errors : ndarray, float32
        See `clew.trackfit.planes.errors_of`.
    """

    surfaces: RecordArray
    matter: MatterMap
    field: FieldMap
    errors: Float32Array


class Scratch(NamedTuple):
    """What one track is fitted in; arrays by hit, from the inside outwards.

    Attributes
    ----------
    predicted : ndarray of shape (n,), `clew.motion.state.State`
        At each hit before it is learned from.
    steps : ndarray of shape (n,), `clew.motion.stepping.Step`
        From the hit outside it.
    residuals : ndarray of shape (n,), `clew.motion.measurement.Residual`
    gains : ndarray of shape (n, 2), Gains
    used : ndarray of shape (n,), bool
        False for outliers.
    chi2 : ndarray of shape (n,), float64
        Of each hit against the track of all the others and it.
    states : ndarray of shape (2,), `clew.motion.state.State`
        Where the filter is, and at the beam line.
    seen : ndarray of shape (n_layers,), bool
        A note of layers.
    spare : ndarray of shape (1,), `clew.motion.stepping.Step`
        To the beam line.
    adjoint, change : ndarray of shape (5,), float64
    information, work : ndarray of shape (5, 5), float64
    """

    predicted: RecordArray
    steps: RecordArray
    residuals: RecordArray
    gains: RecordArray
    used: BoolArray
    chi2: Float64Array
    states: RecordArray
    seen: BoolArray
    spare: RecordArray
    adjoint: Float64Array
    change: Float64Array
    information: Float64Array
    work: Float64Array


@kernel(owns=True)
def new_scratch(longest: int, n_layers: int) -> Scratch:
    """Make the memory for tracks of so many hits at most, on so many layers."""
    return Scratch(
        np.zeros(longest, dtype=STATE),
        np.zeros(longest, dtype=STEP),
        np.zeros(longest, dtype=RESIDUAL),
        np.zeros((longest, 2), dtype=GAIN),
        np.zeros(longest, dtype=np.bool_),
        np.zeros(longest),
        np.zeros(2, dtype=STATE),
        np.zeros(n_layers, dtype=np.bool_),
        np.zeros(1, dtype=STEP),
        np.zeros(_N),
        np.zeros(_N),
        np.zeros((_N, _N)),
        np.zeros((_N, _N)),
    )


@kernel
def _start(points: RecordArray, ground: Ground, scratch: Scratch) -> bool:
    """Start at the outermost hit that is used, going inwards, on the way through three hits far apart."""
    used, last, first = scratch.used, len(points) - 1, 0
    while not used[last]:
        last -= 1
    while not used[first]:
        first += 1
    inner, outer = points[first], points[last]
    middle, best = -1, np.inf
    for k in range(first + 1, last):
        point = points[k]
        if used[k] and point.layer != inner.layer and point.layer != outer.layer:
            before = np.hypot(point.x - inner.x, point.y - inner.y)
            after = np.hypot(point.x - outer.x, point.y - outer.y)
            if abs(before - after) < best:
                middle, best = k, abs(before - after)
    state = scratch.states[0]
    if middle < 0 or not start_state(
        inner, points[middle], outer, ground.surfaces, _MOTION, ground.field, state
    ):
        return False
    turn_round(state, _WIDENED)
    for _ in range(_SHOTS):
        if not _shoot(points[middle], inner, ground, scratch):
            break
    return True


@kernel(force=True)
def _to_hit(
    start: State, point: HitPoint, ground: Ground, step: Step, target: State, residual: Residual
) -> bool:
    """Bring a state to the module of a hit, without covariance, and write the hit's residuals there."""
    surface = ground.surfaces[point.layer]
    place, normal = plane_of(point, surface.barrel)
    if not step_to_plane(start, place, normal, ground.field, target, step):
        return False
    measure_on_plane(point, surface, ground.errors, target, step, residual)
    return True


@kernel
def _shoot(middle: HitPoint, inner: HitPoint, ground: Ground, scratch: Scratch) -> bool:
    """Turn and bend the state so that it meets two more hits in the field as it is; False if it cannot.

    The circle through three hits knows the field in its middle only.
    """
    state, there = scratch.states[0], scratch.states[1]
    one, two = scratch.steps[0], scratch.steps[1]
    near, far = scratch.residuals[0], scratch.residuals[1]
    if not _to_hit(state, middle, ground, one, there, near):
        return False
    if not _to_hit(there, inner, ground, two, scratch.predicted[0], far):
        return False
    p1, k1 = one.ap, one.ak
    p2, k2 = two.aa * one.ap + two.ap * one.aa, two.aa * one.ak + two.ap * one.pk + two.ak
    determinant = p1 * k2 - p2 * k1
    if not (abs(determinant) > 0.0 and abs(near.a1) > _FLATTEST and abs(far.a1) > _FLATTEST):
        return False
    a1, a2 = near.r1 / near.a1, far.r1 / far.a1
    state.psi += (a1 * k2 - a2 * k1) / determinant
    state.kappa += (a2 * p1 - a1 * p2) / determinant
    if abs(far.z2) > _FLATTEST:
        state.slope += (far.r2 - far.a2 * a2) / (far.z2 * (one.arc + two.arc))
    return True


@kernel(force=True)
def turn_round(state: State, widened: float) -> None:
    """Let a state go the other way, and widen its covariance by a factor."""
    state.psi, state.kappa, state.slope = state.psi + np.pi, -state.kappa, -state.slope
    state.aa, state.pp, state.kk = state.aa * widened, state.pp * widened, state.kk * widened
    state.zz, state.ss = state.zz * widened, state.ss * widened
    state.ak, state.as_, state.ks = state.ak * widened, state.as_ * widened, state.ks * widened
    state.ap, state.az, state.pk = -state.ap * widened, -state.az * widened, -state.pk * widened
    state.ps, state.kz, state.zs = -state.ps * widened, -state.kz * widened, -state.zs * widened
    state.pz *= widened


@kernel(force=True)
def _take(state: State, residual: float, a: float, z: float, error: float, gains: Gains) -> None:
    """Let a state's covariance learn from a residual, and note the gains and what was left of it."""
    gains.a, gains.p, gains.k, gains.z, gains.s, gains.weight = learn(state, a, z, error)
    gains.left = residual


@kernel(force=True)
def _update(residual: Residual, gains: RecordArray, step: Step, state: State) -> float:
    """Let a state learn from the two residuals of a hit; return their chi2."""
    first, second = gains[0], gains[1]
    _take(state, residual.r1, residual.a1, residual.z1, residual.e1, first)
    left = residual.r2 - (residual.a2 * first.a + residual.z2 * first.z) * first.left
    _take(state, left, residual.a2, residual.z2, residual.e2, second)
    one, two = first.left, second.left
    aside = first.a * one + second.a * two
    state.x -= aside * step.sin
    state.y += aside * step.cos
    state.psi += first.p * one + second.p * two
    state.kappa += first.k * one + second.k * two
    state.z += first.z * one + second.z * two
    state.slope += first.s * one + second.s * two
    return one * one * first.weight + two * two * second.weight


@kernel(force=True)
def _restart(smoothed: State, scratch: Scratch) -> None:
    """Start with what all hits told of the state at the outermost one, widened."""
    scratch.states[0] = smoothed
    turn_round(scratch.states[0], _WIDENED)
    turn_round(scratch.states[0], 1.0)


@kernel
def filter_inwards(
    points: RecordArray, ground: Ground, smoothed: RecordArray, again: bool, scratch: Scratch
) -> tuple[float, int]:
    """Filter a track's used hits; the state at the innermost one is left in `scratch.states[0]`.

    Parameters
    ----------
    points : ndarray of shape (n,), `clew.hits.index.HitPoint`
        From the inside outwards.
    ground : Ground
    smoothed : ndarray of shape (n,), `clew.motion.state.State`
        Of the time before, if there was one.
    again : bool
        Whether there was: then it starts from there.
    scratch : Scratch

    Returns
    -------
    chi2 : float
        inf where the filter lost the track.
    holes : int
    """
    if again:
        _restart(smoothed[len(points) - 1], scratch)
    elif not _start(points, ground, scratch):
        return np.inf, 0
    state = scratch.states[0]
    chi2, holes, last_layer = 0.0, 0, -1
    for k in range(len(points) - 1, -1, -1):
        point, step = points[k], scratch.steps[k]
        surface, target = ground.surfaces[point.layer], scratch.predicted[k]
        place, normal = plane_of(point, surface.barrel)
        if not step_to_plane(state, place, normal, ground.field, target, step):
            return np.inf, 0
        carry(state, step, target)
        layers = last_layer, point.layer
        holes += go_through(state, step, ground.matter, ground.field.bending, layers, target)
        measure_on_plane(point, surface, ground.errors, target, step, scratch.residuals[k])
        scratch.states[0] = scratch.predicted[k]
        if scratch.used[k]:
            chi2 += _update(scratch.residuals[k], scratch.gains[k], step, state)
        last_layer = point.layer
    if not (state.aa > 0.0 and state.pp > 0.0 and state.kk > 0.0 and state.zz > 0.0 and state.ss > 0.0):
        return np.inf, 0
    return (chi2 if chi2 < np.inf else np.inf), holes
