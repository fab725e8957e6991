"""The probe: the exact helix through the last three hits of a track, and what it says of the next one.

Errors are those of extrapolating a parabola (in the transverse plane) and a line (in z over arc) through
three points: measurement errors grow with the extrapolation's coefficients; a layer at the last hit scatters
by theta * arc, one at the middle hit by what the extrapolation does not follow of its kink.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector.material import scattering_angle
from clew.detector.solenoid import FieldMap
from clew.detector.surface import Surface
from clew.hits.index import HitIndex, HitPoint, cell_span, cells_of, columns_of, in_columns
from clew.kernels import kernel
from clew.motion.crossings import Helix, arc_to_layer, bend, propagate
from clew.records import RecordArray, record_dtype
from clew.seeding.doublets import DoubletCuts, height_error

__all__ = [
    "PROBE",
    "SPREAD",
    "Probe",
    "Spread",
    "aim",
    "collect",
    "expect_beside",
    "gain",
    "project",
]

_CLOSEST: Final = 1.0  # mm between two hits of a probe
_LEAST_GAP: Final = 5.0  # mm in r to a cylinder that a helix goes on to
_STRAIGHTEST: Final = 0.6  # share of the arc by which a helix that goes on to a disc gains in r at least
_MOST_TURN: Final = 3.0  # rad; a track that turns further curls up
_DEEPEST: Final = 40.0  # mm along the path that modules stand before or behind their layer at most
_BESIDE: Final = 10.0  # mm along the path between the hits of two modules of one layer
_FLATTEST: Final = 0.05  # slope of tracks against a disc
_FLATTEST_EDGE: Final = 0.1  # the same where an error in z widens a disc's edges
_STEEPEST: Final = 0.1  # cosine of tracks' angle against the radius, on a cylinder
_WIDEST: Final = 1.0  # rad; half the azimuth in which a search looks at most


class Probe:
    """Fields of what the errors of the helix through three hits depend on.

    Attributes
    ----------
    first_arc, second_arc : float, mm
        Between the three hits.
    theta : float, rad
        Scattering angle of a layer.
    first_height, last_height : float, mm
        Errors of the first and of the last hit in z.
    fitted_z : float, mm
        Where the curvature was measured.
    """

    first_arc: float
    second_arc: float
    theta: float
    first_height: float
    last_height: float
    fitted_z: float


class Spread:
    """Fields of the expected deviations of a hit from a helix.

    Attributes
    ----------
    across, height : float, mm
        Across the helix and in z.
    cos, sin : float
        Direction of the helix in the transverse plane.
    """

    across: float
    height: float
    cos: float
    sin: float


PROBE: Final[np.dtype[np.void]] = record_dtype(Probe)
SPREAD: Final[np.dtype[np.void]] = record_dtype(Spread)


@kernel(force=True)
def _arc(chord: float, curvature: float) -> float:
    half = min(abs(0.5 * curvature * chord), 1.0)
    return chord if half < 1e-6 else chord * np.arcsin(half) / half


@kernel
def aim(
    first: HitPoint,
    second: HitPoint,
    third: HitPoint,
    surfaces: RecordArray,
    cuts: DoubletCuts,
    helix: Helix,
    probe: Probe,
) -> bool:
    """Write the helix through three hits, at the last one, and its probe; False where there is none."""
    ax, ay, bx, by, cx, cy = first.x, first.y, second.x, second.y, third.x, third.y
    near, far = np.sqrt((bx - ax) ** 2 + (by - ay) ** 2), np.sqrt((cx - bx) ** 2 + (cy - by) ** 2)
    whole = np.sqrt((cx - ax) ** 2 + (cy - ay) ** 2)
    if near < _CLOSEST or far < _CLOSEST or whole < max(near, far):
        return False
    curvature = 2.0 * ((bx - ax) * (cy - by) - (by - ay) * (cx - bx)) / (near * far * whole)
    d1, d2 = _arc(near, curvature), _arc(far, curvature)
    slope = (third.z - first.z) / (d1 + d2)
    half = min(max(0.5 * curvature * far, -1.0), 1.0)
    helix.x, helix.y, helix.z, helix.curvature, helix.slope = cx, cy, third.z, curvature, slope
    helix.psi = np.arctan2(cy - by, cx - bx) + np.arcsin(half)
    probe.first_arc, probe.second_arc = d1, d2
    last = surfaces[third.layer]
    probe.theta = cuts.scattering * scattering_angle(curvature, slope, last, cuts.bending)
    probe.first_height = height_error(surfaces[first.layer], slope)
    probe.last_height = height_error(last, slope)
    probe.fitted_z = second.z
    return True


@kernel(force=True)
def _may_reach(helix: Helix, surface: Surface, cuts: DoubletCuts) -> bool:
    """Tell cheaply whether a helix that goes outwards may cross a layer."""
    r, slope = np.hypot(helix.x, helix.y), helix.slope
    if surface.barrel:
        gap = surface.position - r
        return gap > _LEAST_GAP and abs(helix.z + slope * gap) < surface.high + cuts.loose
    arc = (surface.position - helix.z) / slope if abs(slope) > 1e-3 else -1.0
    slack = surface.slack
    return arc > 0.0 and r + arc > surface.low - slack and r + _STRAIGHTEST * arc < surface.high + slack


@kernel
def project(
    helix: Helix,
    probe: Probe,
    surface: Surface,
    again: bool,
    field: FieldMap,
    cuts: DoubletCuts,
    target: Helix,
    spread: Spread,
) -> float:
    """Take a helix to a layer; return the arc [mm], inf where it misses the layer.

    Parameters
    ----------
    helix : Helix
        At its last hit.
    probe : Probe
    surface : Surface
        The layer.
    again : bool
        Whether the last hit is on that layer.
    field : FieldMap
    cuts : DoubletCuts
    target : Helix
        The helix there; written.
    spread : Spread
        Written.
    """
    if not _may_reach(helix, surface, cuts):
        return np.inf
    target.x, target.y, target.z = helix.x, helix.y, helix.z
    target.psi, target.slope = helix.psi, helix.slope
    if surface.barrel:
        rough = surface.position - np.hypot(helix.x, helix.y)
    else:
        rough = (surface.position - helix.z) / helix.slope
    bend(target, rough, field, probe.fitted_z, helix.curvature, field.z)
    x, y, z, curvature = target.x, target.y, target.z, target.curvature
    heading = np.cos(target.psi), np.sin(target.psi)
    arc = arc_to_layer(x, y, z, heading, curvature, target.slope, surface, again)
    if arc == np.inf or arc * abs(curvature) > _MOST_TURN:
        return np.inf
    propagate(target, arc)
    _expect(probe, target.slope, surface, arc, cuts, spread)
    spread.cos, spread.sin = np.cos(target.psi), np.sin(target.psi)
    return arc if _on_layer(target, surface, spread.height) else np.inf


@kernel(force=True)
def _on_layer(target: Helix, surface: Surface, height: float) -> bool:
    """Tell whether a helix that meets a layer's surface is, within its error in z, on the modules."""
    if surface.barrel:
        place, margin = abs(target.z), surface.edge + 3.0 * height
    else:
        place = np.hypot(target.x, target.y)
        margin = surface.edge + 3.0 * (height / max(abs(target.slope), _FLATTEST_EDGE))
    return surface.low - margin <= place <= surface.high + margin


