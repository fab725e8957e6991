"""The state of a track candidate, and how three hits start one.

Positions are measured across the track (in the transverse plane, to the left of its direction) and along z;
the curvature is the one that the track has in the nominal field, that at the solenoid's centre.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.detector.material import scattering_angle
from clew.detector.solenoid import FieldMap, bending_and_tilt
from clew.detector.surface import Surface
from clew.hits.index import HitPoint
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = ["STATE", "Motion", "State", "scatter", "start_state"]

_LEAST_CURVATURE: Final = 1e-9  # 1/mm
_CLOSEST: Final = 1e-3  # mm between two of the hits
_LAYER_HEIGHT: Final = 0.01  # mm; error of a hit's z on a disc that does not come from that of its r


class State:
    """Fields of a state: where the track is, where it goes, and the covariance of five of the parameters.

    The covariance is that of a, the place across the track [mm]; p, its direction; k, its curvature; z; and
    s, its slope.

    Attributes
    ----------
    x, y, z : float, mm
    psi : float, rad
        Direction in the transverse plane.
    kappa : float, 1/mm
        Curvature in the nominal field, positive to the left.
    slope : float
        dz over transverse arc.
    aa, ap, ak, az, as_, pp, pk, pz, ps, kk, kz, ks, zz, zs, ss : float
        The upper triangle of the covariance, row by row.
    """

    x: float
    y: float
    z: float
    psi: float
    kappa: float
    slope: float
    aa: float
    ap: float
    ak: float
    az: float
    as_: float
    pp: float
    pk: float
    pz: float
    ps: float
    kk: float
    kz: float
    ks: float
    zz: float
    zs: float
    ss: float


STATE: Final[np.dtype[np.void]] = record_dtype(State)


class Motion(NamedTuple):
    """How the filter lets tracks deviate from a helix.

    Attributes
    ----------
    scattering : float
        Factor of the expected multiple scattering.
    supports : float
        Further factor on layers before which support structures stand; see `clew.detector.LayerClass`.
    energy_loss : float
        Relative error of the curvature that each layer adds.
    filtered : bool
        Whether states learn from each hit; else each starts anew from the last three hits.
    """

    scattering: float
    supports: float
    energy_loss: float
    filtered: bool = True


@kernel(force=True)
def _angle(surface: Surface, kappa: float, slope: float, motion: Motion, bending: float) -> float:
    """Return the plane angle [rad] by which a layer scatters."""
    factor = motion.scattering * (motion.supports if surface.supports else 1.0)
    return factor * scattering_angle(kappa, slope, surface, bending)


@kernel(force=True)
def scatter(state: State, surface: Surface, motion: Motion, bending: float) -> None:
    """Widen a state by what the material of a layer does.

    The angle is that in a plane that holds the track: across the track the direction psi changes by the
    angle over the cosine of the dip, the slope by the angle over its square.
    """
    theta = _angle(surface, state.kappa, state.slope, motion, bending)
    sec2 = 1.0 + state.slope**2
    state.pp += theta * theta * sec2
    state.ss += (theta * sec2) ** 2
    state.kk += (motion.energy_loss * state.kappa) ** 2


@kernel(force=True)
def _sideways(point: HitPoint, surface: Surface, psi: float) -> float:
    """Return the error [mm] across a track of a hit: strips of discs lie along r, not along the track."""
    if surface.barrel:
        return surface.across
    oblique = surface.along * (np.sin(psi) * point.axis_cos - np.cos(psi) * point.axis_sin)
    return np.sqrt(surface.across**2 + oblique * oblique)


@kernel(force=True)
def _height(surface: Surface, slope: float) -> float:
    """Return the error [mm] of a hit's z given its place along the track."""
    return surface.along if surface.barrel else surface.along * abs(slope) + _LAYER_HEIGHT


