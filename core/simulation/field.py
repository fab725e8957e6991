"""The field of a thin finite solenoid (Derby and Olbert, Am. J. Phys. 78 (2010) 229) and its map."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from clew.arrays import Float64Array
from clew.detector import FIELD_STRENGTH

__all__ = ["CENTRE", "field_at", "write_field_map"]

_RADIUS: Final = 1262.6
_HALF_LENGTH: Final = 2608.25
CENTRE: Final = np.array([-150.0, -150.0, -150.0])
"""Where the solenoid's centre sits, mm; its axis is parallel to z."""

_STEP: Final = 100.0  # mm; trilinear interpolation is then within 1e-3 of the field
_REACH: Final = (1800.0, 4200.0)  # mm in x and y, and in z: more than the detector
_LARGEST_RHO: Final = 1200.0  # mm from the axis; the thin coil's own field diverges
_NODES: Final = 400


def field_at(position: Float64Array) -> Float64Array:
    """Return the field [T] at points [mm], both of shape (n, 3)."""
    offset = position - CENTRE
    rho = np.minimum(np.hypot(offset[:, 0], offset[:, 1]), _LARGEST_RHO)
    radial, axial = _solenoid(rho, offset[:, 2])
    direction = offset[:, :2] / np.maximum(np.hypot(offset[:, 0], offset[:, 1]), 1e-9)[:, None]
    return np.column_stack([radial[:, None] * direction, axial])


def _solenoid(rho: Float64Array, z: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return the radial and axial field [T] of a coil at the origin."""
    width = 0.5 * np.pi / _NODES
    phi = np.linspace(0.5 * width, 0.5 * np.pi - 0.5 * width, _NODES)
    gamma: Float64Array = (_RADIUS - rho) / (_RADIUS + rho)
    radial, axial = np.zeros_like(rho), np.zeros_like(rho)
    for sign in (1.0, -1.0):
        height = z + sign * _HALF_LENGTH
        far = np.sqrt(height**2 + (rho + _RADIUS) ** 2)
        k: Float64Array = np.sqrt(height**2 + (_RADIUS - rho) ** 2) / far
        one = np.ones(len(k))
        radial += sign * _RADIUS / far * _elliptic(k, one, 1.0, -one, phi)
        axial += sign * height / far * _elliptic(k, gamma**2, 1.0, gamma, phi)
    axial *= _RADIUS / (_RADIUS + rho)
    centre = np.pi * _HALF_LENGTH / np.hypot(_HALF_LENGTH, _RADIUS)
    return FIELD_STRENGTH / centre * radial, FIELD_STRENGTH / centre * axial


def _elliptic(k: Float64Array, p: Float64Array, c: float, s: Float64Array, phi: Float64Array) -> Float64Array:
    """Return the generalised complete elliptic integral C(k, p, c, s) by the midpoint rule."""
    cos2, sin2 = np.cos(phi) ** 2, np.sin(phi) ** 2
    numerator = c * cos2 + s[:, None] * sin2
    root = np.sqrt(cos2 + (k**2)[:, None] * sin2)
    values = numerator / ((cos2 + p[:, None] * sin2) * root)
    return values.sum(axis=1) * (0.5 * np.pi / len(phi))


def write_field_map(path: Path) -> None:
    """Write the field on a grid as text, x y z Bx By Bz with z running fastest, mm and T."""
    across = np.arange(-_REACH[0], _REACH[0] + 1, _STEP)
    along = np.arange(-_REACH[1], _REACH[1] + 1, _STEP)
    rho = np.linspace(0.0, _LARGEST_RHO, 121)
    height = along - CENTRE[2]
    grid = np.stack([part.ravel() for part in np.meshgrid(rho, height, indexing="ij")])
    table = np.stack(_solenoid(*grid), axis=-1).reshape(len(rho), len(height), 2)
    x, y, z = (part.ravel() for part in np.meshgrid(across, across, along, indexing="ij"))
    offset = np.stack([x, y]) - CENTRE[:2, None]
    distance = np.hypot(*offset)
    lookup = RegularGridInterpolator((rho, height), table)
    field = lookup(np.stack([np.minimum(distance, _LARGEST_RHO), z - CENTRE[2]], axis=1))
    radial = field[:, :1] * (offset / np.maximum(distance, 1e-9)).T
    rows = np.column_stack([x, y, z, radial, field[:, 1]])
    path.write_text("\n".join(map(_ROW.__mod__, map(tuple, rows.tolist()))) + "\n", encoding="ascii")


_ROW: Final = "%.1f %.1f %.1f %.7g %.7g %.7g"
