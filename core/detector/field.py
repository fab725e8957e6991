"""The field of a thin finite solenoid (Derby and Olbert, Am. J. Phys. 78 (2010) 229)."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.detector import FIELD_STRENGTH
from clew.kernels import kernel

__all__ = ["CENTRE", "bending_and_tilt", "field_of_coil", "relative_field"]

_RADIUS: Final = 1262.6
_HALF_LENGTH: Final = 2608.25
CENTRE: Final = np.array([-150.0, -150.0, -150.0])
"""Where the solenoid's centre sits, mm; its axis is parallel to z."""

_NODES: Final = 400
_RHO: Final = np.linspace(0.0, 1200.0, 49)
_HEIGHT: Final = np.linspace(-3100.0, 3400.0, 131)


def field_of_coil(
    rho: Float64Array, z: Float64Array, nodes: int = _NODES
) -> tuple[Float64Array, Float64Array]:
    """Return the radial and axial field [T] at distances [mm] from the axis and from the centre of the coil.

    `nodes` is the number of points of the integrals.
    """
    width = 0.5 * np.pi / nodes
    phi = np.linspace(0.5 * width, 0.5 * np.pi - 0.5 * width, nodes)
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


def _table() -> Float64Array:
    """Return axial and radial field over the strength at the centre, shape (n_rho, n_height, 2)."""
    rho, height = (part.ravel() for part in np.meshgrid(_RHO, _HEIGHT, indexing="ij"))
    radial, axial = field_of_coil(rho, height, nodes=64)
    table = np.stack([axial, radial], axis=1) / FIELD_STRENGTH
    return np.ascontiguousarray(table.reshape(len(_RHO), len(_HEIGHT), 2))


_TABLE: Final = _table()
_PER_RHO: Final = 1.0 / (_RHO[1] - _RHO[0])
_PER_HEIGHT: Final = 1.0 / (_HEIGHT[1] - _HEIGHT[0])
_LOWEST: Final = _HEIGHT[0]
_MOST_RHO: Final = len(_RHO) - 1.001
_MOST_HEIGHT: Final = len(_HEIGHT) - 1.001
_X, _Y, _Z = float(CENTRE[0]), float(CENTRE[1]), float(CENTRE[2])


@kernel
def relative_field(rho: float, height: float) -> tuple[float, float]:
    """Return the axial and the radial field over the strength at the centre, by bilinear interpolation.

    `rho` and `height` are distances [mm] from the solenoid's axis and, along it, from its centre.
    """
    u = min(rho * _PER_RHO, _MOST_RHO)
    v = min(max((height - _LOWEST) * _PER_HEIGHT, 0.0), _MOST_HEIGHT)
    i, j = int(u), int(v)
    a, b = u - i, v - j
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - b), (1.0 - a) * b, a * (1.0 - b), a * b
    t = _TABLE
    axial = w00 * t[i, j, 0] + w01 * t[i, j + 1, 0] + w10 * t[i + 1, j, 0] + w11 * t[i + 1, j + 1, 0]
    radial = w00 * t[i, j, 1] + w01 * t[i, j + 1, 1] + w10 * t[i + 1, j, 1] + w11 * t[i + 1, j + 1, 1]
    return axial, radial


@kernel
def bending_and_tilt(x: float, y: float, z: float, psi: float, slope: float) -> tuple[float, float]:
    """Return how the field at a point [mm] turns a track of direction psi [rad] and slope dz/darc.

    The first number is dpsi/darc over the curvature that the track has in the nominal field; the second is
    dslope/darc over the same: the part of the field across the axis tilts a track.
    """
    dx, dy = x - _X, y - _Y
    rho = np.sqrt(dx * dx + dy * dy) + 1e-9
    axial, radial = relative_field(rho, z - _Z)
    cos, sin = np.cos(psi), np.sin(psi)
    along, across = (dx * cos + dy * sin) / rho, (dy * cos - dx * sin) / rho
    return axial - slope * radial * along, -radial * across * (1.0 + slope * slope)
