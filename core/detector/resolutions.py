"""How well hits are measured, by class of layers, extent of the cluster and angle of the track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from clew.arrays import Float32Array
from clew.detector.clusters import N_ANGLES, N_EXTENTS
from clew.errors import InputError

__all__ = ["ResolutionTables", "read_resolutions"]

_NAMES: Final = ("across", "along", "offset")


@dataclass(frozen=True)
class ResolutionTables:
    """Errors of hits; see `clew.detector.clusters` for extents and angles.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes of layers.
    across, along : ndarray of shape (n_classes, N_EXTENTS, N_ANGLES), float32, mm
        Error across the module, by the extent and the angle across it, and along it, likewise.
    offset : ndarray of the same shape, float32, mm
        Mean of the hit's place minus the particle's across the module: charges drift in the field.
    """

    classes: tuple[str, ...]
    across: Float32Array
    along: Float32Array
    offset: Float32Array


def read_resolutions(path: Path) -> ResolutionTables:
    """Read the tables of a bundle; raises InputError for a file that holds anything else."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            classes = tuple(str(name) for name in file["classes"])
            tables = ResolutionTables(classes, *(file[name] for name in _NAMES))
    except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: cannot read the resolutions: {error}") from error
    expected = (len(classes), N_EXTENTS, N_ANGLES)
    for name in _NAMES:
        table = getattr(tables, name)
        good = (
            table.shape == expected and np.isfinite(table).all() and (name == "offset" or (table > 0).all())
        )
        if not good:
            raise InputError(f"{path}: {name} must hold errors above 0, shape {expected}: calibrate anew")
    return tables
