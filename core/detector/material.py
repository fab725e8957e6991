"""How hard the material of layers scatters a track."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.surface import Surface
from clew.kernels import kernel

__all__ = ["highland_angle", "scattering_angle"]

_PION_MASS: Final = 0.13957  # GeV; most particles are pions
_LEAST_CURVATURE: Final = 2e-5  # 1/mm; straighter tracks scatter as those of this curvature
_HIGHLAND: Final = 0.0136  # GeV


@kernel(force=True)
def scattering_angle(curvature: float, slope: float, surface: Surface, bending: float) -> float:
    """Return the RMS plane angle [rad] by which one layer scatters a pion.

    V. L. Highland's formula without its logarithm (Particle Data Group, "Passage of particles through
    matter").

    Parameters
    ----------
    curvature : float, 1/mm
        At nominal field.
    slope : float
        dz over transverse path.
    surface : Surface
    bending : float, GeV/mm
        Transverse momentum times curvature.
    """
    sec = np.sqrt(1.0 + slope * slope)
    momentum = bending / max(abs(curvature), _LEAST_CURVATURE) * sec
    beta = momentum / np.sqrt(momentum**2 + _PION_MASS**2)
    obliquity = sec if surface.barrel else sec / max(abs(slope), 1e-3)
    thickness = surface.radiation_lengths * min(obliquity, surface.most_obliquity)
    return _HIGHLAND / (momentum * beta) * np.sqrt(thickness)


@kernel(force=True)
def highland_angle(thickness: float, momentum: float, beta: float) -> float:
    """Return the RMS plane angle [rad] by which a slab scatters, by Highland's formula with its logarithm.

    Parameters
    ----------
    thickness : float
        Radiation lengths along the path.
    momentum : float, GeV
    beta : float
    """
    size = 1.0 + 0.038 * np.log(max(thickness, 1e-9) / beta**2)
    return _HIGHLAND / (momentum * beta) * np.sqrt(thickness) * max(size, 0.0)
