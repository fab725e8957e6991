"""A bundle's tables made from events: read one by one, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np

from clew.calibration.clusters import learn_clusters
from clew.calibration.counts import count_clusters
from clew.calibration.information import ClassInformation, information_of
from clew.calibration.resolutions import Residuals, learn_resolutions, residuals_of
from clew.calibration.write import write_axes, write_clusters, write_resolutions
from clew.detector import Detector, Modules, read_detector
from clew.errors import InputError
from clew.event import Event
from clew.io import EventSource, TableFile, read_event, read_modules

__all__ = ["calibrate"]

_DESCRIPTION: Final = ("detector.toml", "layers.csv")
_MAYBE: Final = "material.csv"
_LEARNED: Final = ("modules.npz", "clusters.npz", "resolutions.npz")
_PARTS: Final = ("hits", "cells", "truth")

Progress = Callable[[Sequence[EventSource]], Iterable[EventSource]]
"""What events are taken through one by one, to show how far it is."""


def calibrate(
    sources: Sequence[EventSource], output: Path, progress: Progress = iter
) -> list[ClassInformation]:
    """Learn where modules point, what clusters tell and how well hits are measured, into a bundle.

    Parameters
    ----------
    sources : sequence of EventSource
        Events with truth and cells, and the detectors.csv beside them.
    output : Path
        A bundle, whose description is used and stays, or a new folder, which gets that of the bundle that
        ships.  It is left as it was if anything is wrong.
    progress : callable
        Called with the sources; iterates over them.

    Raises
    ------
    InputError
        For events that lack a part, different detectors, or an output that is no bundle.
    """
    _require_parts(sources)
    modules, target = _modules_of(sources), _checked(output)
    with _description(target) as described, _replacing(target, described) as folder:
        write_axes(folder / "modules.npz", read_detector(described, learned=False), modules)
        detector = read_detector(folder)
        residuals: list[Residuals] = []
        events = (read_event(one, _PARTS, detector) for one in progress(sources))
        counts = count_clusters(detector, _measured(events, detector, residuals))
        tables = learn_clusters(detector, counts)
        write_clusters(folder / "clusters.npz", tables)
        resolutions = learn_resolutions(detector, Residuals.concatenate(residuals))
        write_resolutions(folder / "resolutions.npz", resolutions)
    return information_of(counts, tables)


def _measured(events: Iterable[Event], detector: Detector, residuals: list[Residuals]) -> Iterator[Event]:
    """Yield the events, each once its hits' residuals are in the list."""
    for event in events:
        residuals.append(residuals_of(event, detector))
        yield event


def _require_parts(sources: Sequence[EventSource]) -> None:
    for source in sources:
        lacking = [part for part in _PARTS if part not in source.tables]
        if lacking:
            raise InputError(f"event {source.event_id} has no {lacking[0]} file: add it to calibrate")


def _modules_of(sources: Sequence[EventSource]) -> Modules:
    """Read the detectors.csv of the events, of which all must say the same."""
    files: dict[str, TableFile] = {}
    for source in sources:
        if source.detectors is None:
            where = source.tables["hits"]
            raise InputError(f"{where}: there is no detectors.csv beside it: add that of the data set")
        files.setdefault(str(source.detectors), source.detectors)
    names, tables = list(files), [read_modules(file) for file in files.values()]
    for name, table in zip(names, tables, strict=True):
        if not all(np.array_equal(value, vars(table)[key]) for key, value in vars(tables[0]).items()):
            raise InputError(f"{name} and {names[0]} differ: calibrate on events of one detector")
    return tables[0]


def _checked(output: Path) -> Path:
    """Return the absolute path of an output that can be written."""
    target = output.resolve()
    if target.exists():
        if not all((target / name).is_file() for name in _DESCRIPTION):
            raise InputError(f"{output}: is no bundle of a detector: choose one, or a new folder")
    elif not target.parent.is_dir():
        raise InputError(f"{output}: there is no folder {target.parent}: make it first")
    for folder in (target, target.parent):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise InputError(f"{output}: the folder {folder} cannot be written to: choose another one")
    return target


@contextmanager
def _description(target: Path) -> Iterator[Path]:
    """Give the folder whose description is used: the output if it is there, else the bundle that ships."""
    if target.exists():
        yield target
    else:
        with resources.as_file(resources.files("clew.detector") / "trackml") as shipped:
            yield shipped


@contextmanager
def _replacing(target: Path, described: Path) -> Iterator[Path]:
    """Give a temporary bundle without what is learned; what is written there is the output's at the end."""
    temporary = target.with_name(f".{uuid4().hex[:12]}-{target.name}")
    temporary.mkdir()
    try:
        for name in (*_DESCRIPTION, _MAYBE):
            if (described / name).exists():
                shutil.copyfile(described / name, temporary / name)
        yield temporary
        if target.exists():
            for name in _LEARNED:
                (temporary / name).replace(target / name)
        else:
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
