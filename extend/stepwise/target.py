"""The crossing of a layer as the search of `clew.fitting.nearest` takes it."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.records import RecordArray, record_dtype

__all__ = ["TARGET", "Target", "columns"]


class Target:
    """Fields of a target; lengths in mm.

    Attributes
    ----------
    phi, r, z, z_over_r : float
        Where the hit is expected; NaN where no hit is.
    dphi, dr, dz : float
        Direction of travel, per mm in the (r, z) half plane.
    across_sigma, r_sigma, z_sigma : float
        Expected deviations of r*phi, r and z.
    r_offset, z_offset : float
        By how much the path lies farther out in r where it meets a disc, and farther on in z where it meets a
        cylinder.
    """

    phi: float
    r: float
    z: float
    z_over_r: float
    dphi: float
    dr: float
    dz: float
    across_sigma: float
    r_sigma: float
    z_sigma: float
    r_offset: float
    z_offset: float


TARGET: Final[np.dtype[np.void]] = record_dtype(Target)


def columns(targets: RecordArray) -> Float64Array:
    """Return targets as `clew.fitting.nearest.road` takes them, shape (n, 12)."""
    table: Float64Array = targets.view(np.float64).reshape(len(targets), -1)
    return table
