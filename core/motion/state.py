"""The state of a candidate, and how three hits start one.

A state is a flat array of N_STATE numbers: where the track is and where it goes, then the covariance of five
of them, its upper triangle row by row.  Positions are measured across the track (in the transverse plane, to
the left of its direction) and along z; the curvature is the one that the track has in the nominal field.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector import LAYERS
from clew.detector.field import bending_and_tilt
from clew.detector.solenoid import scattering_angle
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL

__all__ = ["ACROSS_ERROR", "LENGTH_ERROR", "N_STATE", "Motion", "scatter", "start_state"]

X, Y, Z, PSI, KAPPA, SLOPE = range(6)
"""Position [mm], direction in the transverse plane [rad], curvature [1/mm], dz over transverse arc."""

AA, AP, AK, AZ, AS, PP, PK, PZ, PS, KK, KZ, KS, ZZ, ZS, SS = range(6, 21)
"""Covariances of: a, across; p, psi; k, curvature; z; s, slope."""

N_STATE: Final = 21

_PITCH_ERRORS: Final = {7: 0.0135, 8: 0.006, 9: 0.0135} | {
    **dict.fromkeys((12, 13, 14), 0.017),
    **dict.fromkeys((16, 17, 18), 0.025),
}
_LENGTH_ERRORS: Final = {
    **dict.fromkeys((7, 8, 9), 0.012),
    **dict.fromkeys((12, 13, 14), 0.3),
    **dict.fromkeys((16, 17, 18), 3.0),
}
ACROSS_ERROR: Final = np.array([_PITCH_ERRORS[layer.volume] for layer in LAYERS])
"""Error [mm] of hits across their modules' length, by dense layer index."""

LENGTH_ERROR: Final = np.array([_LENGTH_ERRORS[layer.volume] for layer in LAYERS])
"""Error [mm] of hits along their modules: along z on a barrel, along r on a disc."""

_STRIP_DISC: Final = np.array([not layer.barrel and layer.reach[0] > 200.0 for layer in LAYERS])
_LEAST_CURVATURE: Final = 1e-9


class Motion(NamedTuple):
    """How the filter lets tracks deviate from a helix.

    Attributes
    ----------
    scattering : float
        Factor of the expected multiple scattering.
    strip_discs : float
        Further factor in the strip endcaps, whose supports stand between the discs.
    energy_loss : float
        Relative error of the curvature that each layer adds.
    filtered : bool
        Whether states learn from each hit; else each starts anew from the last three hits.
    """

    scattering: float
    strip_discs: float
    energy_loss: float
    filtered: bool = True


@kernel
def _angle(layer: int, kappa: float, slope: float, motion: Motion) -> float:
    """Return the plane angle [rad] by which a layer scatters."""
    factor = motion.scattering * (motion.strip_discs if _STRIP_DISC[layer] else 1.0)
    return factor * scattering_angle(kappa, slope, IS_BARREL[layer])


@kernel
def scatter(state: Float64Array, layer: int, motion: Motion) -> None:
    """Widen a state by what the material of a layer does."""
    theta = _angle(layer, state[KAPPA], state[SLOPE], motion)
    sec2 = 1.0 + state[SLOPE] ** 2
    state[PP] += theta * theta * sec2
    state[SS] += (theta * sec2) ** 2
    state[KK] += (motion.energy_loss * state[KAPPA]) ** 2


@kernel
def _sideways(points: Float64Array, hit: int, layer: int, psi: float) -> float:
    """Return the error [mm] across a track of a hit: strips of discs lie along r, not along the track."""
    if IS_BARREL[layer]:
        return ACROSS_ERROR[layer]
    oblique = LENGTH_ERROR[layer] * (np.sin(psi) * points[hit, 6] - np.cos(psi) * points[hit, 7])
    return np.sqrt(ACROSS_ERROR[layer] ** 2 + oblique * oblique)


@kernel
def _height(layer: int, slope: float) -> float:
    """Return the error [mm] of a hit's z given its place along the track."""
    error = LENGTH_ERROR[layer]
    return error if IS_BARREL[layer] else error * abs(slope) + 0.01


