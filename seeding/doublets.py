"""Doublets: two hits and the beam line make a helix, which says where a third hit is to be expected.

A helix from the beam line is at phi0 + asin(h r) after the arc asin(h r) / h, h being half its curvature;
both are taken up to the third power of h r, and a hit is compared with them at its own r.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector import Detector
from clew.detector.material import scattering_angle
from clew.detector.surface import Surface
from clew.hits.index import HitPoint, SortedHits, cell_span, cells_of, columns_of, in_columns
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = [
    "DOUBLET",
    "Doublet",
    "DoubletCuts",
    "cuts_of",
    "doublet_window",
    "find_thirds",
    "height_error",
    "make_doublet",
    "turn",
]

_MOST_ASIDE: Final = 0.25
"""Share of its first hit's r by which a track passes the beam line at most."""

_DISC_HEIGHT: Final = 0.02
"""Error [mm] of a hit's z on a disc that does not come from that of its r."""

_FLATTEST: Final = 0.05
"""Least slope dz/darc with which a doublet meets discs."""


class Doublet:
    """Fields of a doublet; lengths in mm.

    Attributes
    ----------
    r, phi, z : float
        Of its second hit.
    h : float, 1/mm
        Half the curvature.
    slope : float
        dz over transverse arc.
    arc, gap : float
        Arc at the second hit, and between the hits.
    theta : float, rad
        Scattering angle of a layer.
    beam_error : float
        Expected distance of the beam line from the track.
    slope_error : float
    """

    r: float
    phi: float
    z: float
    h: float
    slope: float
    arc: float
    gap: float
    theta: float
    beam_error: float
    slope_error: float


DOUBLET: Final[np.dtype[np.void]] = record_dtype(Doublet)


class DoubletCuts(NamedTuple):
    """What doublets and the third hits of triplets must keep to; lengths in mm.

    Attributes
    ----------
    most_curvature : float, 1/mm
    most_z0 : float
        Largest |z| on the beam line.
    beam_error : float
        Expected distance of tracks from the beam line.
    pull, least_gain : float
        Third hits farther from their place, in expected deviations, or gaining less, are left out.
    scattering : float
        Factor of the expected multiple scattering.
    bending : float, GeV/mm
        Transverse momentum times curvature.
    across, least_gap, least_arc, unseen, loose, slack, outside : float
        See `clew.detector.SeedLengths`.
    """

    most_curvature: float
    most_z0: float
    beam_error: float
    pull: float
    least_gain: float
    scattering: float
    bending: float
    across: float
    least_gap: float
    least_arc: float
    unseen: float
    loose: float
    slack: float
    outside: float


def cuts_of(
    detector: Detector,
    *,
    least_pt: float,
    most_z0: float,
    beam_error: float,
    pull: float,
    least_gain: float,
    scattering: float,
) -> DoubletCuts:
    """Return the cuts for tracks of at least so much pT [GeV]; see `DoubletCuts`."""
    bending, lengths = detector.solenoid.bending, detector.seed_lengths
    return DoubletCuts(
        bending / least_pt,
        most_z0,
        beam_error,
        pull,
        least_gain,
        scattering,
        bending,
        lengths.across,
        lengths.least_gap,
        lengths.least_arc,
        lengths.unseen,
        lengths.loose,
        lengths.slack,
        lengths.outside,
    )


@kernel(force=True)
def height_error(surface: Surface, slope: float) -> float:
    """Return the error [mm] of a hit's z given its place along the track: a disc's is that of its r."""
    error = surface.coarse_along
    return error if surface.barrel else error * abs(slope) + _DISC_HEIGHT


@kernel(force=True)
def _bent(h: float, r: float) -> float:
    """Return asin(h r) / h."""
    return r * (1.0 + h * h * r * r * (1.0 / 6.0))


@kernel(force=True)
def turn(phi: float) -> float:
    """Return a difference of azimuths in (-pi, pi]."""
    if phi > np.pi:
        return phi - 2 * np.pi
    return phi + 2 * np.pi if phi < -np.pi else phi


