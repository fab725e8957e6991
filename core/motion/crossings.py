"""Where a helix crosses the layers of the detector next, piece by piece in the solenoid's falling field."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.solenoid import FieldMap, axial_field
from clew.detector.surface import Surface
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype

__all__ = ["HELIX", "Helix", "arc_to_layer", "bend", "next_crossing", "propagate"]

_STRAIGHT: Final = 1e-8
"""Least curvature [1/mm] that is computed with."""


class Helix:
    """Fields of a helix at one of its points.

    Attributes
    ----------
    x, y, z : float, mm
    psi : float, rad
        Direction in the transverse plane.
    curvature : float, 1/mm
        Positive to the left.
    slope : float
        dz over transverse arc.
    """

    x: float
    y: float
    z: float
    psi: float
    curvature: float
    slope: float


HELIX: Final[np.dtype[np.void]] = record_dtype(Helix)


@kernel(force=True)
def _arc_to_cylinder(
    x: float, y: float, heading: tuple[float, float], curvature: float, radius: float, least: float
) -> float:
    """Return the smallest arc above `least` at which a circle reaches a radius; inf if it does not."""
    if abs(curvature) < _STRAIGHT:
        curvature = _STRAIGHT
    cos, sin = heading
    forward, left = x * cos + y * sin, y * cos - x * sin
    k = 0.5 * curvature * curvature * (radius * radius - x * x - y * y)
    linear = curvature * forward
    quadratic = 2.0 * (1.0 + curvature * left) - k
    root = linear * linear + k * quadratic
    if root < 0.0:
        return np.inf
    root = np.sqrt(root)
    # the two tangents of half the angle turned, by the form of the quadratic's roots that cancels nothing
    sum_ = -(linear + np.copysign(root, linear))
    near = 2.0 * np.arctan2(k * np.sign(-sum_), abs(sum_)) / curvature
    far = 2.0 * np.arctan2(sum_ * np.sign(quadratic), abs(quadratic)) / curvature
    turn = 2.0 * np.pi / abs(curvature)
    near = near if near > least else near + turn
    far = far if far > least else far + turn
    return min(near, far)


@kernel(force=True)
def arc_to_layer(
    x: float,
    y: float,
    z: float,
    heading: tuple[float, float],
    curvature: float,
    slope: float,
    surface: Surface,
    again: bool,
) -> float:
    """Return the arc [mm] at which a helix next meets a layer's cylinder or plane; inf if it does not.

    Parameters
    ----------
    x, y, z, curvature, slope : float
        See `Helix`.
    heading : tuple of two floats
        Cosine and sine of its direction psi.
    surface : Surface
        The layer.
    again : bool
        Whether the helix starts on that layer, and has to go a longer way to count as meeting it again.
    """
    if surface.barrel:
        least = surface.again if again else surface.ahead
        return _arc_to_cylinder(x, y, heading, curvature, surface.position, least)
    ahead = surface.position - z
    return ahead / slope if ahead * slope > surface.ahead * abs(slope) else np.inf


@kernel(force=True)
def propagate(helix: Helix, arc: float) -> None:
    """Move a helix along itself by a transverse arc [mm], in place."""
    half = 0.5 * helix.curvature * arc
    chord = arc if abs(half) < 1e-9 else arc * np.sin(half) / half
    helix.x += chord * np.cos(helix.psi + half)
    helix.y += chord * np.sin(helix.psi + half)
    helix.z += helix.slope * arc
    helix.psi += 2.0 * half


@kernel
def _within_reach(helix: Helix, arc: float, surface: Surface, margin: float) -> bool:
    if surface.barrel:
        return abs(helix.z + helix.slope * arc) <= surface.high + margin
    half = 0.5 * helix.curvature * arc
    chord = arc if abs(half) < 1e-9 else arc * np.sin(half) / half
    r = np.hypot(helix.x + chord * np.cos(helix.psi + half), helix.y + chord * np.sin(helix.psi + half))
    return surface.low - margin <= r <= surface.high + margin


@kernel
def next_crossing(
    helix: Helix, last_layer: int, surfaces: RecordArray, outside: float, margin: float
) -> tuple[int, float]:
    """Return the next layer that a helix crosses and the arc [mm] to it; layer -1 where it leaves.

    Parameters
    ----------
    helix : Helix
    last_layer : int
        Dense index of the layer that it is on.
    surfaces : ndarray of shape (n_layers,), Surface
    outside : float, mm
        Radius at which a track is lost.
    margin : float, mm
        By how much the reach of the layers is widened.
    """
    x, y, curvature = helix.x, helix.y, helix.curvature
    heading = np.cos(helix.psi), np.sin(helix.psi)
    best, found = _arc_to_cylinder(x, y, heading, curvature, outside, 0.0), -1
    for layer in range(len(surfaces)):
        surface = surfaces[layer]
        arc = arc_to_layer(x, y, helix.z, heading, curvature, helix.slope, surface, layer == last_layer)
        if arc < best and _within_reach(helix, arc, surface, margin):
            best, found = arc, layer
    return found, best


@kernel(force=True)
def bend(helix: Helix, arc: float, field: FieldMap, fitted_z: float, fitted: float, centre: float) -> None:
    """Set the curvature of a helix to that of the field half way along the next arc.

    Parameters
    ----------
    helix : Helix
    arc : float, mm
    field : FieldMap
    fitted_z : float, mm
        Where the curvature `fitted` [1/mm] was measured.
    fitted : float
    centre : float, mm
        z of the solenoid's centre.
    """
    middle = helix.z + 0.5 * helix.slope * arc
    helix.curvature = fitted * axial_field(field, middle, centre) / axial_field(field, fitted_z, centre)