@kernel
def start_state(
    points: Float64Array,
    layer: Int32Array,
    first: int,
    second: int,
    third: int,
    motion: Motion,
    state: Float64Array,
) -> bool:
    """Write the state at the last of three hits, which a circle and a straight line in z pass.

    Its covariance is that of the three hits' errors and of the scattering in the second and third layer,
    to first order.  False where two of the hits are at one place.
    """
    ux, uy = points[second, 0] - points[first, 0], points[second, 1] - points[first, 1]
    vx, vy = points[third, 0] - points[second, 0], points[third, 1] - points[second, 1]
    u, v = np.sqrt(ux * ux + uy * uy), np.sqrt(vx * vx + vy * vy)
    w = np.sqrt((ux + vx) ** 2 + (uy + vy) ** 2)
    if min(u, v, w) < 1e-3:
        return False
    bent = 2.0 * (ux * vy - uy * vx) / (u * v * w)
    half1, half2 = min(max(0.5 * bent * u, -0.999), 0.999), min(max(0.5 * bent * v, -0.999), 0.999)
    arc1, arc2 = u * (1.0 + half1 * half1 / 6.0), v * (1.0 + half2 * half2 / 6.0)
    turn = np.arcsin(half2)
    middle = np.arctan2(vy, vx)
    arc = arc1 + arc2
    slope = (points[third, 2] - points[first, 2]) / arc
    strength, _ = bending_and_tilt(
        points[second, 0], points[second, 1], points[second, 2], middle - turn, slope
    )
    kappa = bent / strength
    if abs(kappa) < _LEAST_CURVATURE:
        kappa = _LEAST_CURVATURE
    state[X], state[Y], state[Z] = points[third, 0], points[third, 1], points[third, 2]
    state[PSI], state[KAPPA], state[SLOPE] = middle + turn, kappa, slope
    _start_covariance(points, layer, first, second, third, arc1, arc2, strength, motion, state)
    return True


@kernel
def _start_covariance(
    points: Float64Array,
    layer: Int32Array,
    first: int,
    second: int,
    third: int,
    arc1: float,
    arc2: float,
    strength: float,
    motion: Motion,
    state: Float64Array,
) -> None:
    arc, slope, psi = arc1 + arc2, state[SLOPE], state[PSI]
    sec2 = 1.0 + slope * slope
    e1 = _sideways(points, first, layer[first], psi)
    e2 = _sideways(points, second, layer[second], psi)
    e3 = _sideways(points, third, layer[third], psi)
    kink = _angle(layer[second], state[KAPPA], slope, motion)
    # how the curvature and the direction depend on the three hits' places across the track
    k1, k2, k3 = 2.0 / (arc1 * arc), -2.0 / (arc1 * arc2), 2.0 / (arc2 * arc)
    p1, p2, p3 = arc2 / (arc1 * arc), -1.0 / arc2 - 1.0 / arc1, 1.0 / arc2 + 1.0 / arc
    bent2 = kink * kink * sec2
    state[AA:] = 0.0
    state[AA], state[AP], state[AK] = e3 * e3, p3 * e3 * e3, k3 * e3 * e3 / strength
    state[PP] = (p1 * e1) ** 2 + (p2 * e2) ** 2 + (p3 * e3) ** 2 + bent2 * (arc2 / arc) ** 2
    state[PK] = p1 * k1 * e1 * e1 + p2 * k2 * e2 * e2 + p3 * k3 * e3 * e3 + bent2 * 2.0 * arc2 / arc**2
    state[PK] /= strength
    state[KK] = ((k1 * e1) ** 2 + (k2 * e2) ** 2 + (k3 * e3) ** 2 + bent2 * 4.0 / arc**2) / strength**2
    h1, h3 = _height(layer[first], slope), _height(layer[third], slope)
    state[ZZ], state[ZS] = h3 * h3, h3 * h3 / arc
    state[SS] = (h1 * h1 + h3 * h3) / arc**2 + (kink * sec2 * arc1 / arc) ** 2
    scatter(state, layer[third], motion)