@kernel
def start_state(
    first: HitPoint,
    second: HitPoint,
    third: HitPoint,
    surfaces: RecordArray,
    motion: Motion,
    field: FieldMap,
    state: State,
) -> bool:
    """Write the state at the last of three hits, which a circle and a straight line in z pass.

    Its covariance is that of the three hits' errors and of the scattering in the second and third layer,
    to first order.  False where two of the hits are at one place.
    """
    ux, uy = second.x - first.x, second.y - first.y
    vx, vy = third.x - second.x, third.y - second.y
    u, v = np.sqrt(ux * ux + uy * uy), np.sqrt(vx * vx + vy * vy)
    w = np.sqrt((ux + vx) ** 2 + (uy + vy) ** 2)
    if min(u, v, w) < _CLOSEST:
        return False
    # the circle through three points: its curvature is twice the sine of an angle over the opposite side
    bent = 2.0 * (ux * vy - uy * vx) / (u * v * w)
    half1, half2 = min(max(0.5 * bent * u, -0.999), 0.999), min(max(0.5 * bent * v, -0.999), 0.999)
    arc1, arc2 = u * (1.0 + half1 * half1 / 6.0), v * (1.0 + half2 * half2 / 6.0)
    turn = np.arcsin(half2)
    middle = np.arctan2(vy, vx)
    arc = arc1 + arc2
    slope = (third.z - first.z) / arc
    heading = np.cos(middle - turn), np.sin(middle - turn)
    strength, _ = bending_and_tilt(field, second.x, second.y, second.z, heading, slope)
    kappa = bent / strength
    if abs(kappa) < _LEAST_CURVATURE:
        kappa = _LEAST_CURVATURE
    state.x, state.y, state.z = third.x, third.y, third.z
    state.psi, state.kappa, state.slope = middle + turn, kappa, slope
    _start_covariance(first, second, third, surfaces, (arc1, arc2, strength, field.bending), motion, state)
    return True


@kernel
def _start_covariance(
    first: HitPoint,
    second: HitPoint,
    third: HitPoint,
    surfaces: RecordArray,
    course: tuple[float, float, float, float],
    motion: Motion,
    state: State,
) -> None:
    """Write the covariance.

    `course` are the two arcs [mm], the field there over the nominal one, and pT times curvature [GeV/mm].
    """
    arc1, arc2, strength, bending = course
    arc, slope, psi = arc1 + arc2, state.slope, state.psi
    sec2 = 1.0 + slope * slope
    near, between, far = surfaces[first.layer], surfaces[second.layer], surfaces[third.layer]
    e1, e2, e3 = _sideways(first, near, psi), _sideways(second, between, psi), _sideways(third, far, psi)
    kink = _angle(between, state.kappa, slope, motion, bending)
    # how the curvature and the direction depend on the three hits' places across the track
    k1, k2, k3 = 2.0 / (arc1 * arc), -2.0 / (arc1 * arc2), 2.0 / (arc2 * arc)
    p1, p2, p3 = arc2 / (arc1 * arc), -1.0 / arc2 - 1.0 / arc1, 1.0 / arc2 + 1.0 / arc
    bent2 = kink * kink * sec2
    state.aa, state.ap, state.ak = e3 * e3, p3 * e3 * e3, k3 * e3 * e3 / strength
    state.az = state.as_ = state.pz = state.ps = state.kz = state.ks = 0.0
    state.pp = (p1 * e1) ** 2 + (p2 * e2) ** 2 + (p3 * e3) ** 2 + bent2 * (arc2 / arc) ** 2
    state.pk = p1 * k1 * e1 * e1 + p2 * k2 * e2 * e2 + p3 * k3 * e3 * e3 + bent2 * 2.0 * arc2 / arc**2
    state.pk /= strength
    state.kk = ((k1 * e1) ** 2 + (k2 * e2) ** 2 + (k3 * e3) ** 2 + bent2 * 4.0 / arc**2) / strength**2
    h1, h3 = _height(near, slope), _height(far, slope)
    state.zz, state.zs = h3 * h3, h3 * h3 / arc
    state.ss = (h1 * h1 + h3 * h3) / arc**2 + (kink * sec2 * arc1 / arc) ** 2
    scatter(state, far, motion, bending)
