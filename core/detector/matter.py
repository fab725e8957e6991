"""The material that a track goes through, and the layers on which it should leave hits."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from clew.errors import InputError
from clew.records import RecordArray, record_dtype

__all__ = ["MatterMap", "Obstacle", "Slab", "matter_map", "read_slabs"]

_COLUMNS: Final = ("shape", "position", "low", "high", "radiation_lengths", "even")


@dataclass(frozen=True)
class Slab:
    """A thin cylinder or disc of material; lengths in mm.

    Attributes
    ----------
    barrel : bool
        Whether it is a cylinder; else a disc.
    position : float
        Radius of a cylinder, z of a disc.
    low, high : float
        Extent in abs(z) of a cylinder, in r of a disc.
    radiation_lengths : float
        Thickness that is crossed at a right angle.
    even : bool
        Whether a cylinder gets thinner with abs(z), so that straight tracks from the origin cross the same
        everywhere.
    """

    barrel: bool
    position: float
    low: float
    high: float
    radiation_lengths: float
    even: bool = False


class Obstacle:
    """Fields of what a track crosses: a slab, or a layer that it should leave a hit on; see `Slab`.

    Attributes
    ----------
    layer : int
        Dense index of the layer, -1 for a slab.
    """

    position: float
    low: float
    high: float
    radiation_lengths: float
    even: bool
    layer: int


_OBSTACLE: Final[np.dtype[np.void]] = record_dtype(Obstacle)


class MatterMap(NamedTuple):
    """What kernels know of slabs and layers.

    Attributes
    ----------
    cylinders, discs : ndarray of shape (n,), Obstacle
        By position, ascending.
    energy_loss : float, GeV
        Of a minimum ionising particle in one radiation length.
    """

    cylinders: RecordArray
    discs: RecordArray
    energy_loss: float


def matter_map(slabs: Iterable[Slab], layers: Iterable[Slab], energy_loss: float) -> MatterMap:
    """Sort slabs, and layers in the order of their dense indices, for kernels."""
    rows = [(slab, -1) for slab in slabs] + [(layer, number) for number, layer in enumerate(layers)]
    cylinders, discs = (_obstacles([row for row in rows if row[0].barrel == kind]) for kind in (True, False))
    return MatterMap(cylinders, discs, energy_loss)


def _obstacles(rows: list[tuple[Slab, int]]) -> RecordArray:
    """Return slabs and the numbers of layers as records, by position."""
    chosen = sorted(rows, key=lambda row: row[0].position)
    table = np.zeros(len(chosen), dtype=_OBSTACLE)
    for name in ("position", "low", "high", "radiation_lengths", "even"):
        table[name] = [getattr(slab, name) for slab, _ in chosen]
    table["layer"] = [number for _, number in chosen]
    return table


def read_slabs(path: Path) -> tuple[Slab, ...]:
    """Read a bundle's `material.csv`; raises InputError for anything else."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the material: {error}") from error
    return tuple(_slab(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1))


def _slab(row: Mapping[str, str | None], where: str) -> Slab:
    values = {column: row.get(column) or "" for column in _COLUMNS}
    if values["shape"] not in ("cylinder", "disc") or values["even"] not in ("yes", "no"):
        raise InputError(
            f"{where}: shape {values['shape']!r}, even {values['even']!r}: "
            f"write cylinder or disc, yes or no; the columns are {', '.join(_COLUMNS)}"
        )
    try:
        numbers = [float(values[name]) for name in _COLUMNS[1:5]]
    except ValueError as error:
        raise InputError(f"{where}: not a number: {error}") from error
    position, low, high, thickness = numbers
    barrel = values["shape"] == "cylinder"
    if not (np.isfinite(numbers).all() and 0.0 <= low < high and thickness >= 0.0) or (
        barrel and position <= 0.0
    ):
        raise InputError(f"{where}: write finite numbers, low below high, a thickness and a radius above 0")
    return Slab(barrel, position, low, high, thickness, values["even"] == "yes")