@kernel(force=True)
def _expect(
    probe: Probe, slope: float, surface: Surface, arc: float, cuts: DoubletCuts, spread: Spread
) -> None:
    """Write the expected deviations of a hit on a layer after an arc."""
    d1, d2, theta = probe.first_arc, probe.second_arc, probe.theta
    whole, sec2 = d1 + d2, 1.0 + slope * slope
    kink = (d2 + arc) * arc / whole
    from_a, from_b = kink / d1, arc * (whole + arc) / (d1 * d2)
    from_c = (whole + arc) * (d2 + arc) / (whole * d2)
    across = cuts.across**2 * (1.0 + from_a**2 + from_b**2 + from_c**2)
    spread.across = np.sqrt(across + theta * theta * sec2 * (arc * arc + kink * kink))
    height = (theta * sec2 * arc) ** 2 * (1.0 + (d1 / whole) ** 2)
    along = (probe.first_height * arc / whole) ** 2 + (probe.last_height * (1.0 + arc / whole)) ** 2
    spread.height = np.sqrt(height_error(surface, slope) ** 2 + along + height)


@kernel
def expect_beside(helix: Helix, probe: Probe, surface: Surface, cuts: DoubletCuts, spread: Spread) -> None:
    """Write the expected deviations of another hit of the last hit's layer, some mm along the path."""
    slope, angle = helix.slope, probe.theta * _BESIDE
    sec2 = 1.0 + slope * slope
    across2 = 4.0 * cuts.across**2
    spread.across = np.sqrt(across2 + angle * angle * sec2)
    spread.height = np.sqrt(2.0 * height_error(surface, slope) ** 2 + (angle * sec2) ** 2 + across2)
    spread.cos, spread.sin = np.cos(helix.psi), np.sin(helix.psi)


