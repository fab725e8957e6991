"""The field of a thin finite solenoid (N. Derby and S. Olbert, Am. J. Phys. 78 (2010) 229)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array
from clew.kernels import kernel

__all__ = ["FieldMap", "Solenoid", "axial_field", "bending_and_tilt", "relative_field"]

PT_PER_FIELD: Final = 2.99792458e-4
"""GeV/mm per T: pT = 0.3 B R."""

_NODES: Final = 400
_TABLE_NODES: Final = 64
_RHO: Final = np.linspace(0.0, 1200.0, 49)
_HEIGHT: Final = np.linspace(-3100.0, 3400.0, 131)
_ENDLESS: Final = 1e9  # mm


class FieldMap(NamedTuple):
    """The field over its strength at the solenoid's centre, for kernels; lengths in mm.

    Attributes
    ----------
    table : ndarray of shape (n_rho, n_height, 2), float64
        Axial and radial field at distances from the axis and, along it, from the centre.
    x, y, z : float
        The centre.
    per_rho, per_height, lowest, last_rho, last_height : float
        Nodes of the table per mm, its first height, and where it ends, in nodes.
    radius, half_length, at_centre : float
        Of the coil; and the field there in units of an endless coil's.
    bending : float
        Transverse momentum times curvature at the centre, GeV/mm.
    """

    table: Float64Array
    x: float
    y: float
    z: float
    per_rho: float
    per_height: float
    lowest: float
    last_rho: float
    last_height: float
    radius: float
    half_length: float
    at_centre: float
    bending: float


@dataclass(frozen=True)
class Solenoid:
    """A thin coil around an axis that is parallel to z.

    Attributes
    ----------
    strength : float, T
        Field at its centre.
    radius, half_length : float, mm
    centre : tuple of three floats, mm

    Examples
    --------
    >>> axial = Solenoid(2.0, 1000.0, 3000.0).field(np.zeros(1), np.zeros(1))[1]
    >>> float(axial[0].round(6))
    2.0
    """

    strength: float
    radius: float
    half_length: float
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def uniform(cls, strength: float) -> Solenoid:
        """Return a coil so long that its field [T] is the same everywhere."""
        return cls(strength, 1.0, _ENDLESS)

    @property
    def bending(self) -> float:
        """Transverse momentum times curvature at the centre, GeV/mm."""
        return PT_PER_FIELD * self.strength

    def axial(self, rho: Float64Array, z: Float64Array) -> Float64Array:
        """Return `bending` [GeV/mm] in the field at distances [mm] from axis and coil's centre."""
        return PT_PER_FIELD * self.field(rho, z, nodes=_TABLE_NODES)[1]

    def field(
        self, rho: Float64Array, z: Float64Array, nodes: int = _NODES
    ) -> tuple[Float64Array, Float64Array]:
        """Return the radial and axial field [T] at distances [mm] from the axis and from the coil's centre.

        `nodes` is the number of points of the integrals.
        """
        if self.half_length >= _ENDLESS:
            return np.zeros_like(rho), np.full_like(rho, self.strength)
        width = 0.5 * np.pi / nodes
        phi = np.linspace(0.5 * width, 0.5 * np.pi - 0.5 * width, nodes)
        gamma: Float64Array = (self.radius - rho) / (self.radius + rho)
        radial, axial = np.zeros_like(rho), np.zeros_like(rho)
        for sign in (1.0, -1.0):
            height = z + sign * self.half_length
            far = np.sqrt(height**2 + (rho + self.radius) ** 2)
            k: Float64Array = np.sqrt(height**2 + (self.radius - rho) ** 2) / far
            one = np.ones(len(k))
            radial += sign * self.radius / far * _elliptic(k, one, 1.0, -one, phi)
            axial += sign * height / far * _elliptic(k, gamma**2, 1.0, gamma, phi)
        axial *= self.radius / (self.radius + rho)
        centre = np.pi * self.half_length / np.hypot(self.half_length, self.radius)
        return self.strength / centre * radial, self.strength / centre * axial

    @cached_property
    def map(self) -> FieldMap:
        """The field as kernels read it."""
        rho, height = (part.ravel() for part in np.meshgrid(_RHO, _HEIGHT, indexing="ij"))
        radial, axial = self.field(rho, height, nodes=_TABLE_NODES)
        table = np.stack([axial, radial], axis=1) / self.strength
        return FieldMap(
            table=np.ascontiguousarray(table.reshape(len(_RHO), len(_HEIGHT), 2)),
            x=self.centre[0],
            y=self.centre[1],
            z=self.centre[2],
            per_rho=float(1.0 / (_RHO[1] - _RHO[0])),
            per_height=float(1.0 / (_HEIGHT[1] - _HEIGHT[0])),
            lowest=float(_HEIGHT[0]),
            last_rho=len(_RHO) - 1.001,
            last_height=len(_HEIGHT) - 1.001,
            radius=self.radius,
            half_length=self.half_length,
            at_centre=float(self.half_length / np.hypot(self.half_length, self.radius)),
            bending=self.bending,
        )