@kernel(force=True)
def _beam_error(cuts: DoubletCuts, r: float) -> float:
    """Return the expected distance of a track from the beam line: less than its first hit's, by far."""
    return min(cuts.beam_error, _MOST_ASIDE * r)


@kernel(force=True)
def make_doublet(
    first: HitPoint, second: HitPoint, surfaces: RecordArray, cuts: DoubletCuts, doublet: Doublet
) -> bool:
    """Write the helix of two hits; False where its curvature or its z at the beam line is beyond the cuts."""
    r1, r2 = first.r, second.r
    gap = r2 - r1
    if gap < cuts.least_gap:
        return False
    bend = turn(second.phi - first.phi)
    h = bend / gap
    if abs(h) > 0.5 * cuts.most_curvature + _beam_error(cuts, r1) / (r1 * r2):
        return False
    h = bend / (_bent(h, r2) - _bent(h, r1))
    a1, a2 = _bent(h, r1), _bent(h, r2)
    slope = (second.z - first.z) / (a2 - a1)
    if abs(first.z - slope * a1) > cuts.most_z0:
        return False
    doublet.r, doublet.phi, doublet.z = r2, second.phi, second.z
    doublet.h, doublet.slope, doublet.arc, doublet.gap = h, slope, a2, a2 - a1
    theta = cuts.scattering * scattering_angle(2.0 * h, slope, surfaces[second.layer], cuts.bending)
    doublet.theta = theta
    # what a kink on the way to the first hit, in the beam pipe or a layer missed, adds at the beam line
    unseen = (theta * a1) ** 2 * (1.0 + slope * slope)
    doublet.beam_error = np.sqrt(_beam_error(cuts, r1) ** 2 + (0.5 + a1 / cuts.unseen) * unseen)
    e1, e2 = height_error(surfaces[first.layer], slope), height_error(surfaces[second.layer], slope)
    doublet.slope_error = np.sqrt(e1 * e1 + e2 * e2) / (a2 - a1)
    return True


@kernel(force=True)
def doublet_window(first: HitPoint, surface: Surface, cuts: DoubletCuts) -> tuple[float, float, float]:
    """Return half the range of phi (negative for nowhere) and the range of z/r of second hits on a layer."""
    nowhere = (-1.0, 0.0, 0.0)
    z, r, most = first.z, first.r, cuts.most_z0
    near, far, low, top = surface.r_low, surface.r_high, surface.z_low, surface.z_high
    if surface.barrel:
        low = max(low, z + min((z - most) * (far / r - 1.0), (z - most) * (near / r - 1.0)))
        top = min(top, z + max((z + most) * (far / r - 1.0), (z + most) * (near / r - 1.0)))
    else:
        sign = 1.0 if top > 0 else -1.0
        level, begin, end = sign * z, min(sign * low, sign * top), max(sign * low, sign * top)
        if level + most <= 0.0 or end <= level:
            return nowhere
        near = max(near, 0.98 * r * (1.0 + (begin - level) / (level + most)))
        if level > most:
            far = min(far, r * (1.0 + (end - level) / (level - most)))
    if low > top or near > far or far <= r:
        return nowhere
    half = (
        0.5
        * cuts.most_curvature
        * (_bent(0.5 * cuts.most_curvature, far) - _bent(0.5 * cuts.most_curvature, r))
    )
    half += 3.0 * _beam_error(cuts, r) * (1.0 / r - 1.0 / far) + 1e-3
    return half, low / (far if low > 0 else near), top / (near if top > 0 else far)


