"""The probe: the exact helix through the last three hits of a track, and what it says of the next one.

Errors are those of extrapolating a parabola (in the transverse plane) and a line (in z over arc) through
three points: measurement errors grow with the extrapolation's coefficients; a layer at the last hit scatters
by theta * arc, one at the middle hit by what the extrapolation does not follow of its kink.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import LAYERS
from clew.detector.solenoid import SOLENOID_Z, height_error, scattering_angle
from clew.hits.index import N_COLUMNS, place
from clew.kernels import kernel
from clew.motion.crossings import IS_BARREL, arc_to_layer, bend, propagate

__all__ = ["N_PROBE", "aim", "collect", "expect_beside", "gain", "project"]

N_PROBE: Final = 12
"""Numbers of a probe.

0 to 5: x, y, z [mm], direction psi [rad], curvature [1/mm], dz/darc at the last hit; 6, 7: arcs between the
three hits; 8: scattering angle per layer [rad]; 9, 10: errors of the first and the last hit in z; 11: z where
the curvature was measured.  Lengths in mm.
"""

_ACROSS_ERROR: Final = 0.03
_MARGIN: Final = 6.0  # mm by which a helix may miss a layer's edge
_DEEPEST: Final = 40.0
_BESIDE: Final = 10.0
_SCALE: Final = N_COLUMNS / (2 * np.pi)
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
    scattering: float,
    probe: Float64Array,
) -> bool:
    """Write the helix through hits a, b and c, at c; False where there is none."""
    ax, ay, bx, by = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
    cx, cy = points[c, 0], points[c, 1]
    first, second = np.sqrt((bx - ax) ** 2 + (by - ay) ** 2), np.sqrt((cx - bx) ** 2 + (cy - by) ** 2)
    whole = np.sqrt((cx - ax) ** 2 + (cy - ay) ** 2)
    if first < 1.0 or second < 1.0 or whole < max(first, second):
        return False
    curvature = 2.0 * ((bx - ax) * (cy - by) - (by - ay) * (cx - bx)) / (first * second * whole)
    d1, d2 = _arc(first, curvature), _arc(second, curvature)
    slope = (points[c, 2] - points[a, 2]) / (d1 + d2)
    half = min(max(0.5 * curvature * second, -1.0), 1.0)
    probe[0], probe[1], probe[2], probe[4], probe[5] = cx, cy, points[c, 2], curvature, slope
    probe[3] = np.arctan2(cy - by, cx - bx) + np.arcsin(half)
    probe[6], probe[7] = d1, d2
    probe[8] = scattering * scattering_angle(curvature, slope, IS_BARREL[layer[c]])
    probe[9], probe[10] = height_error(layer[a], slope), height_error(layer[c], slope)
    probe[11] = points[b, 2]
    return True


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
    _expect(probe, layer, arc, spread)
    spread[2], spread[3] = np.cos(target[3]), np.sin(target[3])
    reach = abs(target[2]) if IS_BARREL[layer] else np.hypot(target[0], target[1])
    margin = _MARGIN + 3.0 * (spread[1] if IS_BARREL[layer] else spread[1] / max(abs(probe[5]), 0.1))
    if reach < _LOWEST[layer] - margin or reach > _HIGHEST[layer] + margin:
        return np.inf
    return arc


@kernel
def _expect(probe: Float64Array, layer: int, arc: float, spread: Float64Array) -> None:
    """Write the expected deviations of a hit on a layer after an arc."""
    d1, d2, theta, slope = probe[6], probe[7], probe[8], probe[5]
    whole, sec2 = d1 + d2, 1.0 + slope * slope
    kink = (d2 + arc) * arc / whole
    from_a, from_b = kink / d1, arc * (whole + arc) / (d1 * d2)
    from_c = (whole + arc) * (d2 + arc) / (whole * d2)
    across = _ACROSS_ERROR**2 * (1.0 + from_a**2 + from_b**2 + from_c**2)
    spread[0] = np.sqrt(across + theta * theta * sec2 * (arc * arc + kink * kink))
    height = (theta * sec2 * arc) ** 2 * (1.0 + (d1 / whole) ** 2)
    along = (probe[9] * arc / whole) ** 2 + (probe[10] * (1.0 + arc / whole)) ** 2
    spread[1] = np.sqrt(height_error(layer, slope) ** 2 + along + height)


@kernel
def expect_beside(probe: Float64Array, layer: int, spread: Float64Array) -> None:
    """Write the expected deviations of another hit of the last hit's layer, some mm along the path."""
    slope, angle = probe[5], probe[8] * _BESIDE
    sec2 = 1.0 + slope * slope
    spread[0] = np.sqrt(4.0 * _ACROSS_ERROR**2 + angle * angle * sec2)
    spread[1] = np.sqrt(2.0 * height_error(layer, slope) ** 2 + (angle * sec2) ** 2 + 4.0 * _ACROSS_ERROR**2)
    spread[2], spread[3] = np.cos(probe[3]), np.sin(probe[3])


