"""Read events: tables become the arrays of an `Event`, checked against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from clew.arrays import Float32Array, Int64Array
from clew.detector import Modules, known_module
from clew.errors import InputError
from clew.event import Cells, Event, Hits, Particles, Truth
from clew.io.schema import DETECTORS, TABLES
from clew.io.sources import EventSource, find_events
from clew.io.tables import Table, TableFile, read_table
from clew.lookup import NOT_LISTED, find_rows, first_duplicate

__all__ = ["PARTS", "read_detector", "read_event", "read_events"]

PARTS: Final = tuple(TABLES)
"""All parts of an event: hits, cells, particles, truth."""


def read_event(source: str | Path | EventSource, parts: Collection[str] = PARTS) -> Event:
    """Read one event.

    Parameters
    ----------
    source : str, Path or EventSource
        The event's prefix, a folder or zip with just one event, or an item of `find_events`.
    parts : collection of str
        Of hits, cells, particles, truth: what to read.  Hits are always read, other parts only where
        the files are there; reconstruction needs ("hits", "cells").

    Raises
    ------
    InputError
        Naming file, data row (counted from 1 below the header) and remedy, for anything wrong.
    """
    origin = source if isinstance(source, EventSource) else _the_one(source)
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise InputError(f"{unknown[0]!r} is not a part of an event: the parts are {', '.join(PARTS)}")
    tables = {part: file for part, file in origin.tables.items() if part in parts or part == "hits"}
    hits = _read_hits(tables["hits"], origin.detectors)
    if "cells" in tables:
        hits = replace(hits, cells=_read_cells(tables["cells"], hits))
    particles = _read_particles(tables["particles"]) if "particles" in tables else None
    truth = _read_truth(tables["truth"], hits) if "truth" in tables else None
    return Event(origin.event_id, hits, particles, truth)


def read_events(
    source: str | Path, skip: int = 0, nevents: int | None = None, parts: Collection[str] = PARTS
) -> Iterator[Event]:
    """Read the events of a source one after the other, each when its turn comes; see `find_events`."""
    for origin in find_events(source, skip, nevents):
        yield read_event(origin, parts)


def read_detector(path: str | Path | TableFile) -> Modules:
    """Read a detectors.csv (.csv.gz, .parquet)."""
    file = path if isinstance(path, TableFile) else TableFile(Path(path))
    table = read_table(file, DETECTORS)
    rotation = [f"rot_{row}{column}" for row in "xyz" for column in "uvw"]
    modules = Modules(
        volume=table["volume_id"],
        layer=table["layer_id"],
        module=table["module_id"],
        centre=_stack(table, "cx", "cy", "cz"),
        rotation=_stack(table, *rotation).reshape(-1, 3, 3),
        half_size=_stack(table, "module_t", "module_minhu", "module_maxhu", "module_hv"),
        pitch=_stack(table, "pitch_u", "pitch_v"),
    )
    if len(modules.volume) == 0:
        raise InputError(f"{file}: holds no modules: use the file of the data set")
    return modules


def _the_one(source: str | Path) -> EventSource:
    events = find_events(source)
    if len(events) > 1:
        raise InputError(f"{source}: holds {len(events)} events: name one by its prefix, or use read_events")
    return events[0]


def _stack(table: Table, *names: str) -> Float32Array:
    return np.stack([table[name] for name in names], axis=1)


def _read_hits(file: TableFile, detectors: TableFile | None) -> Hits:
    table = read_table(file, TABLES["hits"])
    hits = Hits(*table_columns(table, "hit_id", "x", "y", "z", "volume_id", "layer_id", "module_id"))