@kernel(force=True)
def find_thirds(
    index: SortedHits,
    layer: int,
    doublet: Doublet,
    cuts: DoubletCuts,
    found: Int32Array,
    gains: Float64Array,
) -> int:
    """Write the third hits on a layer that gain more than the least, and their gains; return their number."""
    surface, slope, pull = index.surfaces[layer], doublet.slope, cuts.pull
    if surface.barrel:
        near, far = surface.r_low, surface.r_high
        middle = 0.5 * (near + far)
        ahead = doublet.z + slope * (middle - doublet.r)
        if ahead > surface.z_high + cuts.loose or ahead < surface.z_low - cuts.loose:
            return 0
    else:
        behind = (surface.z_low - doublet.z) * slope <= 0.0 and (surface.z_high - doublet.z) * slope <= 0.0
        if (
            abs(slope) < _FLATTEST or behind
        ):  # half of the discs that may follow a layer are on the other side
            return 0
        one = doublet.arc + (surface.z_low - doublet.z) / slope
        other = doublet.arc + (surface.z_high - doublet.z) / slope
        near, far = min(one, other), max(one, other)
        near, far = 2.0 * near - _bent(doublet.h, near), 2.0 * far - _bent(doublet.h, far)
        middle = min(0.5 * (near + far), cuts.outside)
        if near > surface.r_high + cuts.slack or far < surface.r_low - cuts.slack:
            return 0
    arc = _bent(doublet.h, middle) - doublet.arc
    if arc < cuts.least_arc:
        return 0
    across, along = _expected(doublet, surface, arc, cuts)
    if surface.barrel:
        one = doublet.z + slope * (_bent(doublet.h, near) - doublet.arc)
        other = doublet.z + slope * (_bent(doublet.h, far) - doublet.arc)
        low, top = min(one, other) - pull * along, max(one, other) + pull * along
        if low > surface.z_high or top < surface.z_low:
            return 0
    else:
        away = pull * along / abs(slope)
        near, far = near - away, far + away
        if near > surface.r_high or far < surface.r_low:
            return 0
        near, far = max(near, surface.r_low), min(far, surface.r_high)
        low, top = surface.z_low, surface.z_high
    low, top = low / (far if low > 0 else near), top / (near if top > 0 else far)
    density = surface.density
    if not surface.barrel:
        density /= middle * middle * abs(slope)
    worth = -np.log(2.0 * np.pi * across * along * density + 1e-9)
    if worth < cuts.least_gain:
        return 0
    phi = doublet.phi + doublet.h * (_bent(doublet.h, middle) - doublet.arc)
    half = pull * across / near + abs(doublet.h) * 0.6 * (far - near) + 1e-4
    n = 0
    columns = columns_of(phi, half)
    first, last = cells_of(index, columns)
    for cell in range(first, last + 1):
        begin, end = cell_span(index, layer, cell, low, top)
        for hit in range(begin, end):
            if not in_columns(index, hit, columns):
                continue
            gain = worth - 0.5 * _chi2(index.points[hit], doublet, across, along)
            if gain > cuts.least_gain and worth - gain < 0.5 * pull * pull and n < len(found):
                found[n], gains[n] = hit, gain
                n += 1
    return n


@kernel(force=True)
def _expected(doublet: Doublet, surface: Surface, arc: float, cuts: DoubletCuts) -> tuple[float, float]:
    """Return the expected deviations [mm] after an arc, across and in z.

    Errors of the two hits and of the beam line grow with the coefficients by which a parabola through the
    three points is extrapolated; the second layer's scattering adds what that does not follow of it.
    """
    theta, slope = doublet.theta, doublet.slope
    d1, d2, whole = doublet.arc - doublet.gap, doublet.gap, doublet.arc
    sec2 = 1.0 + slope * slope
    kink = (d2 + arc) * arc / whole
    first, second = arc * (whole + arc) / (d1 * d2), (whole + arc) * (d2 + arc) / (whole * d2)
    across = cuts.across**2 * (1.0 + first * first + second * second)
    across += (kink / d1 * doublet.beam_error) ** 2
    across += theta * theta * sec2 * (arc * arc + kink * kink)
    along = height_error(surface, slope) ** 2 + (doublet.slope_error * arc) ** 2
    along += (theta * sec2 * arc) ** 2 + 1e-4
    return np.sqrt(across), np.sqrt(along)


@kernel(force=True)
def _chi2(point: HitPoint, doublet: Doublet, across: float, along: float) -> float:
    r = point.r
    arc = _bent(doublet.h, r) - doublet.arc
    side = turn(point.phi - doublet.phi - doublet.h * arc) * r / across
    height = (point.z - doublet.z - doublet.slope * arc) / along
    return side * side + height * height
