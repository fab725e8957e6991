"""A state on its way by a given arc or to the plane of a module, in the full field, with its exact Jacobian.

The search moves states with the field half way (`clew.motion.transport`).  A fit asks for more: the field is
looked up at the two points of Gauss's rule, so that it may change linearly along the way, and the derivatives
are those of a helix of any curvature, not of a nearly straight one.

The momentum stays as it is: where the field tilts a track, its curvature in the transverse plane changes.

Where a change of a parameter moves the track along itself, the state goes back to the plane across the track
in which its place is measured: this turns its direction and changes its z.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.solenoid import FieldMap, bending_and_tilt
from clew.kernels import kernel
from clew.motion.state import State
from clew.records import record_dtype

__all__ = ["STEP", "Step", "carry", "step_along", "step_to_line", "step_to_plane"]

_GAUSS: Final = 0.5 / np.sqrt(3.0)
"""Distance of the points of Gauss's rule from the middle, over the whole."""

_SMALL: Final = 0.05  # rad; below, series take the place of differences that cancel
_CLOSE: Final = 1e-6  # mm from the plane
_ITERATIONS: Final = 5
_FARTHEST: Final = 4000.0  # mm
_MOST_TURN: Final = 3.0  # rad
_FLATTEST: Final = 0.02  # cosine to the normal of a plane


class Step:
    """Fields of a step: its end, and how the parameters there depend on those before.

    Attributes
    ----------
    cos, sin : float
        Direction at its end.
    bent : float, 1/mm
        Mean curvature on it.
    arc : float, mm
        Transverse arc, negative backwards.
    aa, ap, ak, pa, pk, za, zp, zk, sk : float
        Derivatives of a, p, z and s by a, p and k (see `clew.motion.state.State`); that of p by p is `aa`,
        that of z by s is `arc`; the others are 1 or 0.
    """

    cos: float
    sin: float
    bent: float
    arc: float
    aa: float
    ap: float
    ak: float
    pa: float
    pk: float
    za: float
    zp: float
    zk: float
    sk: float


STEP: Final[np.dtype[np.void]] = record_dtype(Step)


@kernel(force=True)
def _field_at(state: State, arc: float, field: FieldMap, heading: tuple[float, float]) -> tuple[float, float]:
    """Return how the field turns and tilts a state after an arc [mm] of about its circle."""
    half = 0.5 * state.kappa * arc
    # to third order: half a radian of turn is off by some µm, over which no field changes
    c, s = 1.0 - 0.5 * half * half, half * (1.0 - half * half / 6.0)
    x = state.x + arc * (heading[0] * c - heading[1] * s)
    y = state.y + arc * (heading[1] * c + heading[0] * s)
    there = np.cos(state.psi + 2.0 * half), np.sin(state.psi + 2.0 * half)
    return bending_and_tilt(field, x, y, state.z + state.slope * arc, there, state.slope)


