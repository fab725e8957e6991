"""The field along the beam axis, and how hard material and measurement errors disturb a track."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector import FIELD_STRENGTH, LAYERS
from clew.kernels import kernel

__all__ = ["BENDING", "MEASUREMENT_ERROR", "SOLENOID_Z", "axial_field", "height_error", "scattering_angle"]

_RADIUS: Final = 1262.6
_HALF_LENGTH: Final = 2608.25
SOLENOID_Z: Final = -150.0
"""z of the solenoid's centre, mm."""

_CENTRE_VALUE: Final = _HALF_LENGTH / np.hypot(_HALF_LENGTH, _RADIUS)

BENDING: Final = 2.99792458e-4 * FIELD_STRENGTH
"""Transverse momentum times curvature, GeV/mm: pT = 0.3 B R."""

_PION_MASS: Final = 0.13957
_RADIATION_LENGTHS: Final = 0.015
_MAX_OBLIQUITY: Final = 6.0

_ERRORS: Final = {7: 0.02, 8: 0.02, 9: 0.02, 12: 0.3, 13: 0.3, 14: 0.3, 16: 3.0, 17: 3.0, 18: 3.0}
MEASUREMENT_ERROR: Final = np.array([_ERRORS[layer.volume] for layer in LAYERS])
"""Position error along a module's length by dense layer index, mm."""


_IS_BARREL: Final = np.array([layer.barrel for layer in LAYERS])


@kernel
def height_error(layer: int, slope: float) -> float:
    """Return the error [mm] of a hit's z given its place along the track: a disc's is that of its r."""
    error = MEASUREMENT_ERROR[layer]
    return error if _IS_BARREL[layer] else error * abs(slope) + 0.02


@kernel
def axial_field(z: float, offset: float) -> float:
    """Return Bz at z [mm] on the axis of a thin finite solenoid over its value at the centre.

    `offset` is the centre's z in mm.
    """
    below = _HALF_LENGTH + (z - offset)
    above = _HALF_LENGTH - (z - offset)
    reach = below / np.sqrt(below**2 + _RADIUS**2) + above / np.sqrt(above**2 + _RADIUS**2)
    return 0.5 * reach / _CENTRE_VALUE


@kernel
def scattering_angle(curvature: float, slope: float, barrel: bool) -> float:
    """Return the RMS plane angle [rad] by which one layer scatters a pion (Highland's formula).

    `curvature` is in 1/mm at nominal field, `slope` is dz over transverse path.
    """
    sec = np.sqrt(1.0 + slope * slope)
    momentum = BENDING / max(abs(curvature), 2e-5) * sec
    beta = momentum / np.sqrt(momentum**2 + _PION_MASS**2)
    obliquity = sec if barrel else sec / max(abs(slope), 1e-3)
    thickness = _RADIATION_LENGTHS * min(obliquity, _MAX_OBLIQUITY)
    return 0.0136 / (momentum * beta) * np.sqrt(thickness)