@kernel(force=True)
def gain(target: Helix, spread: Spread, surface: Surface) -> float:
    """Return the log of how much likelier a hit right at the target is a track's than one by chance."""
    density, oblique = surface.density, 1.0
    if not surface.barrel:
        density /= target.x**2 + target.y**2 + 1.0
        oblique = max(abs(target.slope), _FLATTEST)
    return -np.log(2.0 * np.pi * spread.across * spread.height / oblique * density + 1e-9)


@kernel
def collect(
    index: HitIndex,
    layer: int,
    target: Helix,
    spread: Spread,
    pull: float,
    found: Int32Array,
    chi2: Float64Array,
) -> int:
    """Write the hits of a layer within `pull` expected deviations of the target; return their number."""
    points, n = index.points, 0
    phi, half, low, high = _window(target, spread, index.surfaces[layer], pull)
    columns = columns_of(phi, half)
    first, last = cells_of(index, columns)
    for cell in range(first, last + 1):
        begin, end = cell_span(index, layer, cell, low, high)
        for hit in range(begin, end):
            if not in_columns(index, hit, columns):
                continue
            square = _chi2(points[hit], target, spread)
            if square <= pull * pull and n < len(found):
                found[n], chi2[n] = hit, square
                n += 1
    return n


@kernel(force=True)
def _chi2(point: HitPoint, target: Helix, spread: Spread) -> float:
    """Return how far a hit is off a path, across it and in z, in expected deviations."""
    dx, dy = point.x - target.x, point.y - target.y
    forward = dx * spread.cos + dy * spread.sin
    across = dy * spread.cos - dx * spread.sin - 0.5 * target.curvature * forward * forward
    along = point.z - target.z - target.slope * forward
    return (across / spread.across) ** 2 + (along / spread.height) ** 2


@kernel(force=True)
def _window(
    target: Helix, spread: Spread, surface: Surface, pull: float
) -> tuple[float, float, float, float]:
    """Return where hits may be: phi, half width, range of z/r.

    Modules stand up to _DEEPEST along the path before and behind the layer's nominal place.
    """
    r, phi = np.sqrt(target.x**2 + target.y**2), np.arctan2(target.y, target.x)
    radial = abs(target.x * spread.cos + target.y * spread.sin) / r
    tangential = np.sqrt(max(1.0 - radial * radial, 0.0))
    wide, high, slope = pull * spread.across, pull * spread.height, abs(target.slope)
    if surface.barrel:
        near, far = surface.r_low, surface.r_high
        depth = min(max(far - r, r - near, 0.0) / max(radial, _STEEPEST), _DEEPEST)
        low, top = target.z - high - depth * slope, target.z + high + depth * slope
        half = (wide / max(radial, _STEEPEST) + depth * tangential) / r
    else:
        low, top = surface.z_low, surface.z_high
        slope = max(slope, _FLATTEST)
        path = high / slope + min(max(top - target.z, target.z - low, 0.0) / slope, _DEEPEST)
        near = max(r - wide * tangential - path * radial, surface.least_r)
        far = r + wide * tangential + path * radial
        half = (wide + path * tangential) / near
    low, top = low / (far if low > 0 else near), top / (near if top > 0 else far)
    return phi, min(half, _WIDEST), low, top
