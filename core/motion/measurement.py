"""A hit and a state: residuals in the plane of the hit's module, their likelihood, and the update.

On a barrel a hit's place across the track and its height above the track's z are measured apart.  On a disc
the module measures along r and across it: the residuals are the combinations of the two that, at the plane of
the disc, lie so.
"""

from __future__ import annotations

import numpy as np

from clew.arrays import Float64Array
from clew.detector.field import bending_and_tilt
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL
from clew.motion.state import (
    AA,
    ACROSS_ERROR,
    AK,
    AP,
    AS,
    AZ,
    KAPPA,
    KK,
    KS,
    KZ,
    LENGTH_ERROR,
    PK,
    PP,
    PS,
    PSI,
    PZ,
    SLOPE,
    SS,
    ZS,
    ZZ,
    X,
    Y,
    Z,
)
from clew.motion.transport import FINE

__all__ = [
    "AHEAD",
    "E1",
    "E2",
    "N_RESIDUAL",
    "R1",
    "R2",
    "chi2_and_spread",
    "direct",
    "measure",
    "place_at",
    "spreads",
    "update",
]

R1, A1, Z1, E1, R2, A2, Z2, E2, AHEAD = range(9)
"""Two residuals [mm], each with its dependence on the state's place across and in z and with its error; and
how far ahead of the state the hit is [mm]."""

N_RESIDUAL = 9


@kernel
def direct(state: Float64Array, way: Float64Array) -> None:
    """Write the direction and curvature of a state where it is, as `clew.motion.transport` does."""
    bending, _ = bending_and_tilt(state[X], state[Y], state[Z], state[PSI], state[SLOPE])
    way[0], way[1], way[2] = np.cos(state[PSI]), np.sin(state[PSI]), state[KAPPA] * bending
    way[FINE], way[FINE + 1] = 1.0, 1.0


@kernel
def measure(
    points: Float64Array, hit: int, layer: int, state: Float64Array, way: Float64Array, residual: Float64Array
) -> None:
    """Write the residuals of a hit; see clew.hits.space.SearchSpace for `points`."""
    cos, sin, bent = way[0], way[1], way[2]
    dx, dy = points[hit, 0] - state[X], points[hit, 1] - state[Y]
    ahead = dx * cos + dy * sin
    across = dy * cos - dx * sin - 0.5 * bent * ahead * ahead
    height = points[hit, 2] - state[Z] - state[SLOPE] * ahead
    residual[AHEAD] = ahead
    residual[E1], residual[E2] = ACROSS_ERROR[layer] * way[FINE], LENGTH_ERROR[layer] * way[FINE + 1]
    if IS_BARREL[layer]:
        residual[R1], residual[A1], residual[Z1] = across, 1.0, 0.0
        residual[R2], residual[A2], residual[Z2] = height, 0.0, 1.0
        return
    along_r = points[hit, 6] * cos + points[hit, 7] * sin
    across_r = points[hit, 7] * cos - points[hit, 6] * sin
    per_slope = 1.0 / (np.copysign(max(abs(state[SLOPE]), 0.02), state[SLOPE]))
    residual[A1], residual[Z1] = along_r, across_r * per_slope
    residual[A2], residual[Z2] = across_r, -along_r * per_slope
    residual[R1] = across * residual[A1] + height * residual[Z1]
    residual[R2] = across * residual[A2] + height * residual[Z2]


@kernel
def place_at(state: Float64Array, ahead: float) -> tuple[float, float, float]:
    """Return the covariances of the place across and in z a little further along the track [mm]."""
    aa = state[AA] + ahead * (2.0 * state[AP] + ahead * state[PP])
    az = state[AZ] + ahead * (state[AS] + state[PZ] + ahead * state[PS])
    zz = state[ZZ] + ahead * (2.0 * state[ZS] + ahead * state[SS])
    return aa, az, zz


