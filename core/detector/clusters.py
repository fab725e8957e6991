"""What the extents of a cluster tell of the direction in which a track crossed the module.

A track that crosses a module of depth d at an angle whose tangent along an axis is t fires about 1 + t d / p
columns of pitch p along that axis.  The tables hold how often each extent is seen at each angle, so that
pitch, depth, drift in the magnetic field and threshold need not be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from clew.arrays import Float32Array, Float64Array
from clew.errors import InputError
from clew.kernels import kernel

__all__ = ["N_ANGLES", "N_EXTENTS", "ClusterTables", "angle_of", "extent_group", "read_clusters"]

N_ANGLES: Final = 128
"""Bins of the angle at which a module is crossed along one of its axes."""

N_EXTENTS: Final = 20
"""Groups of extents: 1 to 15 columns by themselves, longer clusters together."""

_SINGLE: Final = 16
"""Extents below this have a group of their own."""

_WIDENING: Final = (16, 20, 26, 36, 56)
"""Least extents of the further groups."""

_LEAST: Final = 1e-12


@dataclass(frozen=True)
class ClusterTables:
    """How often clusters have each extent, by class of layers.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes.
    across, along : ndarray of shape (n_classes, N_EXTENTS, N_ANGLES), float32
        Probability of an extent, across modules and along them, of a track that crosses at an angle; see
        `extent_group` and `angle_of`.
    noise_across, noise_along : ndarray of shape (n_classes, N_EXTENTS), float32
        Of hits that are no track's, or not that of the track that is looked for.
    """

    classes: tuple[str, ...]
    across: Float32Array
    along: Float32Array
    noise_across: Float32Array
    noise_along: Float32Array


@kernel(force=True)
def angle_of(aside: float, ahead: float) -> int:
    """Return the bin of the angle whose tangent is `aside` / `ahead`, of N_ANGLES from -90 to 90 degrees.

    The bins are even in t / (1 + |t|), which needs no arc tangent.

    >>> angle_of(0.0, 1.0), angle_of(1.0, 0.0), angle_of(-1.0, 0.0), angle_of(1.0, 1.0), angle_of(-2.0, -2.0)
    (64, 127, 0, 96, 96)
    """
    size = abs(aside) + abs(ahead) + _LEAST
    share = aside / size if ahead >= 0.0 else -aside / size
    return min(int((share + 1.0) * (0.5 * N_ANGLES)), N_ANGLES - 1)


@kernel(force=True)
def extent_group(columns: int) -> int:
    """Return the group of an extent of so many columns, from 0.

    >>> extent_group(1), extent_group(15), extent_group(16), extent_group(19), extent_group(1000)
    (0, 14, 15, 15, 19)
    """
    if columns < _SINGLE:
        return columns - 1
    group = _SINGLE - 2
    for least in _WIDENING:
        group += columns >= least
    return group


def read_clusters(path: Path) -> ClusterTables:
    """Read the tables of a bundle; raises InputError for a file that holds anything else."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            tables = ClusterTables(
                tuple(str(name) for name in file["classes"]),
                file["across"],
                file["along"],
                file["noise_across"],
                file["noise_along"],
            )
    except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: cannot read the cluster tables: {error}") from error
    shape = (len(tables.classes), N_EXTENTS)
    for name in ("across", "along", "noise_across", "noise_along"):
        table: Float64Array = getattr(tables, name)
        expected = shape if name.startswith("noise") else (*shape, N_ANGLES)
        if table.shape != expected or not (np.isfinite(table).all() and (table > 0).all()):
            raise InputError(f"{path}: {name} must hold numbers above 0, shape {expected}: make it anew")
    return tables
