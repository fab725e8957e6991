"""Columns derived from those of the files; the data frame is changed in place and returned."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from clew.trackml.frames import require_columns

__all__ = ["add_momentum_quantities", "add_position_quantities", "decode_particle_id"]

_COMPONENTS: Final = {
    "vertex_id": (52, 12),
    "primary_id": (36, 16),
    "generation": (24, 12),
    "secondary_id": (12, 12),
    "process": (0, 12),
}
"""Lowest bit and number of bits of what a particle_id is packed from."""


def add_position_quantities(data: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """Add rho (distance from the beam), phi and r (distance from the origin) to x, y and z.

    Parameters
    ----------
    data : DataFrame
    prefix : str
        Stands before the names of all columns, read and added: "t" for the truth's tx.
    """
    require_columns(data, (f"{prefix}x", f"{prefix}y", f"{prefix}z"), "data")
    x, y, z = (data[f"{prefix}{axis}"] for axis in "xyz")
    rho = np.hypot(x, y)
    data[f"{prefix}rho"] = rho
    data[f"{prefix}phi"] = np.arctan2(y, x)
    data[f"{prefix}r"] = np.hypot(rho, z)
    return data


def add_momentum_quantities(data: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """Add pt, pphi (azimuth), peta (pseudorapidity) and p to px, py and pz.

    Parameters
    ----------
    data : DataFrame
    prefix : str
        Stands before the names of all columns, read and added: "t" for the truth's tpx.
    """
    require_columns(data, (f"{prefix}px", f"{prefix}py", f"{prefix}pz"), "data")
    px, py, pz = (data[f"{prefix}p{axis}"] for axis in "xyz")
    pt = np.hypot(px, py)
    p = np.hypot(pt, pz)
    data[f"{prefix}pt"] = pt
    data[f"{prefix}pphi"] = np.arctan2(py, px)
    data[f"{prefix}peta"] = np.arctanh(pz / p)
    data[f"{prefix}p"] = p
    return data


def decode_particle_id(data: pd.DataFrame) -> pd.DataFrame:
    """Add vertex_id, primary_id, generation, secondary_id and process, uint64, which particle_id packs."""
    require_columns(data, ("particle_id",), "data")
    packed = data["particle_id"].to_numpy().astype(np.uint64)
    for name, (lowest, bits) in _COMPONENTS.items():
        data[name] = (packed >> np.uint64(lowest)) & np.uint64((1 << bits) - 1)
    return data
