"""A data set: many events in parallel processes, resumable, with a record of its settings beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import tomli_w

from clew.errors import InputError
from clew.io import atomic_write, held_folder, write_event, write_modules
from clew.io.write import FORMATS, TableFormat
from clew.machine import clew_version
from clew.parallel import parallel_events
from clew.simulation.config import SimulationConfig
from clew.simulation.generator import pythia_data
from clew.simulation.geometry import acts_modules, build_detector
from clew.simulation.simulator import STAGES, simulate_event

__all__ = ["RECORD", "EventReport", "simulate_events"]

RECORD: Final = "simulation.toml"
"""Name of the file that records a data set's settings."""

_TABLES: Final = ("hits", "cells", "particles", "truth")


@dataclass(frozen=True)
class EventReport:
    """What is told of a simulated event.

    Attributes
    ----------
    event_id, n_hits, n_particles : int
    seconds : dict
        Wall time per stage, `writing` included.
    """

    event_id: int
    n_hits: int
    n_particles: int
    seconds: dict[str, float]


def simulate_events(
    folder: Path,
    config: SimulationConfig,
    events: Sequence[int],
    jobs: int = 1,
    file_format: TableFormat = "csv.gz",
) -> Iterator[EventReport]:
    """Make the events that a folder does not have yet; yields a report of each as it gets ready.

    The folder gets detectors.csv and a record of the settings first.

    Parameters
    ----------
    folder : Path
        Made if need be.
    config : SimulationConfig
    events : sequence of int
        Numbers of the events.
    jobs : int
        Processes.
    file_format : {"csv", "csv.gz", "parquet"}

    Raises
    ------
    InputError
        If the folder holds events of other settings.
    ConfigError
        If a package or Pythia's data files are missing.
    """
    if file_format not in FORMATS:
        raise InputError(f"{file_format!r} is not a format of tables: choose from {', '.join(FORMATS)}")
    settings = {"version": clew_version(), "format": file_format, "simulation": config.to_dict()}
    _check_record(folder, settings)
    if config.gun is None:
        pythia_data()
    with held_folder(folder, folder):
        _prepare(folder, settings, config)
        todo = [event_id for event_id in events if not _is_done(folder, event_id, file_format)]
        yield from parallel_events(partial(_make, folder, config, file_format), todo, jobs)


def _check_record(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / RECORD
    if not path.is_file():
        if folder.is_dir() and any(folder.glob("event*-hits.*")):
            raise InputError(f"{folder}: holds events without a {RECORD}: choose another folder")
        return
    try:
        known = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}: choose another folder") from error
    given = tomllib.loads(tomli_w.dumps(settings))
    if known == given:
        return
    before, now = _flat(known), _flat(given)
    key = next(key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key))
    raise InputError(
        f"{folder}: holds events with {key} = {before.get(key)}, not {now.get(key)}: choose another folder"
    )


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _prepare(folder: Path, settings: dict[str, Any], config: SimulationConfig) -> None:
    if (folder / RECORD).is_file() and (folder / "detectors.csv").is_file():
        return
    modules, _ = acts_modules(build_detector(config.material))
    with atomic_write(folder / RECORD) as temporary:
        temporary.write_text(tomli_w.dumps(settings), encoding="utf-8")
    write_modules(folder / "detectors.csv", modules)


def _is_done(folder: Path, event_id: int, file_format: str) -> bool:
    prefix = f"event{event_id:09d}"
    return all((folder / f"{prefix}-{table}.{file_format}").is_file() for table in _TABLES)


def _make(folder: Path, config: SimulationConfig, file_format: TableFormat, event_id: int) -> EventReport:
    simulated = simulate_event(config, event_id)
    event, start = simulated.event, perf_counter()
    write_event(folder, event, file_format)
    seconds = {stage: simulated.seconds[stage] for stage in STAGES} | {"writing": perf_counter() - start}
    n_particles = 0 if event.particles is None else len(event.particles.particle_id)
    return EventReport(event_id, len(event.hits), n_particles, seconds)
