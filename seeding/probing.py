"""The probe: the exact helix through the last three hits of a track, and what it says of the next one.

Errors are those of extrapolating a parabola (in the transverse plane) and a line (in z over arc) through three
points: measurement errors grow with the extrapolation's coefficients; a layer at the last hit scatters by
theta * arc, one at the middle hit by what the extrapolation does not follow of its kink.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import LAYERS
from clew.extend.crossings import IS_BARREL, arc_to_layer, bend, propagate
from clew.extend.solenoid import MEASUREMENT_ERROR, SOLENOID_Z, scattering_angle
from clew.fitting.index import N_COLUMNS
from clew.kernels import kernel

__all__ = ["BEAM_LINE", "N_PROBE", "aim", "collect", "deviations", "gain", "project"]

BEAM_LINE: Final = -1
"""Stands for the beam line as the first of a probe's three points."""

N_PROBE: Final = 14
"""Numbers of a probe.

0 to 5: x, y, z [mm], direction psi [rad], curvature [1/mm], dz/darc, at the last hit or where projected to;
6, 7: arcs between the three points; 8: scattering angle per layer [rad]; 9: error of the first point across
the track; 10: error of the outer points in z (1/1); 11: z where the curvature was measured; 12, 13: after
`project`, expected deviation across the track and in z.  Lengths in mm.
"""

_ACROSS_ERROR: Final = 0.03
_MARGIN: Final = 6.0
_POSITION: Final = np.array([layer.position for layer in LAYERS])
_LOWEST: Final = np.array([layer.reach[0] for layer in LAYERS])
_HIGHEST: Final = np.array([layer.reach[1] for layer in LAYERS])


@kernel
def _arc(chord: float, curvature: float) -> float:
    half = min(abs(0.5 * curvature * chord), 1.0)
    return chord if half < 1e-6 else chord * np.arcsin(half) / half


@kernel
def aim(
    points: Float64Array,
    layer: Int32Array,
    a: int,
    b: int,
    c: int,
    beam_error: float,
    scattering: float,
    probe: Float64Array,
) -> bool:
    """Write the helix through hits a, b, c, at c; `a` may be BEAM_LINE.  False where there is none."""
    ax, ay = (0.0, 0.0) if a == BEAM_LINE else (points[a, 0], points[a, 1])
    bx, by, cx, cy = points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    first, second = np.hypot(bx - ax, by - ay), np.hypot(cx - bx, cy - by)
    whole = np.hypot(cx - ax, cy - ay)
    if first < 1.0 or second < 1.0 or whole < max(first, second):
        return False
    curvature = 2.0 * ((bx - ax) * (cy - by) - (by - ay) * (cx - bx)) / (first * second * whole)
    d1, d2 = _arc(first, curvature), _arc(second, curvature)
    probe[0], probe[1], probe[2], probe[4] = cx, cy, points[c, 2], curvature
    half = min(max(0.5 * curvature * second, -1.0), 1.0)
    probe[3] = np.arctan2(cy - by, cx - bx) + np.arcsin(half)
    probe[6], probe[7] = d1, d2
    start, lever = (b, d2) if a == BEAM_LINE else (a, d1 + d2)
    slope = (points[c, 2] - points[start, 2]) / lever
    probe[5] = slope
    theta = scattering * scattering_angle(curvature, slope, IS_BARREL[layer[c]])
    probe[8] = theta
    probe[9] = _ACROSS_ERROR
    if a == BEAM_LINE:
        unseen = theta * d1 * np.sqrt(1.0 + slope * slope)
        probe[9] = np.sqrt(beam_error**2 + (0.5 + d1 / 150.0) * unseen**2)
    probe[10] = np.hypot(_error_z(layer[start], slope), _error_z(layer[c], slope)) / lever
    probe[11] = 0.5 * (points[b, 2] + points[c, 2]) if a == BEAM_LINE else points[b, 2]
    probe[12] = _error_z(layer[c], slope)
    probe[13] = 1.0 if a == BEAM_LINE else d1 / (d1 + d2)
    return True


@kernel
def _error_z(layer: int, slope: float) -> float:
    """Return the error of a hit's z given its place along the track: a disc's is that of its r."""
    error = MEASUREMENT_ERROR[layer]
    return error if IS_BARREL[layer] else error * abs(slope) + 0.02


@kernel
def _may_reach(probe: Float64Array, layer: int) -> bool:
    """Tell cheaply whether a helix that goes outwards may cross a layer."""
    r, slope = np.hypot(probe[0], probe[1]), probe[5]
    if IS_BARREL[layer]:
        gap = _POSITION[layer] - r
        return gap > 5.0 and abs(probe[2] + slope * gap) < _HIGHEST[layer] + 60.0
    arc = (_POSITION[layer] - probe[2]) / slope if abs(slope) > 1e-3 else -1.0
    return arc > 0.0 and r + arc > _LOWEST[layer] - 20.0 and r + 0.6 * arc < _HIGHEST[layer] + 20.0


