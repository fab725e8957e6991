"""Doublets: two hits and the beam line make a helix, which says where a third hit is to be expected.

A helix from the beam line is at phi0 + asin(h r) after the arc asin(h r) / h, h being half its curvature;
both are taken up to the third power of h r, and a hit is compared with them at its own r.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector.solenoid import height_error, scattering_angle
from clew.hits.index import N_COLUMNS, place
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL

__all__ = ["N_DOUBLET", "doublet_window", "find_thirds", "make_doublet"]

N_DOUBLET: Final = 10
"""Numbers of a doublet.

0, 1, 2: r, phi and z of its second hit; 3: h, half the curvature [1/mm]; 4: dz/darc; 5: arc at the second
hit; 6: arc between the hits; 7: scattering angle [rad]; 8: expected distance of the beam line from the track;
9: error of the slope.  Lengths in mm.
"""

_SCALE: Final = N_COLUMNS / (2 * np.pi)
_ACROSS_ERROR: Final = 0.03
_OUTSIDE: Final = 1100.0
_MOST_ASIDE: Final = 0.25


@kernel
def _bent(h: float, r: float) -> float:
    """Return asin(h r) / h."""
    return r * (1.0 + h * h * r * r * (1.0 / 6.0))


@kernel
def _turn(phi: float) -> float:
    if phi > np.pi:
        return phi - 2 * np.pi
    return phi + 2 * np.pi if phi < -np.pi else phi


@kernel
def _beam_error(cuts: Float64Array, r: float) -> float:
    """Return the expected distance of a track from the beam line: less than its first hit's, by far."""
    return min(cuts[2], _MOST_ASIDE * r)


@kernel
def make_doublet(
    points: Float64Array,
    layer: Int32Array,
    first: int,
    second: int,
    cuts: Float64Array,
    doublet: Float64Array,
) -> bool:
    """Write the helix of two hits; False where its curvature or its z at the beam line is beyond the cuts."""
    r1, r2 = points[first, 5], points[second, 5]
    gap = r2 - r1
    if gap < 3.0:
        return False
    bend = _turn(points[second, 4] - points[first, 4])
    h = bend / gap
    if abs(h) > 0.5 * cuts[0] + _beam_error(cuts, r1) / (r1 * r2):
        return False
    h = bend / (_bent(h, r2) - _bent(h, r1))
    a1, a2 = _bent(h, r1), _bent(h, r2)
    slope = (points[second, 2] - points[first, 2]) / (a2 - a1)
    if abs(points[first, 2] - slope * a1) > cuts[1]:
        return False
    doublet[0], doublet[1], doublet[2] = r2, points[second, 4], points[second, 2]
    doublet[3], doublet[4], doublet[5], doublet[6] = h, slope, a2, a2 - a1
    theta = cuts[6] * scattering_angle(2.0 * h, slope, IS_BARREL[layer[second]])
    doublet[7] = theta
    unseen = (theta * a1) ** 2 * (1.0 + slope * slope)
    doublet[8] = np.sqrt(_beam_error(cuts, r1) ** 2 + (0.5 + a1 / 150.0) * unseen)
    e1, e2 = height_error(layer[first], slope), height_error(layer[second], slope)
    doublet[9] = np.sqrt(e1 * e1 + e2 * e2) / (a2 - a1)
    return True


@kernel
def doublet_window(
    points: Float64Array,
    first: int,
    surfaces: Float64Array,
    layer: int,
    cuts: Float64Array,
    window: Float64Array,
) -> bool:
    """Write half the range of phi and the range of z/r where second hits on a layer may be."""
    z, r, most = points[first, 2], points[first, 5], cuts[1]
    near, far, low, top = surfaces[layer, 0], surfaces[layer, 1], surfaces[layer, 2], surfaces[layer, 3]
    if surfaces[layer, 4] > 0:
        low = max(low, z + min((z - most) * (far / r - 1.0), (z - most) * (near / r - 1.0)))
        top = min(top, z + max((z + most) * (far / r - 1.0), (z + most) * (near / r - 1.0)))
    else:
        sign = 1.0 if top > 0 else -1.0
        level, begin, end = sign * z, min(sign * low, sign * top), max(sign * low, sign * top)
        if level + most <= 0.0 or end <= level:
            return False
        near = max(near, 0.98 * r * (1.0 + (begin - level) / (level + most)))
        if level > most:
            far = min(far, r * (1.0 + (end - level) / (level - most)))
    if low > top or near > far or far <= r:
        return False
    window[1] = low / (far if low > 0 else near)
    window[2] = top / (near if top > 0 else far)
    window[0] = 0.5 * cuts[0] * (_bent(0.5 * cuts[0], far) - _bent(0.5 * cuts[0], r))
    window[0] += 3.0 * _beam_error(cuts, r) * (1.0 / r - 1.0 / far) + 1e-3
    return True


