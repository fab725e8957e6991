"""A state on its way to a layer: along a helix in the field half way, with its covariance."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.detector import LAYERS
from clew.detector.field import bending_and_tilt
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL, arc_to_layer
from clew.motion.state import (
    AA,
    AK,
    AP,
    AS,
    AZ,
    KAPPA,
    KK,
    KS,
    KZ,
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

__all__ = [
    "ARC",
    "BENT",
    "COS",
    "FINE",
    "N_WAY",
    "SIN",
    "arrive",
    "carry_covariance",
    "may_reach",
    "on_layer",
]

COS, SIN, BENT, CHORD, ARC, FINE = range(6)
"""What `arrive` tells of the way: the direction at its end, the curvature on it [1/mm], the transverse
distance straight along that direction [mm], the arc [mm], and in two places factors of hits' errors."""

N_WAY: Final = 7

_POSITION: Final = np.array([layer.position for layer in LAYERS])
_LOWEST: Final = np.array([layer.reach[0] for layer in LAYERS])
_HIGHEST: Final = np.array([layer.reach[1] for layer in LAYERS])
_LONGEST: Final = 1500.0  # mm
_MOST_TURN: Final = 3.0  # rad
_MOST_STEP: Final = 600.0  # mm; where to ask for the field before the arc is known
_EDGE: Final = 6.0  # mm; modules stand around their layer's place
_LOOSE: Final = 80.0  # mm; a straight line's z on a cylinder


@kernel
def may_reach(state: Float64Array, layer: int, nearer_than: float) -> bool:
    """Tell by a straight line whether a state may meet a layer within an arc [mm]; it errs to true."""
    r, slope = np.sqrt(state[X] ** 2 + state[Y] ** 2), state[SLOPE]
    if IS_BARREL[layer]:
        gap = abs(_POSITION[layer] - r)
        if gap > nearer_than:
            return False
        return abs(state[Z] + slope * gap) < _HIGHEST[layer] + _LOOSE or slope * gap * state[Z] < 0.0
    ahead = (_POSITION[layer] - state[Z]) / slope if abs(slope) > 1e-3 else -1.0
    return 0.0 < ahead < 1.1 * nearer_than and r + ahead > _LOWEST[layer] - 20.0


@kernel
def arrive(
    state: Float64Array, layer: int, last_layer: int, target: Float64Array, way: Float64Array
) -> float:
    """Write where a state meets a layer, without covariance, and what the way is like; return its arc [mm].

    inf where it does not meet the layer.
    """
    r, slope = np.sqrt(state[X] ** 2 + state[Y] ** 2), state[SLOPE]
    gap = abs(_POSITION[layer] - r) if IS_BARREL[layer] else (_POSITION[layer] - state[Z]) / slope
    gap = min(max(gap, 0.0), _MOST_STEP)
    psi = state[PSI] + 0.25 * state[KAPPA] * gap
    bending, tilt = bending_and_tilt(
        state[X] + 0.5 * gap * np.cos(psi),
        state[Y] + 0.5 * gap * np.sin(psi),
        state[Z] + 0.5 * slope * gap,
        psi,
        slope,
    )
    bent, bow = state[KAPPA] * bending, state[KAPPA] * tilt
    target[:KAPPA] = state[:KAPPA]
    target[KAPPA], target[SLOPE] = bent, slope + 0.5 * bow * gap
    arc = arc_to_layer(target[:6], layer, last_layer)
    if arc > _LONGEST or arc * abs(bent) > _MOST_TURN:
        return np.inf
    half = 0.5 * bent * arc
    sin, cos = np.sin(half), np.cos(half)
    chord = arc if abs(half) < 1e-7 else arc * sin / half
    ahead_x, ahead_y = np.cos(state[PSI] + half), np.sin(state[PSI] + half)
    target[X] += chord * ahead_x
    target[Y] += chord * ahead_y
    target[Z] += target[SLOPE] * arc
    target[PSI] += 2.0 * half
    target[KAPPA], target[SLOPE] = state[KAPPA], slope + bow * arc
    way[COS], way[SIN] = ahead_x * cos - ahead_y * sin, ahead_y * cos + ahead_x * sin
    way[BENT], way[CHORD], way[ARC] = bent, chord * cos, arc
    way[FINE], way[FINE + 1] = 1.0, 1.0
    return arc


@kernel
def carry_covariance(state: Float64Array, way: Float64Array, target: Float64Array) -> None:
    """Write the covariance of a state at the end of its way.

    Across the track a + c p + b k, direction p + q k, height z + arc s: all to first order.
    """
    bending = way[BENT] / state[KAPPA]
    arc, c = way[ARC], way[CHORD]
    b, q = 0.5 * arc * arc * bending, arc * bending
    pp, pk, pz, ps = state[PP], state[PK], state[PZ], state[PS]
    kk, kz, ks = state[KK], state[KZ], state[KS]
    aa, ap = state[AA] + c * state[AP] + b * state[AK], state[AP] + c * pp + b * pk
    ak, az, as_ = state[AK] + c * pk + b * kk, state[AZ] + c * pz + b * kz, state[AS] + c * ps + b * ks
    target[AA], target[AP], target[AK] = aa + c * ap + b * ak, ap + q * ak, ak
    target[AZ], target[AS] = az + arc * as_, as_
    turned_p, turned_k, turned_z, turned_s = pp + q * pk, pk + q * kk, pz + q * kz, ps + q * ks
    target[PP], target[PK] = turned_p + q * turned_k, turned_k
    target[PZ], target[PS] = turned_z + arc * turned_s, turned_s
    target[KK], target[KZ], target[KS] = kk, kz + arc * ks, ks
    target[ZZ] = state[ZZ] + 2.0 * arc * state[ZS] + arc * arc * state[SS]
    target[ZS], target[SS] = state[ZS] + arc * state[SS], state[SS]


@kernel
def on_layer(state: Float64Array, layer: int) -> bool:
    """Tell whether a state that met a layer's cylinder or plane is, within its error, on its modules."""
    spread = 3.0 * np.sqrt(state[ZZ])
    if IS_BARREL[layer]:
        place = abs(state[Z])
    else:
        place = np.sqrt(state[X] ** 2 + state[Y] ** 2)
        spread /= max(abs(state[SLOPE]), 0.1)
    margin = _EDGE + min(spread, 30.0)
    return _LOWEST[layer] - margin <= place <= _HIGHEST[layer] + margin