@kernel
def gain(target: Float64Array, spread: Float64Array, surfaces: Float64Array, layer: int) -> float:
    """Return the log of how much likelier a hit right at the target is a track's than one by chance."""
    density, oblique = surfaces[layer, 7], 1.0
    if surfaces[layer, 4] <= 0:
        density /= target[0] ** 2 + target[1] ** 2 + 1.0
        oblique = max(abs(target[5]), 0.05)
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
    phi, half, low, top = _window(surfaces, layer, target, spread, pull)
    n = 0
    first, last = int(np.floor((phi - half) * _SCALE)), int(np.floor((phi + half) * _SCALE))
    for column in range(first, last + 1):
        cell = layer * N_COLUMNS + column % N_COLUMNS
        for i in range(place(points, starts[cell], starts[cell + 1], low), starts[cell + 1]):
            if points[i, 3] > top:
                break
            square = _chi2(points, i, target, spread)
            if square <= pull * pull and n < len(found):
                found[n], chi2[n] = i, square
                n += 1
    return n


@kernel
def _chi2(points: Float64Array, hit: int, target: Float64Array, spread: Float64Array) -> float:
    """Return how far a hit is off a path, across it and in z, in expected deviations."""
    dx, dy = points[hit, 0] - target[0], points[hit, 1] - target[1]
    forward = dx * spread[2] + dy * spread[3]
    across = dy * spread[2] - dx * spread[3] - 0.5 * target[4] * forward * forward
    along = points[hit, 2] - target[2] - target[5] * forward
    return (across / spread[0]) ** 2 + (along / spread[1]) ** 2


@kernel
def _window(
    surfaces: Float64Array, layer: int, target: Float64Array, spread: Float64Array, pull: float
) -> tuple[float, float, float, float]:
    """Return where hits may be: phi + pi, half width, range of z/r.

    Modules stand up to `depth` along the path before and behind the layer's nominal place.
    """
    r, phi = np.sqrt(target[0] ** 2 + target[1] ** 2), np.arctan2(target[1], target[0])
    radial = abs(target[0] * spread[2] + target[1] * spread[3]) / r
    tangential = np.sqrt(max(1.0 - radial * radial, 0.0))
    wide, high, slope = pull * spread[0], pull * spread[1], abs(target[5])
    if surfaces[layer, 4] > 0:
        near, far = surfaces[layer, 0], surfaces[layer, 1]
        depth = min(max(far - r, r - near, 0.0) / max(radial, 0.1), _DEEPEST)
        low, top = target[2] - high - depth * slope, target[2] + high + depth * slope
        half = (wide / max(radial, 0.1) + depth * tangential) / r
    else:
        low, top = surfaces[layer, 2], surfaces[layer, 3]
        slope = max(slope, 0.05)
        path = high / slope + min(max(top - target[2], target[2] - low, 0.0) / slope, _DEEPEST)
        near, far = max(r - wide * tangential - path * radial, 20.0), r + wide * tangential + path * radial
        half = (wide + path * tangential) / near
    low, top = low / (far if low > 0 else near), top / (near if top > 0 else far)
    return phi + np.pi, min(half, 1.0), low, top