@kernel
def find_thirds(
    points: Float64Array,
    starts: Int64Array,
    surfaces: Float64Array,
    layer: int,
    doublet: Float64Array,
    cuts: Float64Array,
    found: Int32Array,
    gains: Float64Array,
) -> int:
    """Write the third hits on a layer that gain more than the least, and their gains; return their number."""
    slope = doublet[4]
    if surfaces[layer, 4] > 0:
        near, far = surfaces[layer, 0], surfaces[layer, 1]
        middle = 0.5 * (near + far)
        if abs(doublet[2] + slope * (middle - doublet[0])) > surfaces[layer, 3] + 60.0:
            return 0
    else:
        if abs(slope) < 0.05:
            return 0
        one = doublet[5] + (surfaces[layer, 2] - doublet[2]) / slope
        other = doublet[5] + (surfaces[layer, 3] - doublet[2]) / slope
        near, far = min(one, other), max(one, other)
        near, far = 2.0 * near - _bent(doublet[3], near), 2.0 * far - _bent(doublet[3], far)
        middle = min(0.5 * (near + far), _OUTSIDE)
        if near > surfaces[layer, 1] + 30.0 or far < surfaces[layer, 0] - 30.0:
            return 0
    arc = _bent(doublet[3], middle) - doublet[5]
    if arc < 4.0:
        return 0
    across, along = _expected(doublet, layer, arc)
    pull = cuts[3]
    if surfaces[layer, 4] > 0:
        one = doublet[2] + slope * (_bent(doublet[3], near) - doublet[5])
        other = doublet[2] + slope * (_bent(doublet[3], far) - doublet[5])
        low, top = min(one, other) - pull * along, max(one, other) + pull * along
        if low > surfaces[layer, 3] or top < surfaces[layer, 2]:
            return 0
    else:
        away = pull * along / abs(slope)
        near, far = near - away, far + away
        if near > surfaces[layer, 1] or far < surfaces[layer, 0]:
            return 0
        near, far = max(near, surfaces[layer, 0]), min(far, surfaces[layer, 1])
        low, top = surfaces[layer, 2], surfaces[layer, 3]
    low, top = low / (far if low > 0 else near), top / (near if top > 0 else far)
    density = surfaces[layer, 7]
    if surfaces[layer, 4] <= 0:
        density /= middle * middle * abs(slope)
    worth = -np.log(2.0 * np.pi * across * along * density + 1e-9)
    if worth < cuts[4]:
        return 0
    phi = doublet[1] + np.pi + doublet[3] * (_bent(doublet[3], middle) - doublet[5])
    half = pull * across / near + abs(doublet[3]) * 0.6 * (far - near) + 1e-4
    n = 0
    first, last = int(np.floor((phi - half) * _SCALE)), int(np.floor((phi + half) * _SCALE))
    for column in range(first, last + 1):
        cell = layer * N_COLUMNS + column % N_COLUMNS
        i = place(points, starts[cell], starts[cell + 1], low)
        while i < starts[cell + 1] and points[i, 3] <= top:
            gain = worth - 0.5 * _chi2(points, i, doublet, across, along)
            if gain > cuts[4] and worth - gain < 0.5 * pull * pull and n < len(found):
                found[n], gains[n] = i, gain
                n += 1
            i += 1
    return n


@kernel
def _expected(doublet: Float64Array, layer: int, arc: float) -> tuple[float, float]:
    """Return the expected deviations after an arc, as in `clew.seeding.triplets.probing`."""
    theta, slope = doublet[7], doublet[4]
    d1, d2, whole = doublet[5] - doublet[6], doublet[6], doublet[5]
    sec2 = 1.0 + slope * slope
    kink = (d2 + arc) * arc / whole
    first, second = arc * (whole + arc) / (d1 * d2), (whole + arc) * (d2 + arc) / (whole * d2)
    across = _ACROSS_ERROR**2 * (1.0 + first * first + second * second) + (kink / d1 * doublet[8]) ** 2
    across += theta * theta * sec2 * (arc * arc + kink * kink)
    along = height_error(layer, slope) ** 2 + (doublet[9] * arc) ** 2 + (theta * sec2 * arc) ** 2 + 1e-4
    return np.sqrt(across), np.sqrt(along)


@kernel
def _chi2(points: Float64Array, i: int, doublet: Float64Array, across: float, along: float) -> float:
    r = points[i, 5]
    arc = _bent(doublet[3], r) - doublet[5]
    side = _turn(points[i, 4] - doublet[1] - doublet[3] * arc) * r / across
    height = (points[i, 2] - doublet[2] - doublet[4] * arc) / along
    return side * side + height * height