@kernel
def project(
    probe: Float64Array, layer: int, last_layer: int, target: Float64Array, spread: Float64Array
) -> float:
    """Carry a probe to a layer; return the arc [mm], inf where the helix misses the layer."""
    if not _may_reach(probe, layer):
        return np.inf
    for i in range(6):
        target[i] = probe[i]
    rough = _POSITION[layer] - np.hypot(probe[0], probe[1])
    if not IS_BARREL[layer]:
        rough = (_POSITION[layer] - probe[2]) / probe[5]
    bend(target, rough, probe[11], probe[4], SOLENOID_Z)
    arc = arc_to_layer(target, layer, last_layer)
    if arc == np.inf or arc * abs(target[4]) > 3.0:
        return np.inf
    propagate(target, arc)
    reach = abs(target[2]) if IS_BARREL[layer] else np.hypot(target[0], target[1])
    _expect(probe, layer, arc, spread)
    margin = _MARGIN + 3.0 * (spread[1] if IS_BARREL[layer] else spread[1] / max(abs(probe[5]), 0.1))
    if reach < _LOWEST[layer] - margin or reach > _HIGHEST[layer] + margin:
        return np.inf
    return arc


@kernel
def _expect(probe: Float64Array, layer: int, arc: float, spread: Float64Array) -> None:
    """Write the expected deviations of a hit on a layer after an arc."""
    d1, d2, theta, slope = probe[6], probe[7], probe[8], probe[5]
    sec2 = 1.0 + slope * slope
    kink = (d2 + arc) * arc / (d1 + d2)
    from_a = kink / d1 * probe[9]
    from_b = arc * (d1 + d2 + arc) / (d1 * d2) * _ACROSS_ERROR
    from_c = (d1 + d2 + arc) * (d2 + arc) / ((d1 + d2) * d2) * _ACROSS_ERROR
    scattered = theta * theta * sec2 * (arc * arc + kink * kink)
    spread[0] = np.sqrt(_ACROSS_ERROR**2 + from_a**2 + from_b**2 + from_c**2 + scattered)
    height = theta * sec2 * arc
    middle = height * probe[13] if probe[13] < 1.0 else 0.0
    along = probe[12] ** 2 + (probe[10] * arc) ** 2 + _error_z(layer, slope) ** 2
    spread[1] = np.sqrt(along + height**2 + middle**2)


@kernel
def deviations(target: Float64Array, points: Float64Array, hit: int) -> tuple[float, float]:
    """Return how far a hit is off a projected probe: across the track and in z, mm."""
    dx, dy = points[hit, 0] - target[0], points[hit, 1] - target[1]
    cos, sin = np.cos(target[3]), np.sin(target[3])
    forward = dx * cos + dy * sin
    across = dy * cos - dx * sin - 0.5 * target[4] * forward * forward
    return across, points[hit, 2] - target[2] - target[5] * forward


@kernel
def gain(target: Float64Array, spread: Float64Array, surfaces: Float64Array, layer: int) -> float:
    """Return the log of how much likelier a hit right at the target is a track's than one by chance."""
    r = np.hypot(target[0], target[1])
    if surfaces[layer, 4] > 0:
        density, oblique = surfaces[layer, 7], 1.0
    else:
        density, oblique = surfaces[layer, 7] / max(r * r, 1.0), max(abs(target[5]), 0.05)
    return -np.log(2.0 * np.pi * spread[0] * spread[1] / oblique * density + 1e-9)


@kernel
def collect(
    points: Float64Array,
    starts: Int64Array,
    surfaces: Float64Array,
    layer: int,
    target: Float64Array,
    spread: Float64Array,
    pull: float,
    found: Int32Array,
    chi2: Float64Array,
) -> int:
    """Write the hits of a layer within `pull` expected deviations of the target; return their number."""
    r, phi = np.hypot(target[0], target[1]), np.arctan2(target[1], target[0])
    heading = target[3] - phi
    radial, tangential = abs(np.cos(heading)), abs(np.sin(heading))
    slope, wide, high = abs(target[5]), pull * spread[0], pull * spread[1]
    if surfaces[layer, 4] > 0:
        depth = max(surfaces[layer, 1] - r, r - surfaces[layer, 0], 0.0) / max(radial, 0.1)
        depth = min(depth, 40.0)
        height = high + depth * slope
        low, top = (target[2] - height), (target[2] + height)
        low, top = low / (surfaces[layer, 1] if low > 0 else surfaces[layer, 0]), top / (surfaces[layer, 0] if top > 0 else surfaces[layer, 1])
        half = (wide / max(radial, 0.1) + depth * tangential) / r
    else:
        slope = max(slope, 0.05)
        depth = min(max(surfaces[layer, 3] - target[2], target[2] - surfaces[layer, 2], 0.0) / slope, 40.0)
        across = wide + (high / slope + depth) * tangential
        away = wide * tangential + (high / slope + depth) * radial
        near, far = max(r - away, 20.0), r + away
        low = surfaces[layer, 2] / (far if surfaces[layer, 2] > 0 else near)
        top = surfaces[layer, 3] / (near if surfaces[layer, 3] > 0 else far)
        half = across / max(r - away, 20.0)
    n = 0
    scale = N_COLUMNS / (2 * np.pi)
    half = min(half, 1.0)
    first, last = int(np.floor((phi - half + np.pi) * scale)), int(np.floor((phi + half + np.pi) * scale))
    for column in range(first, last + 1):
        cell = layer * N_COLUMNS + column % N_COLUMNS
        begin, end = starts[cell], starts[cell + 1]
        i = begin + np.searchsorted(points[begin:end, 3], low)
        while i < end and points[i, 3] <= top:
            across, along = deviations(target, points, i)
            square = (across / spread[0]) ** 2 + (along / spread[1]) ** 2
            if square <= pull * pull and n < len(found):
                found[n], chi2[n] = i, square
                n += 1
            i += 1
    return n
