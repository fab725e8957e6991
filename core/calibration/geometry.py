"""What a user describes a detector by: a table of modules, or a list of cylinders and discs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from clew.detector import Modules
from clew.detector.modules import module_key
from clew.detector.shapes import Shape, read_description
from clew.errors import InputError
from clew.io import EventSource, TableFile, read_modules
from clew.io.schema import DETECTORS
from clew.lookup import first_duplicate

__all__ = ["Geometry", "beside", "read_geometry"]

_TABLES: Final = (".csv", ".csv.gz", ".parquet")

_ACTS: Final = {
    name: kind for name, kind in DETECTORS.columns.items() if not name.startswith(("module_m", "module_h"))
} | {f"bound_param{k}": pa.float32() for k in range(4)}
"""The columns that are read of an ACTS geometry, as its CsvTrackingGeometryWriter writes detectors.csv."""


@dataclass(frozen=True)
class Geometry:
    """What is known of a detector before any event.

    Attributes
    ----------
    name : str
        Empty where the description tells none.
    modules : Modules or None
        Each module, where they are listed.
    shapes : tuple of Shape
        The layers, where these are.
    where : str
        The file.
    """

    name: str
    modules: Modules | None
    shapes: tuple[Shape, ...]
    where: str


def read_geometry(path: Path) -> Geometry:
    """Read a description: TrackML's detectors.csv, ACTS' one, or a TOML file of cylinders and discs.

    Raises
    ------
    InputError
        For anything else, a module or a layer that is listed twice, and layers without area.
    """
    if path.suffix == ".toml":
        described = read_description(path)
        return Geometry(described.name, None, described.shapes, str(path))
    if not path.name.endswith(_TABLES):
        raise InputError(f"{path}: is no description of a detector: give a detectors.csv or a .toml file")
    file = TableFile(path)
    acts = path.suffix == ".csv" and file.content().startswith(b"geometry_id,")
    modules = _read_acts(file) if acts else read_modules(file)
    return Geometry("", _unique(modules, str(path)), (), str(path))


def beside(sources: Iterable[EventSource]) -> Geometry | None:
    """Read the detectors.csv beside events, of which all must say the same; None where there is none."""
    files: dict[str, TableFile] = {}
    for source in sources:
        if source.detectors is not None:
            files.setdefault(str(source.detectors), source.detectors)
    found = [(name, _unique(read_modules(file), name)) for name, file in files.items()]
    for name, modules in found:
        if not all(np.array_equal(value, vars(modules)[key]) for key, value in vars(found[0][1]).items()):
            raise InputError(f"{name} and {found[0][0]} differ: calibrate on events of one detector")
    return Geometry("", found[0][1], (), found[0][0]) if found else None


def _unique(modules: Modules, where: str) -> Modules:
    """Return the modules; raises InputError if one is listed twice."""
    repeated = first_duplicate(module_key(modules.volume, modules.layer, modules.module))
    if repeated is not None:
        row, earlier = repeated
        name = f"volume {modules.volume[row]}, layer {modules.layer[row]}, module {modules.module[row]}"
        raise InputError(
            f"{where}, data row {row + 1}: module ({name}) is also in data row {earlier + 1}: "
            "remove one of them"
        )
    return modules


def _read_acts(file: TableFile) -> Modules:
    """Read the sensitive surfaces; the others, approach and portal surfaces, have module 0."""
    options = pacsv.ConvertOptions(column_types=_ACTS, include_columns=list(_ACTS))
    try:
        table = pacsv.read_csv(pa.py_buffer(file.content()), convert_options=options)
    except (pa.ArrowException, KeyError) as error:
        raise InputError(f"{file}: cannot read ACTS' geometry: {str(error).splitlines()[0]}") from error
    rows = np.flatnonzero(table["module_id"].to_numpy() > 0)
    if not len(rows):
        raise InputError(f"{file}: lists no sensitive surface: all module_id are 0")
    t = {name: table[name].to_numpy()[rows] for name in _ACTS}
    rotation = np.stack([t[f"rot_{row}{column}"] for row in "xyz" for column in "uvw"], axis=1)
    # a rectangle's bounds are its lower left and upper right corners, a trapezoid's three half lengths
    first, second, third, fourth = (t[f"bound_param{k}"] for k in range(4))
    corner = first < 0
    half = [np.where(corner, third, first), np.where(corner, third, second), np.where(corner, fourth, third)]
    return Modules(
        t["volume_id"],
        t["layer_id"],
        t["module_id"],
        np.stack([t["cx"], t["cy"], t["cz"]], axis=1),
        rotation.reshape(-1, 3, 3),
        np.stack([np.maximum(t["module_t"], 0.0), *half], axis=1).astype(np.float32),
        np.stack([t["pitch_u"], t["pitch_v"]], axis=1),
    )
