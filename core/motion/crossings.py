"""Where a helix crosses the layers of the detector next, piece by piece in the solenoid's falling field."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.detector import LAYERS
from clew.detector.solenoid import axial_field
from clew.kernels import kernel

__all__ = ["IS_BARREL", "arc_to_layer", "bend", "next_crossing", "propagate"]

IS_BARREL: Final = np.array([layer.barrel for layer in LAYERS])
_POSITION: Final = np.array([layer.position for layer in LAYERS])
_LOWEST: Final = np.array([layer.reach[0] for layer in LAYERS])
_HIGHEST: Final = np.array([layer.reach[1] for layer in LAYERS])

_SAME_LAYER: Final = 30.0
"""Arc [mm] within which the layer of the last hit does not count as crossed again."""

_FORWARD: Final = 8.0
"""Arc [mm] that any other layer must be ahead: modules stand a few mm around their layer."""

_OUTSIDE: Final = 1060.0
"""Radius [mm] at which a track is lost."""

_STRAIGHT: Final = 1e-8
"""Least curvature [1/mm] that is computed with."""


@kernel
def _arc_to_cylinder(state: Float64Array, radius: float, least: float) -> float:
    """Return the smallest arc above `least` at which a circle reaches a radius; inf if it does not."""
    x, y, _, psi, curvature, _ = state
    if abs(curvature) < _STRAIGHT:
        curvature = _STRAIGHT
    cos, sin = np.cos(psi), np.sin(psi)
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


@kernel
def propagate(state: Float64Array, arc: float) -> None:
    """Move a state along its helix by a transverse arc [mm], in place."""
    half = 0.5 * state[4] * arc
    chord = arc if abs(half) < 1e-9 else arc * np.sin(half) / half
    state[0] += chord * np.cos(state[3] + half)
    state[1] += chord * np.sin(state[3] + half)
    state[2] += state[5] * arc
    state[3] += 2.0 * half


@kernel
def arc_to_layer(state: Float64Array, layer: int, last_layer: int) -> float:
    """Return the arc [mm] at which a helix next meets a layer's cylinder or plane; inf if it does not."""
    if IS_BARREL[layer]:
        least = _SAME_LAYER if layer == last_layer else _FORWARD
        return _arc_to_cylinder(state, _POSITION[layer], least)
    ahead, slope = _POSITION[layer] - state[2], state[5]
    return ahead / slope if ahead * slope > _FORWARD * abs(slope) else np.inf


@kernel
def _within_reach(state: Float64Array, arc: float, layer: int, margin: float) -> bool:
    if IS_BARREL[layer]:
        return abs(state[2] + state[5] * arc) <= _HIGHEST[layer] + margin
    half = 0.5 * state[4] * arc
    chord = arc if abs(half) < 1e-9 else arc * np.sin(half) / half
    r = np.hypot(state[0] + chord * np.cos(state[3] + half), state[1] + chord * np.sin(state[3] + half))
    return _LOWEST[layer] - margin <= r <= _HIGHEST[layer] + margin


@kernel
def next_crossing(state: Float64Array, last_layer: int, margin: float) -> tuple[int, float]:
    """Return the next layer that a helix crosses and the arc [mm] to it; layer -1 where it leaves.

    `margin` [mm] widens the reach of the layers.
    """
    best, found = _arc_to_cylinder(state, _OUTSIDE, 0.0), -1
    for layer in range(len(_POSITION)):
        arc = arc_to_layer(state, layer, last_layer)
        if arc < best and _within_reach(state, arc, layer, margin):
            best, found = arc, layer
    return found, best


@kernel
def bend(state: Float64Array, arc: float, fitted_z: float, fitted: float, offset: float) -> None:
    """Set the curvature of a state to that of the field half way along the next arc.

    `fitted` is the curvature at `fitted_z` [mm].
    """
    middle = state[2] + 0.5 * state[5] * arc
    state[4] = fitted * axial_field(middle, offset) / axial_field(fitted_z, offset)
