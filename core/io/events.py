"""Read events: tables become the arrays of an `Event`, checked against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Int64Array
from clew.detector import Detector, Modules, detector_of
from clew.detector.modules import module_key
from clew.errors import InputError
from clew.event import Cells, Event, Hits, Particles, Truth
from clew.io.files import TableFile
from clew.io.placement import check_placement, first_outside
from clew.io.plausible import check_truth
from clew.io.schema import DETECTORS, TABLES
from clew.io.sources import EventSource, find_events
from clew.io.tables import Table, read_table
from clew.lookup import NOT_LISTED, find_rows, first_duplicate

__all__ = ["PARTS", "add_truth", "read_event", "read_events", "read_modules", "read_particles"]

PARTS: Final = tuple(TABLES)
"""All parts of an event: hits, cells, particles, truth."""

_TRUE_STATE: Final = {
    name: TABLES["truth"].columns[name].to_pandas_dtype() for name in TABLES["truth"].optional
}
"""Types of the columns of the truth that may be missing."""


def read_event(
    source: str | Path | EventSource, parts: Collection[str] = PARTS, detector: Detector | None = None
) -> Event:
    """Read one event.

    Parameters
    ----------
    source : str, Path or EventSource
        The event's prefix, a folder or zip with just one event, or an item of `find_events`.
    parts : collection of str
        Of hits, cells, particles, truth: what to read.  Hits are always read, other parts only where
        the files are there; reconstruction needs ("hits", "cells").
    detector : Detector, optional
        What measured the event; by default that of the source's bundle, or TrackML's.  Others are read by
        `clew.detector.read_detector`.

    Raises
    ------
    InputError
        Naming file, data row (counted from 1 below the header) and remedy, for anything wrong.

    Warns
    -----
    ClewWarning
        If many hits lie off the surfaces of their layers, see `clew.io.placement`; of columns that are not of
        the format; if particles and truth do not fit each other.
    """
    origin = source if isinstance(source, EventSource) else _the_one(source)
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise InputError(f"{unknown[0]!r} is not a part of an event: the parts are {', '.join(PARTS)}")
    origin.require_hits()
    hits = _read_hits(origin, detector or detector_of(origin.bundle))
    if "cells" in parts and "cells" in origin.tables:
        hits = replace(hits, cells=_read_cells(origin.tables["cells"], hits))
    return add_truth(Event(origin.event_id, hits), origin, parts)


def add_truth(event: Event, source: EventSource, parts: Collection[str] = PARTS) -> Event:
    """Return the event with what the source knows of its particles and its truth.

    Raises
    ------
    InputError
        As `read_event` does.

    Warns
    -----
    ClewWarning
        If particles and truth do not fit each other.
    """
    tables = {part: file for part, file in source.tables.items() if part in parts}
    truth = _read_truth(tables["truth"], event.hits) if "truth" in tables else None
    particles = read_particles(tables["particles"], truth) if "particles" in tables else None
    if truth is not None and particles is not None:
        check_truth(truth, particles, source.event_id)
    return replace(event, particles=particles, truth=truth)


def read_events(
    source: str | Path,
    skip: int = 0,
    nevents: int | None = None,
    parts: Collection[str] = PARTS,
    detector: Detector | None = None,
) -> Iterator[Event]:
    """Read the events of a source one after the other, each when its turn comes.

    See `find_events` and `read_event`.
    """
    for origin in find_events(source, skip, nevents):
        yield read_event(origin, parts, detector)


def read_modules(path: str | Path | TableFile) -> Modules:
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


def _read_hits(source: EventSource, detector: Detector) -> Hits:
    file = source.tables["hits"]
    table = read_table(file, TABLES["hits"])
    hits = Hits(
        hit_id=table["hit_id"],
        x=table["x"],
        y=table["y"],
        z=table["z"],
        volume=table["volume_id"],
        layer=table["layer_id"],
        module=table["module_id"],
        detector=detector,
    )
    if len(hits) < 2:
        number = "no hits" if len(hits) == 0 else "one hit"
        raise InputError(f"{file}: holds {number}, and a track needs more: remove the event")
    _refuse_duplicates(file, "hit_id", hits.hit_id)
    _refuse_unknown_modules(file, hits, source.detectors)
    check_placement(hits, source.event_id)
    outside = first_outside(hits)
    if outside is not None:
        place = f"x {hits.x[outside]:g}, y {hits.y[outside]:g}, z {hits.z[outside]:g} mm"
        raise InputError(
            f"{file}, data row {outside + 1}: {place} is outside {detector.name}: correct the row"
        )
    return hits


def _refuse_unknown_modules(file: TableFile, hits: Hits, detectors: TableFile | None) -> None:
    detector = hits.detector
    unknown = np.flatnonzero(~detector.has_module(hits.volume, hits.layer, hits.module))
    where, remedy = f" in the detector {detector.name}", "read the event with the detector that measured it"
    if len(unknown) == 0 and detectors is not None:
        unknown = np.flatnonzero(~_listed(hits, read_modules(detectors)))
        where, remedy = "", f"use the {detectors} of this data set"
    if len(unknown):
        row = unknown[0]
        name = f"volume {hits.volume[row]}, layer {hits.layer[row]}, module {hits.module[row]}"
        reason = f"there is no such module ({name}){where}"
        raise InputError(f"{file}, data row {row + 1}: {reason}: correct the row, or {remedy}")


def _listed(hits: Hits, modules: Modules) -> BoolArray:
    """Tell for each hit whether its module is among the given ones."""
    return np.isin(
        module_key(hits.volume, hits.layer, hits.module),
        module_key(modules.volume, modules.layer, modules.module),
    )


def _read_cells(file: TableFile, hits: Hits) -> Cells:
    table = read_table(file, TABLES["cells"])
    owner = find_rows(hits.hit_id, table["hit_id"])
    _refuse_unknown_hits(file, owner, table["hit_id"])
    channel = np.stack([table["ch0"], table["ch1"]], axis=1)
    value = table["value"]
    if np.any(owner[1:] < owner[:-1]):
        order = np.argsort(owner, kind="stable")
        owner, channel, value = owner[order], channel[order], value[order]
    offsets = np.zeros(len(hits) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=len(hits)), out=offsets[1:])
    bare = np.flatnonzero(np.diff(offsets) == 0)
    if 0 < len(bare) < len(hits):
        raise InputError(
            f"{file}: hit_id {hits.hit_id[bare[0]]} has no cells, {len(bare)} of {len(hits)} hits in all: "
            "is the file cut off? Use the whole one, or none"
        )
    return Cells(offsets, channel, value)


def read_particles(file: TableFile, truth: Truth | None = None) -> Particles:
    """Read the particles of an event; the numbers of their hits are counted in the truth if not given."""
    table = read_table(file, TABLES["particles"])
    _refuse_duplicates(file, "particle_id", table["particle_id"])
    if "nhits" not in table:
        if truth is None:
            raise InputError(f"{file}: column nhits is missing: add it, or the truth file of the event")
        row = find_rows(table["particle_id"], truth.particle_id)
        counts = np.bincount(row[row != NOT_LISTED], minlength=len(table["particle_id"]))
        table["nhits"] = counts.astype(np.int32)
    return Particles(
        particle_id=table["particle_id"],
        vertex=_stack(table, "vx", "vy", "vz"),
        momentum=_stack(table, "px", "py", "pz"),
        charge=table["q"],
        n_hits=table["nhits"],
    )


def _read_truth(file: TableFile, hits: Hits) -> Truth:
    table = read_table(file, TABLES["truth"])
    _refuse_duplicates(file, "hit_id", table["hit_id"])
    _refuse_unknown_hits(file, find_rows(hits.hit_id, table["hit_id"]), table["hit_id"])
    rows = find_rows(table["hit_id"], hits.hit_id)
    lacking = np.flatnonzero(rows == NOT_LISTED)
    if len(lacking):
        raise InputError(
            f"{file}: hit_id {hits.hit_id[lacking[0]]} (data row {lacking[0] + 1} of the hits) is missing, "
            f"{len(lacking)} of {len(hits)} hits in all: use the truth file of the same event"
        )
    aligned = table if np.array_equal(rows, np.arange(len(rows))) else {n: c[rows] for n, c in table.items()}
    unknown = np.full(len(hits), np.nan)
    columns = {name: aligned.get(name, unknown.astype(kind)) for name, kind in _TRUE_STATE.items()}
    return Truth(
        particle_id=aligned["particle_id"],
        position=_stack(columns, "tx", "ty", "tz"),
        momentum=_stack(columns, "tpx", "tpy", "tpz"),
        weight=columns["weight"],
    )


def _refuse_duplicates(file: TableFile, name: str, identities: Int64Array) -> None:
    repeated = first_duplicate(identities)
    if repeated is not None:
        row, earlier = repeated
        raise InputError(
            f"{file}, data row {row + 1}: {name} {identities[row]} is also in data row {earlier + 1}: "
            "remove one of them"
        )


def _refuse_unknown_hits(file: TableFile, owner: Int64Array, hit_id: Int64Array) -> None:
    unknown = np.flatnonzero(owner == NOT_LISTED)
    if len(unknown):
        row = unknown[0]
        raise InputError(
            f"{file}, data row {row + 1}: hit_id {hit_id[row]} is not among the event's hits: "
            "use the file of the same event"
        )
