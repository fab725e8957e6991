"""Bundles: a folder that describes a detector, in `detector.toml` and `layers.csv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from clew.arrays import Float64Array
from clew.detector.clusters import read_clusters
from clew.detector.detector import Detector, Layer, LayerClass, Lengths, SeedLengths
from clew.detector.matter import read_slabs
from clew.detector.resolutions import read_resolutions
from clew.detector.solenoid import Solenoid
from clew.errors import InputError
from clew.settings import checked, parse_toml, read_text

__all__ = ["COLUMNS", "FILES", "detector_digest", "detector_of", "read_detector", "trackml"]

FILES: Final = (
    "detector.toml",
    "layers.csv",
    "material.csv",
    "modules.npz",
    "clusters.npz",
    "resolutions.npz",
)
"""What a bundle may hold; the first two it has to."""

_TABLES: Final = ("name", "solenoid", "material", "lengths", "seed_lengths", "classes")
COLUMNS: Final = ("volume", "layer", "kind", "shape", "position", "low", "high", "modules")
"""Of `layers.csv`."""
_SHAPES: Final = {"cylinder": True, "disc": False}


@cache
def trackml() -> Detector:
    """Return the detector of the TrackML challenge, the default of everything."""
    with resources.as_file(resources.files("clew.detector") / "trackml") as folder:
        return read_detector(folder)


def detector_of(bundle: Path | None) -> Detector:
    """Return the detector of a bundle, read anew only if it changed; TrackML's for None."""
    return trackml() if bundle is None else _read_once(bundle, detector_digest(bundle))


@lru_cache(maxsize=2)
def _read_once(bundle: Path, digest: str) -> Detector:
    return read_detector(bundle)


def detector_digest(bundle: Path | None) -> str:
    """Return the SHA-256 of the files of a bundle; of that of `trackml` for None."""
    return _trackml_digest() if bundle is None else _digest([bundle / name for name in FILES])


@cache
def _trackml_digest() -> str:
    shipped = resources.files("clew.detector") / "trackml"
    return _digest([shipped / name for name in FILES])


def _digest(files: Sequence[Traversable]) -> str:
    contents = [f"{file.name} {sha256(file.read_bytes()).hexdigest()}" for file in files if file.is_file()]
    return sha256("\n".join(contents).encode()).hexdigest()


def read_detector(folder: str | Path, learned: bool = True) -> Detector:
    """Read the bundle of a detector.

    Parameters
    ----------
    folder : path
        It holds `detector.toml` with the tables [solenoid], [material], [lengths], [seed_lengths] and
        [classes], and `layers.csv`, a row per layer: volume, layer, kind (its class), shape (cylinder or
        disc), position, low and high [mm], modules.  See the bundle `trackml` that ships.  What is learned
        may stand beside: `modules.npz`, where modules point, `clusters.npz`, what clusters tell, and
        `resolutions.npz`, how well hits are measured.  So may `material.csv`, a row per `Slab`.
    learned : bool
        Whether to read what is learned; the description alone is enough to learn it anew.

    Raises
    ------
    InputError
        For a file that is missing or wrong; it names file, row or key, and what to do.
    """
    where = Path(folder) / "detector.toml"
    tables = _read_toml(where)
    classes = {
        name: checked(LayerClass, {"name": name} | table, f'{where}, [classes."{name}"]', InputError)
        for name, table in tables["classes"].items()
    }
    layers = _read_layers(Path(folder) / "layers.csv", classes)
    modules, clusters, resolutions, slabs = (
        Path(folder) / name for name in ("modules.npz", "clusters.npz", "resolutions.npz", "material.csv")
    )
    material = {"energy_loss": 0.0} | tables["material"]
    for key in ("radiation_lengths", "most_obliquity", "energy_loss"):
        if not isinstance(material.get(key), float):
            raise InputError(f"{where}, [material]: {key} must be a number with a decimal point")
    return Detector(
        name=str(tables["name"]),
        layers=layers,
        classes=classes,
        solenoid=checked(Solenoid, tables["solenoid"], f"{where}, [solenoid]", InputError),
        lengths=checked(Lengths, tables["lengths"], f"{where}, [lengths]", InputError),
        seed_lengths=checked(SeedLengths, tables["seed_lengths"], f"{where}, [seed_lengths]", InputError),
        radiation_lengths=material["radiation_lengths"],
        most_obliquity=material["most_obliquity"],
        axes=_read_axes(modules, layers) if learned and modules.exists() else None,
        clusters=read_clusters(clusters) if learned and clusters.exists() else None,
        slabs=read_slabs(slabs) if slabs.exists() else (),
        energy_loss=material["energy_loss"],
        resolutions=read_resolutions(resolutions) if learned and resolutions.exists() else None,
    )


def _read_toml(path: Path) -> dict[str, Any]:
    text = read_text(path, "the description of the detector", InputError)
    tables = parse_toml(text, f"{path}: cannot read the description of the detector", InputError)
    for key in _TABLES:
        if key not in tables:
            raise InputError(f"{path}: {key} is missing: see the bundle of the TrackML detector")
    return tables


def _read_layers(path: Path, classes: Mapping[str, LayerClass]) -> tuple[Layer, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the layers: {error}") from error
    if not rows:
        raise InputError(f"{path}: it lists no layer: write one row per layer")
    return tuple(_layer(row, f"{path}, row {number}", classes) for number, row in enumerate(rows, start=1))


def _layer(row: Mapping[str, str | None], where: str, classes: Mapping[str, LayerClass]) -> Layer:
    for column in COLUMNS:
        if row.get(column) is None:
            raise InputError(f"{where}: {column} is missing: the columns are {', '.join(COLUMNS)}")
    values = {key: value or "" for key, value in row.items()}
    if values["kind"] not in classes:
        known = ", ".join(sorted(classes))
        raise InputError(
            f"{where}: kind {values['kind']!r} is no class of detector.toml: choose one of {known}"
        )
    if values["shape"] not in _SHAPES:
        raise InputError(f"{where}: shape {values['shape']!r}: write cylinder or disc")
    try:
        layer = Layer(
            volume=int(values["volume"]),
            layer=int(values["layer"]),
            barrel=_SHAPES[values["shape"]],
            position=float(values["position"]),
            reach=(float(values["low"]), float(values["high"])),
            n_modules=int(values["modules"]),
            kind=values["kind"],
        )
    except ValueError as error:
        raise InputError(f"{where}: not a number: {error}") from error
    low, high = layer.reach
    least = layer.position if layer.barrel else low
    if not 0.0 <= low < high or least <= 0.0:
        raise InputError(
            f"{where}: a layer from {low} to {high} mm at {layer.position} mm has no area: "
            "write low below high, a disc's above 0, and a cylinder's radius as its position"
        )
    return layer


def _read_axes(path: Path, layers: Sequence[Layer]) -> Float64Array:
    """Read where modules point: `volume`, `layer`, `module`, all of shape (n,), int, and `azimuth` [rad]."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            volume, layer, module, azimuth = (file[name] for name in ("volume", "layer", "module", "azimuth"))
        places = {(one.volume, one.layer): index for index, one in enumerate(layers)}
        index = np.array([places.get(pair, -1) for pair in zip(volume.tolist(), layer.tolist(), strict=True)])
        known = index >= 0
        axes = np.full((len(layers), 1 + int(module.max(initial=0)), 2), np.nan)
        axes[index[known], module[known], 0] = np.cos(azimuth[known])
        axes[index[known], module[known], 1] = np.sin(azimuth[known])
    except (OSError, EOFError, KeyError, IndexError, TypeError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: cannot read where modules point: {error}") from error
    return axes
