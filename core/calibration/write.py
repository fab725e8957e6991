"""What is learned is written beside a bundle's description."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import tomli_w

from clew.detector import ClusterTables, Modules, ResolutionTables
from clew.detector.bundle import COLUMNS
from clew.detector.detector import Detector, Layer
from clew.io.atomic import atomic_stream, atomic_write

__all__ = ["write_axes", "write_clusters", "write_description", "write_resolutions"]

_ROUNDING: Final = 4
"""Decimals of an azimuth [rad]: modules of one stave are told by one number."""


def write_description(folder: Path, detector: Detector) -> None:
    """Write `detector.toml` and `layers.csv`, as `clew.detector.read_detector` reads them."""
    material = {
        name: getattr(detector, name) for name in ("radiation_lengths", "most_obliquity", "energy_loss")
    }
    tables = {
        "name": detector.name,
        "solenoid": asdict(detector.solenoid),
        "material": material,
        "lengths": asdict(detector.lengths),
        "seed_lengths": asdict(detector.seed_lengths),
        "classes": {name: _class_table(asdict(one)) for name, one in detector.classes.items()},
    }
    with atomic_write(folder / "detector.toml") as temporary:
        temporary.write_text(tomli_w.dumps(tables), encoding="utf-8")
    with atomic_write(folder / "layers.csv") as temporary, temporary.open("w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(map(_layer_row, detector.layers))


def _class_table(values: dict[str, Any]) -> dict[str, Any]:
    """Return a class without its name, which is its key, and without what is not known of it."""
    return {key: value for key, value in values.items() if key != "name" and value is not None}


def _layer_row(layer: Layer) -> tuple[object, ...]:
    shape = "cylinder" if layer.barrel else "disc"
    return (layer.volume, layer.layer, layer.kind, shape, layer.position, *layer.reach, layer.n_modules)


def write_axes(path: Path, detector: Detector, modules: Modules) -> None:
    """Write the azimuth to which each module points: its normal in cylinders, its length in discs."""
    places = detector.layer_index(modules.volume, modules.layer)
    barrel = np.append(detector.barrel, False)[places]
    x, y = modules.centre[:, 0], modules.centre[:, 1]
    pointing = np.where(barrel[:, None], modules.rotation[:, :2, 2], modules.rotation[:, :2, 1])
    # the axes of a module may point either way: outwards is what is meant
    sign = np.where(pointing[:, 0] * x + pointing[:, 1] * y < 0.0, -1.0, 1.0)
    azimuth = np.arctan2(sign * pointing[:, 1], sign * pointing[:, 0]).astype(np.float64)
    with atomic_stream(path) as stream:
        np.savez_compressed(
            stream,
            volume=modules.volume.astype(np.int16),
            layer=modules.layer.astype(np.int16),
            module=modules.module.astype(np.int16),
            azimuth=np.round(azimuth, _ROUNDING).astype(np.float32),
        )


def write_clusters(path: Path, tables: ClusterTables) -> None:
    """Write the cluster tables; see `clew.detector.clusters.read_clusters`."""
    with atomic_stream(path) as stream:
        np.savez_compressed(
            stream,
            classes=np.array(tables.classes),
            across=tables.across,
            along=tables.along,
            noise_across=tables.noise_across,
            noise_along=tables.noise_along,
        )


def write_resolutions(path: Path, tables: ResolutionTables) -> None:
    """Write the resolutions; see `clew.detector.resolutions.read_resolutions`."""
    with atomic_stream(path) as stream:
        np.savez_compressed(
            stream,
            classes=np.array(tables.classes),
            across=tables.across,
            along=tables.along,
            offset=tables.offset,
        )
