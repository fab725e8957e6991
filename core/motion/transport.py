"""A state on its way to a layer: along a helix in the field half way, with its covariance."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.solenoid import FieldMap, bending_and_tilt
from clew.detector.surface import Surface
from clew.kernels import kernel
from clew.motion.crossings import arc_to_layer
from clew.motion.state import State
from clew.records import record_dtype

__all__ = [
    "PATH",
    "Path",
    "heading_of",
    "may_reach",
    "on_layer",
    "transport",
    "transport_along",
    "transport_covariance",
]

_MOST_TURN: Final = 3.0  # rad; a track that turns further curls up
_FLATTEST: Final = 0.1  # slope of tracks against a disc, when errors in z are turned into errors in r
_STRAIGHT: Final = 1e-7  # rad; half a turn below which a chord is as long as its arc


class Path:
    """Fields of the way from one layer to the next.

    Attributes
    ----------
    cos, sin : float
        Direction at its end.
    bent : float, 1/mm
        Curvature on it.
    chord : float, mm
        Transverse distance straight along the direction at its end.
    arc : float, mm
        Transverse arc.
    across_factor, along_factor : float
        Factors of the errors of hits at its end, as a network may correct them.
    """

    cos: float
    sin: float
    bent: float
    chord: float
    arc: float
    across_factor: float
    along_factor: float


PATH: Final[np.dtype[np.void]] = record_dtype(Path)


@kernel(force=True)
def may_reach(state: State, surface: Surface, nearer_than: float) -> bool:
    """Tell by a straight line whether a state may meet a layer within an arc [mm]; it errs to true."""
    r, slope = np.sqrt(state.x**2 + state.y**2), state.slope
    if surface.barrel:
        gap = abs(surface.position - r)
        if gap > nearer_than:
            return False
        return abs(state.z + slope * gap) < surface.high + surface.loose or slope * gap * state.z < 0.0
    ahead = (surface.position - state.z) / slope if abs(slope) > 1e-3 else -1.0
    return 0.0 < ahead < 1.1 * nearer_than and r + ahead > surface.low - surface.slack


@kernel(force=True)
def transport(
    state: State, surface: Surface, again: bool, field: FieldMap, target: State, path: Path
) -> float:
    """Write the state where it meets a layer, without covariance, and the path there; return its arc [mm].

    See `transport_along`.
    """
    return transport_along(state, heading_of(state), surface, again, field, target, path)


@kernel(force=True)
def heading_of(state: State) -> tuple[float, float]:
    """Return cosine and sine of a state's direction in the transverse plane."""
    return np.cos(state.psi), np.sin(state.psi)


@kernel(force=True)
def transport_along(
    state: State,
    heading: tuple[float, float],
    surface: Surface,
    again: bool,
    field: FieldMap,
    target: State,
    path: Path,
) -> float:
    """Write the state where it meets a layer, without covariance, and the path there; return its arc [mm].

    The field half way, at a guess of where that is, bends the whole path.

    Parameters
    ----------
    state : State
    heading : tuple of two floats
        See `heading_of`: the same for all layers that one state is carried to.
    surface : Surface
        The layer.
    again : bool
        Whether the state is on that layer.
    field : FieldMap
    target : State
        Written.
    path : Path
        Written.

    Returns
    -------
    float
        inf where the state does not meet the layer.
    """
    r, slope = np.sqrt(state.x**2 + state.y**2), state.slope
    gap = abs(surface.position - r) if surface.barrel else (surface.position - state.z) / slope
    gap = min(max(gap, 0.0), surface.step)
    turned = state.psi + 0.25 * state.kappa * gap
    guess = np.cos(turned), np.sin(turned)
    x, y = state.x + 0.5 * gap * guess[0], state.y + 0.5 * gap * guess[1]
    bending, tilt = bending_and_tilt(field, x, y, state.z + 0.5 * slope * gap, guess, slope)
    bent, bow = state.kappa * bending, state.kappa * tilt
    mean_slope = slope + 0.5 * bow * gap
    arc = arc_to_layer(state.x, state.y, state.z, heading, bent, mean_slope, surface, again)
    if arc > surface.longest or arc * abs(bent) > _MOST_TURN:
        return np.inf
    half = 0.5 * bent * arc
    half_sin, half_cos = np.sin(half), np.cos(half)
    chord = arc if abs(half) < _STRAIGHT else arc * half_sin / half
    ahead_x, ahead_y = np.cos(state.psi + half), np.sin(state.psi + half)
    target.x = state.x + chord * ahead_x
    target.y = state.y + chord * ahead_y
    target.z = state.z + mean_slope * arc
    target.psi = state.psi + 2.0 * half
    target.kappa, target.slope = state.kappa, slope + bow * arc
    path.cos = ahead_x * half_cos - ahead_y * half_sin
    path.sin = ahead_y * half_cos + ahead_x * half_sin
    path.bent, path.chord, path.arc = bent, chord * half_cos, arc
    path.across_factor, path.along_factor = 1.0, 1.0
    return arc


@kernel(force=True)
def transport_covariance(state: State, path: Path, target: State) -> None:
    """Write the covariance of a state at the end of its path.

    Across the track a + c p + b k, direction p + q k, height z + arc s: all to first order.
    """
    bending = path.bent / state.kappa
    arc, c = path.arc, path.chord
    b, q = 0.5 * arc * arc * bending, arc * bending
    pp, pk, pz, ps = state.pp, state.pk, state.pz, state.ps
    kk, kz, ks = state.kk, state.kz, state.ks
    aa, ap = state.aa + c * state.ap + b * state.ak, state.ap + c * pp + b * pk
    ak, az, as_ = state.ak + c * pk + b * kk, state.az + c * pz + b * kz, state.as_ + c * ps + b * ks
    target.aa, target.ap, target.ak = aa + c * ap + b * ak, ap + q * ak, ak
    target.az, target.as_ = az + arc * as_, as_
    turned_p, turned_k, turned_z, turned_s = pp + q * pk, pk + q * kk, pz + q * kz, ps + q * ks
    target.pp, target.pk = turned_p + q * turned_k, turned_k
    target.pz, target.ps = turned_z + arc * turned_s, turned_s
    target.kk, target.kz, target.ks = kk, kz + arc * ks, ks
    target.zz = state.zz + 2.0 * arc * state.zs + arc * arc * state.ss
    target.zs, target.ss = state.zs + arc * state.ss, state.ss


@kernel(force=True)
def on_layer(state: State, surface: Surface) -> bool:
    """Tell whether a state that met a layer's cylinder or plane is, within its error, on its modules."""
    spread = 3.0 * np.sqrt(state.zz)
    if surface.barrel:
        place = abs(state.z)
    else:
        place = np.sqrt(state.x**2 + state.y**2)
        spread /= max(abs(state.slope), _FLATTEST)
    margin = surface.edge + min(spread, surface.spread)
    return surface.low - margin <= place <= surface.high + margin
