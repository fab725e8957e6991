"""The map of the solenoid's field for the transport."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from clew.detector import trackml

__all__ = ["write_field_map"]

_STEP: Final = 100.0  # mm; trilinear interpolation is then within 1e-3 of the field
_REACH: Final = (1800.0, 4200.0)  # mm in x and y, and in z: more than the detector
_LARGEST_RHO: Final = 1200.0  # mm from the axis; the thin coil's own field diverges


def write_field_map(path: Path) -> None:
    """Write the field on a grid as text, x y z Bx By Bz with z running fastest, mm and T."""
    solenoid = trackml().solenoid
    centre = np.array(solenoid.centre)
    across = np.arange(-_REACH[0], _REACH[0] + 1, _STEP)
    along = np.arange(-_REACH[1], _REACH[1] + 1, _STEP)
    rho = np.linspace(0.0, _LARGEST_RHO, 121)
    height = along - centre[2]
    grid = np.stack([part.ravel() for part in np.meshgrid(rho, height, indexing="ij")])
    table = np.stack(solenoid.field(*grid), axis=-1).reshape(len(rho), len(height), 2)
    x, y, z = (part.ravel() for part in np.meshgrid(across, across, along, indexing="ij"))
    offset = np.stack([x, y]) - centre[:2, None]
    distance = np.hypot(*offset)
    lookup = RegularGridInterpolator((rho, height), table)
    field = lookup(np.stack([np.minimum(distance, _LARGEST_RHO), z - centre[2]], axis=1))
    radial = field[:, :1] * (offset / np.maximum(distance, 1e-9)).T
    rows = np.column_stack([x, y, z, radial, field[:, 1]])
    path.write_text("\n".join(map(_ROW.__mod__, map(tuple, rows.tolist()))) + "\n", encoding="ascii")


_ROW: Final = "%.1f %.1f %.1f %.7g %.7g %.7g"