@kernel(force=True)
def _fields(
    state: State, arc: float, field: FieldMap, heading: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return mean bending and tilt along an arc [mm], and by how much either grows along it.

    Bending is over the curvature at the begin: that of a tilted track grows with the cosine of its dip.
    """
    b1, c1 = _field_at(state, (0.5 - _GAUSS) * arc, field, heading)
    b2, c2 = _field_at(state, (0.5 + _GAUSS) * arc, field, heading)
    growth = 0.5 / _GAUSS
    b, c = 0.5 * (b1 + b2), 0.5 * (c1 + c2)
    grown = _tilted(state.slope, state.slope + state.kappa * c * arc) - 1.0
    return b * (1.0 + 0.5 * grown), c, (b2 - b1) * growth + b * grown, (c2 - c1) * growth


@kernel(force=True)
def _tilted(slope: float, after: float) -> float:
    """Return by which factor the curvature grows where the slope changes and the momentum does not."""
    return np.sqrt((1.0 + after * after) / (1.0 + slope * slope))


@kernel(force=True)
def _move(
    state: State,
    arc: float,
    fields: tuple[float, float, float, float],
    heading: tuple[float, float],
    target: State,
    step: Step,
) -> None:
    """Write where a state is after an arc [mm] in a field that changes linearly."""
    b, c, db, dc = fields
    half = 0.5 * state.kappa * b * arc
    half_cos, half_sin = np.cos(half), np.sin(half)
    chord = arc * half_sin / half if abs(half) > 1e-9 else arc
    cos, sin = heading[0] * half_cos - heading[1] * half_sin, heading[1] * half_cos + heading[0] * half_sin
    aside = -state.kappa * db * arc * arc / 12.0
    target.x = state.x + chord * cos - aside * sin
    target.y = state.y + chord * sin + aside * cos
    target.z = state.z + arc * (state.slope + state.kappa * arc * (0.5 * c - dc / 12.0))
    target.psi, target.slope = state.psi + 2.0 * half, state.slope + state.kappa * c * arc
    target.kappa = state.kappa * _tilted(state.slope, target.slope)
    step.cos, step.sin = cos * half_cos - sin * half_sin, sin * half_cos + cos * half_sin
    step.bent, step.arc = state.kappa * b, arc


@kernel(force=True)
def _differentiate(bending: float, tilt: float, target: State, step: Step) -> None:
    """Write the derivatives of a step that `_move` made."""
    arc, turn = step.arc, step.bent * step.arc
    cos, sin = np.cos(turn), np.sin(turn)
    if abs(turn) < _SMALL:
        square = turn * turn
        sinc = 1.0 - square / 6.0 * (1.0 - square / 20.0)
        rise = 0.5 - square / 24.0 * (1.0 - square / 30.0)  # (1 - cos) / turn²
        lag = turn / 6.0 * (1.0 - square / 20.0)  # (turn - sin) / turn²
    else:
        sinc, rise, lag = sin / turn, (1.0 - cos) / turn**2, (turn - sin) / turn**2
    along_p, along_k = arc * turn * rise, bending * arc * arc * lag
    step.aa, step.ap, step.ak = cos, arc * sinc, bending * arc * arc * rise
    step.pa, step.pk = -step.bent * sin, bending * arc * sinc
    step.za, step.zp = -target.slope * sin, -target.slope * along_p
    step.zk, step.sk = 0.5 * tilt * arc * arc - target.slope * along_k, tilt * arc


@kernel(force=True)
def step_along(state: State, arc: float, field: FieldMap, target: State, step: Step) -> None:
    """Write a state after a transverse arc [mm], without covariance, and the step there."""
    heading = np.cos(state.psi), np.sin(state.psi)
    fields = _fields(state, arc, field, heading)
    _move(state, arc, fields, heading, target, step)
    _differentiate(fields[0], fields[1], target, step)


@kernel(force=True)
def step_to_plane(
    state: State,
    point: tuple[float, float, float],
    normal: tuple[float, float, float],
    field: FieldMap,
    target: State,
    step: Step,
) -> bool:
    """Write a state where it meets the plane of a module near one of its points; see `step_along`.

    Parameters
    ----------
    state : State
    point : tuple of three floats, mm
        In the plane, near to where the state meets it.
    normal : tuple of three floats
        Unit vector.
    field : FieldMap
    target : State
        Written.
    step : Step
        Written.

    Returns
    -------
    bool
        False where it does not meet the plane, or too far away.
    """
    heading = np.cos(state.psi), np.sin(state.psi)
    dx, dy = point[0] - state.x, point[1] - state.y
    arc = np.copysign(np.sqrt(dx * dx + dy * dy), dx * heading[0] + dy * heading[1])
    if normal[2] != 0.0:  # the place in a disc is measured worse than its z is known
        arc = (point[2] - state.z) / np.copysign(max(abs(state.slope), _FLATTEST), state.slope)
    fields = _fields(state, arc, field, heading)
    for _ in range(_ITERATIONS):
        if not abs(arc) < _FARTHEST or abs(state.kappa * arc) > _MOST_TURN:
            return False
        _move(state, arc, fields, heading, target, step)
        off = (point[0] - target.x) * normal[0] + (point[1] - target.y) * normal[1]
        off += (point[2] - target.z) * normal[2]
        if abs(off) < _CLOSE:
            _differentiate(fields[0], fields[1], target, step)
            return True
        cosine = step.cos * normal[0] + step.sin * normal[1] + target.slope * normal[2]
        if abs(cosine) < _FLATTEST:
            return False
        arc += off / cosine
    return False


@kernel(force=True)
def step_to_line(state: State, line: tuple[float, float], field: FieldMap, target: State, step: Step) -> bool:
    """Write a state where it is closest to a line along z at x, y [mm]; see `step_along`.

    False where it does not come to such a place within half a turn.
    """
    heading = np.cos(state.psi), np.sin(state.psi)
    dx, dy = line[0] - state.x, line[1] - state.y
    # the circle's: the angle to its point nearest the line, seen from the centre
    ahead, left = dx * heading[0] + dy * heading[1], dy * heading[0] - dx * heading[1]
    turn = state.kappa * ahead
    arc = np.arctan2(turn, 1.0 - state.kappa * left) / state.kappa if abs(turn) > 1e-9 else ahead
    fields = _fields(state, arc, field, heading)
    for _ in range(_ITERATIONS):
        if not abs(arc) < _FARTHEST or abs(state.kappa * arc) > _MOST_TURN:
            return False
        _move(state, arc, fields, heading, target, step)
        dx, dy = line[0] - target.x, line[1] - target.y
        ahead, left = dx * step.cos + dy * step.sin, dy * step.cos - dx * step.sin
        if abs(ahead) < _CLOSE:
            _differentiate(fields[0], fields[1], target, step)
            return True
        arc += ahead / max(1.0 - step.bent * left, _FLATTEST)
    return False


@kernel(force=True)
def carry(state: State, step: Step, target: State) -> None:
    """Write the covariance of a state at the end of a step: J C J^T."""
    d, ap, ak, pa, pk = step.aa, step.ap, step.ak, step.pa, step.pk
    za, zp, zk, sk, arc = step.za, step.zp, step.zk, step.sk, step.arc
    # rows a, p, z, s of J C, by columns a, p, k, z, s
    a_a = d * state.aa + ap * state.ap + ak * state.ak
    a_p = d * state.ap + ap * state.pp + ak * state.pk
    a_k = d * state.ak + ap * state.pk + ak * state.kk
    a_z = d * state.az + ap * state.pz + ak * state.kz
    a_s = d * state.as_ + ap * state.ps + ak * state.ks
    p_a = pa * state.aa + d * state.ap + pk * state.ak
    p_p = pa * state.ap + d * state.pp + pk * state.pk
    p_k = pa * state.ak + d * state.pk + pk * state.kk
    p_z = pa * state.az + d * state.pz + pk * state.kz
    p_s = pa * state.as_ + d * state.ps + pk * state.ks
    z_a = za * state.aa + zp * state.ap + zk * state.ak + state.az + arc * state.as_
    z_p = za * state.ap + zp * state.pp + zk * state.pk + state.pz + arc * state.ps
    z_k = za * state.ak + zp * state.pk + zk * state.kk + state.kz + arc * state.ks
    z_z = za * state.az + zp * state.pz + zk * state.kz + state.zz + arc * state.zs
    z_s = za * state.as_ + zp * state.ps + zk * state.ks + state.zs + arc * state.ss
    s_k, s_s = sk * state.kk + state.ks, sk * state.ks + state.ss
    target.aa = a_a * d + a_p * ap + a_k * ak
    target.ap = a_a * pa + a_p * d + a_k * pk
    target.ak = a_k
    target.az = a_a * za + a_p * zp + a_k * zk + a_z + a_s * arc
    target.as_ = a_k * sk + a_s
    target.pp = p_a * pa + p_p * d + p_k * pk
    target.pk = p_k
    target.pz = p_a * za + p_p * zp + p_k * zk + p_z + p_s * arc
    target.ps = p_k * sk + p_s
    target.kk, target.kz, target.ks = state.kk, z_k, s_k
    target.zz = z_a * za + z_p * zp + z_k * zk + z_z + z_s * arc
    target.zs = z_k * sk + z_s
    target.ss = s_k * sk + s_s