@kernel
def _go_on(state: Float64Array, ahead: float) -> None:
    """Take the covariance a little further along the track [mm], as a straight line."""
    state[AA], state[AZ], state[ZZ] = place_at(state, ahead)
    state[AP] += ahead * state[PP]
    state[AK] += ahead * state[PK]
    state[AS] += ahead * state[PS]
    state[PZ] += ahead * state[PS]
    state[KZ] += ahead * state[KS]
    state[ZS] += ahead * state[SS]


@kernel
def spreads(state: Float64Array, residual: Float64Array) -> tuple[float, float, float]:
    """Return the covariance of the two residuals: of the first, of both, of the second [mm2]."""
    a1, z1, a2, z2 = residual[A1], residual[Z1], residual[A2], residual[Z2]
    aa, az, zz = place_at(state, residual[AHEAD])
    s11 = a1 * a1 * aa + 2.0 * a1 * z1 * az + z1 * z1 * zz + residual[E1] ** 2
    s22 = a2 * a2 * aa + 2.0 * a2 * z2 * az + z2 * z2 * zz + residual[E2] ** 2
    s12 = a1 * a2 * aa + (a1 * z2 + z1 * a2) * az + z1 * z2 * zz
    return s11, s12, s22


@kernel
def chi2_and_spread(state: Float64Array, residual: Float64Array) -> tuple[float, float]:
    """Return chi2 of the two residuals and the determinant of their covariance [mm4]."""
    s11, s12, s22 = spreads(state, residual)
    spread = s11 * s22 - s12 * s12
    one, other = residual[R1], residual[R2]
    return (one * one * s22 - 2.0 * one * other * s12 + other * other * s11) / spread, spread


@kernel
def _take(
    state: Float64Array, residual: float, a: float, z: float, error: float
) -> tuple[float, float, float, float, float]:
    """Take one residual into the covariance; return the change of the five parameters."""
    ca, cp, ck = a * state[AA] + z * state[AZ], a * state[AP] + z * state[PZ], a * state[AK] + z * state[KZ]
    cz, cs = a * state[AZ] + z * state[ZZ], a * state[AS] + z * state[ZS]
    weight = 1.0 / (a * ca + z * cz + error * error)
    ga, gp, gk, gz, gs = ca * weight, cp * weight, ck * weight, cz * weight, cs * weight
    state[AA] -= ga * ca
    state[AP] -= ga * cp
    state[AK] -= ga * ck
    state[AZ] -= ga * cz
    state[AS] -= ga * cs
    state[PP] -= gp * cp
    state[PK] -= gp * ck
    state[PZ] -= gp * cz
    state[PS] -= gp * cs
    state[KK] -= gk * ck
    state[KZ] -= gk * cz
    state[KS] -= gk * cs
    state[ZZ] -= gz * cz
    state[ZS] -= gz * cs
    state[SS] -= gs * cs
    return ga * residual, gp * residual, gk * residual, gz * residual, gs * residual


@kernel
def update(
    points: Float64Array, hit: int, layer: int, state: Float64Array, way: Float64Array, residual: Float64Array
) -> None:
    """Move a state on to a hit and let it learn from its residuals."""
    measure(points, hit, layer, state, way, residual)
    _go_on(state, residual[AHEAD])
    a, p, k, z, s = _take(state, residual[R1], residual[A1], residual[Z1], residual[E1])
    left = residual[R2] - residual[A2] * a - residual[Z2] * z
    a2, p2, k2, z2, s2 = _take(state, left, residual[A2], residual[Z2], residual[E2])
    ahead, cos, sin, bent = residual[AHEAD], way[0], way[1], way[2]
    aside = a + a2 + 0.5 * bent * ahead * ahead
    state[X] += ahead * cos - aside * sin
    state[Y] += ahead * sin + aside * cos
    state[Z] += state[SLOPE] * ahead + z + z2
    state[PSI] += bent * ahead + p + p2
    state[KAPPA] += k + k2
    state[SLOPE] += s + s2