def _elliptic(k: Float64Array, p: Float64Array, c: float, s: Float64Array, phi: Float64Array) -> Float64Array:
    """Return the generalised complete elliptic integral C(k, p, c, s) by the midpoint rule."""
    cos2, sin2 = np.cos(phi) ** 2, np.sin(phi) ** 2
    numerator = c * cos2 + s[:, None] * sin2
    root = np.sqrt(cos2 + (k**2)[:, None] * sin2)
    values = numerator / ((cos2 + p[:, None] * sin2) * root)
    return values.sum(axis=1) * (0.5 * np.pi / len(phi))


@kernel(force=True)
def axial_field(field: FieldMap, z: float, centre: float) -> float:
    """Return Bz at z [mm] on the axis over its value at the centre, whose z [mm] is given."""
    below = field.half_length + (z - centre)
    above = field.half_length - (z - centre)
    reach = below / np.sqrt(below**2 + field.radius**2) + above / np.sqrt(above**2 + field.radius**2)
    return 0.5 * reach / field.at_centre


@kernel(force=True)
def relative_field(field: FieldMap, rho: float, height: float) -> tuple[float, float]:
    """Return the axial and the radial field over the strength at the centre, by bilinear interpolation.

    `rho` and `height` are distances [mm] from the solenoid's axis and, along it, from its centre.
    """
    u = min(rho * field.per_rho, field.last_rho)
    v = min(max((height - field.lowest) * field.per_height, 0.0), field.last_height)
    i, j = int(u), int(v)
    a, b = u - i, v - j
    w00, w01, w10, w11 = (1.0 - a) * (1.0 - b), (1.0 - a) * b, a * (1.0 - b), a * b
    t = field.table
    axial = w00 * t[i, j, 0] + w01 * t[i, j + 1, 0] + w10 * t[i + 1, j, 0] + w11 * t[i + 1, j + 1, 0]
    radial = w00 * t[i, j, 1] + w01 * t[i, j + 1, 1] + w10 * t[i + 1, j, 1] + w11 * t[i + 1, j + 1, 1]
    return axial, radial


@kernel(force=True)
def bending_and_tilt(
    field: FieldMap, x: float, y: float, z: float, heading: tuple[float, float], slope: float
) -> tuple[float, float]:
    """Return how the field at a point [mm] turns a track that goes along a heading with a slope dz/darc.

    The first number is dpsi/darc over the curvature that the track has in the nominal field; the second is
    dslope/darc over the same: the part of the field across the axis tilts a track.  `heading` is the cosine
    and the sine of its direction in the transverse plane.
    """
    dx, dy = x - field.x, y - field.y
    rho = np.sqrt(dx * dx + dy * dy) + 1e-9
    axial, radial = relative_field(field, rho, z - field.z)
    cos, sin = heading
    along, across = (dx * cos + dy * sin) / rho, (dy * cos - dx * sin) / rho
    return axial - slope * radial * along, -radial * across * (1.0 + slope * slope)
