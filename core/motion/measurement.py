"""A hit and a state: residuals in the plane of the hit's module, their likelihood, and the update.

On a barrel a hit's place across the track and its height above the track's z are measured apart.  On a disc
the module measures along r and across it: the residuals are the combinations of the two that, at the plane of
the disc, lie so.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.solenoid import FieldMap, bending_and_tilt
from clew.detector.surface import Surface
from clew.hits.index import HitPoint
from clew.kernels import kernel
from clew.motion.state import State
from clew.motion.transport import Path
from clew.records import record_dtype

__all__ = [
    "RESIDUAL",
    "Residual",
    "chi2_and_determinant",
    "covariance",
    "head",
    "learn",
    "measure",
    "place_at",
    "update",
]

_FLATTEST: Final = 0.02  # slope of tracks against a disc


class Residual:
    """Fields of the two residuals of a hit: across its module's length (1) and along it (2).

    Attributes
    ----------
    r1, r2 : float, mm
        Hit minus state.
    a1, z1, a2, z2 : float
        Their dependence on the state's place across the track and in z.
    e1, e2 : float, mm
        Errors of the measurement.
    ahead : float, mm
        How far ahead of the state the hit is.
    """

    r1: float
    a1: float
    z1: float
    e1: float
    r2: float
    a2: float
    z2: float
    e2: float
    ahead: float


RESIDUAL: Final[np.dtype[np.void]] = record_dtype(Residual)


@kernel(force=True)
def head(state: State, field: FieldMap, path: Path) -> None:
    """Write the direction and curvature of a state where it is, as at the end of a path."""
    path.cos, path.sin = np.cos(state.psi), np.sin(state.psi)
    bending, _ = bending_and_tilt(field, state.x, state.y, state.z, (path.cos, path.sin), state.slope)
    path.bent = state.kappa * bending
    path.across_factor, path.along_factor = 1.0, 1.0


@kernel(force=True)
def measure(point: HitPoint, surface: Surface, state: State, path: Path, residual: Residual) -> None:
    """Write the residuals of a hit against a state near it."""
    cos, sin, bent = path.cos, path.sin, path.bent
    dx, dy = point.x - state.x, point.y - state.y
    ahead = dx * cos + dy * sin
    across = dy * cos - dx * sin - 0.5 * bent * ahead * ahead
    height = point.z - state.z - state.slope * ahead
    residual.ahead = ahead
    residual.e1, residual.e2 = surface.across * path.across_factor, surface.along * path.along_factor
    if surface.barrel:
        residual.r1, residual.a1, residual.z1 = across, 1.0, 0.0
        residual.r2, residual.a2, residual.z2 = height, 0.0, 1.0
        return
    # the track crosses the plane where the hit's z is met: an error in z moves it along its direction
    along_r = point.axis_cos * cos + point.axis_sin * sin
    across_r = point.axis_sin * cos - point.axis_cos * sin
    per_slope = 1.0 / (np.copysign(max(abs(state.slope), _FLATTEST), state.slope))
    residual.a1, residual.z1 = along_r, across_r * per_slope
    residual.a2, residual.z2 = across_r, -along_r * per_slope
    residual.r1 = across * residual.a1 + height * residual.z1
    residual.r2 = across * residual.a2 + height * residual.z2


@kernel(force=True)
def place_at(state: State, ahead: float) -> tuple[float, float, float]:
    """Return the covariances of the place across and in z a little further along the track [mm]."""
    aa = state.aa + ahead * (2.0 * state.ap + ahead * state.pp)
    az = state.az + ahead * (state.as_ + state.pz + ahead * state.ps)
    zz = state.zz + ahead * (2.0 * state.zs + ahead * state.ss)
    return aa, az, zz


@kernel(force=True)
def _go_on(state: State, ahead: float) -> None:
    """Take the covariance a little further along the track [mm], as a straight line."""
    state.aa, state.az, state.zz = place_at(state, ahead)
    state.ap += ahead * state.pp
    state.ak += ahead * state.pk
    state.as_ += ahead * state.ps
    state.pz += ahead * state.ps
    state.kz += ahead * state.ks
    state.zs += ahead * state.ss


@kernel(force=True)
def covariance(state: State, residual: Residual) -> tuple[float, float, float]:
    """Return the covariance of the two residuals: of the first, of both, of the second [mm2]."""
    a1, z1, a2, z2 = residual.a1, residual.z1, residual.a2, residual.z2
    aa, az, zz = place_at(state, residual.ahead)
    s11 = a1 * a1 * aa + 2.0 * a1 * z1 * az + z1 * z1 * zz + residual.e1**2
    s22 = a2 * a2 * aa + 2.0 * a2 * z2 * az + z2 * z2 * zz + residual.e2**2
    s12 = a1 * a2 * aa + (a1 * z2 + z1 * a2) * az + z1 * z2 * zz
    return s11, s12, s22


@kernel(force=True)
def chi2_and_determinant(state: State, residual: Residual) -> tuple[float, float]:
    """Return chi2 of the two residuals and the determinant of their covariance [mm4]."""
    s11, s12, s22 = covariance(state, residual)
    determinant = s11 * s22 - s12 * s12
    r1, r2 = residual.r1, residual.r2
    return (r1 * r1 * s22 - 2.0 * r1 * r2 * s12 + r2 * r2 * s11) / determinant, determinant


@kernel(force=True)
def learn(state: State, a: float, z: float, error: float) -> tuple[float, float, float, float, float, float]:
    """Take one residual into the covariance (a Kalman update), of which only a and z decide.

    Returns the gains of the five parameters and 1 over the variance of the residual [1/mm2].
    """
    ca, cp, ck = a * state.aa + z * state.az, a * state.ap + z * state.pz, a * state.ak + z * state.kz
    cz, cs = a * state.az + z * state.zz, a * state.as_ + z * state.zs
    weight = 1.0 / (a * ca + z * cz + error * error)
    ga, gp, gk, gz, gs = ca * weight, cp * weight, ck * weight, cz * weight, cs * weight
    state.aa -= ga * ca
    state.ap -= ga * cp
    state.ak -= ga * ck
    state.az -= ga * cz
    state.as_ -= ga * cs
    state.pp -= gp * cp
    state.pk -= gp * ck
    state.pz -= gp * cz
    state.ps -= gp * cs
    state.kk -= gk * ck
    state.kz -= gk * cz
    state.ks -= gk * cs
    state.zz -= gz * cz
    state.zs -= gz * cs
    state.ss -= gs * cs
    return ga, gp, gk, gz, gs, weight


@kernel(force=True)
def update(point: HitPoint, surface: Surface, state: State, path: Path, residual: Residual) -> None:
    """Move a state on to a hit and let it learn from its residuals, one after the other."""
    measure(point, surface, state, path, residual)
    _go_on(state, residual.ahead)
    r1 = residual.r1
    a, p, k, z, s, _ = learn(state, residual.a1, residual.z1, residual.e1)
    a, p, k, z, s = a * r1, p * r1, k * r1, z * r1, s * r1
    r2 = residual.r2 - residual.a2 * a - residual.z2 * z
    a2, p2, k2, z2, s2, _ = learn(state, residual.a2, residual.z2, residual.e2)
    a2, p2, k2, z2, s2 = a2 * r2, p2 * r2, k2 * r2, z2 * r2, s2 * r2
    ahead, cos, sin, bent = residual.ahead, path.cos, path.sin, path.bent
    aside = a + a2 + 0.5 * bent * ahead * ahead
    state.x += ahead * cos - aside * sin
    state.y += ahead * sin + aside * cos
    state.z += state.slope * ahead + z + z2
    state.psi += bent * ahead + p + p2
    state.kappa += k + k2
    state.slope += s + s2
