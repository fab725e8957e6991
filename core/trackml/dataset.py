"""Reading events as data frames with the challenge's columns and types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from clew.errors import InputError
from clew.io import TABLES, EventSource, TableFile, find_events, prefixed_tables, read_table

__all__ = [
    "CELLS_DTYPES",
    "DEFAULT_PARTS",
    "DTYPES",
    "HITS_DTYPES",
    "PARTICLES_DTYPES",
    "TRUTH_DTYPES",
    "load_dataset",
    "load_event",
    "load_event_cells",
    "load_event_hits",
    "load_event_particles",
    "load_event_truth",
]


def _dtypes(**columns: str) -> dict[str, str]:
    return {name: dtype for dtype, names in columns.items() for name in names.split()}


CELLS_DTYPES: Final = _dtypes(i4="hit_id ch0 ch1", f4="value")
HITS_DTYPES: Final = _dtypes(i4="hit_id volume_id layer_id module_id", f4="x y z")
PARTICLES_DTYPES: Final = _dtypes(i8="particle_id", i4="particle_type q nhits", f4="vx vy vz px py pz")
TRUTH_DTYPES: Final = _dtypes(i4="hit_id", i8="particle_id", f4="tx ty tz tpx tpy tpz weight")
DTYPES: Final = {
    "cells": CELLS_DTYPES,
    "hits": HITS_DTYPES,
    "particles": PARTICLES_DTYPES,
    "truth": TRUTH_DTYPES,
}
DEFAULT_PARTS: Final = ["hits", "cells", "particles", "truth"]

_LARGEST_I4: Final = np.iinfo(np.int32).max


def load_event_hits(prefix: str | Path) -> pd.DataFrame:
    """Load the hits of the event whose files' names begin with the prefix; see `load_event`."""
    return load_event(prefix, ["hits"])[0]


def load_event_cells(prefix: str | Path) -> pd.DataFrame:
    """Load the cells of the event whose files' names begin with the prefix; see `load_event`."""
    return load_event(prefix, ["cells"])[0]


def load_event_particles(prefix: str | Path) -> pd.DataFrame:
    """Load the particles of the event whose files' names begin with the prefix; see `load_event`."""
    return load_event(prefix, ["particles"])[0]


def load_event_truth(prefix: str | Path) -> pd.DataFrame:
    """Load the truth of the event whose files' names begin with the prefix; see `load_event`."""
    return load_event(prefix, ["truth"])[0]


def load_event(prefix: str | Path, parts: Sequence[str] = DEFAULT_PARTS) -> tuple[pd.DataFrame, ...]:
    """Load one event.

    Parameters
    ----------
    prefix : str or Path
        What the names of the event's files have in common, such as "train/event000001000".
    parts : sequence of {"hits", "cells", "particles", "truth"}

    Returns
    -------
    tuple of DataFrame
        One for each of `parts`, with the format's columns in the file's order and in the types of DTYPES;
        hit_id is int64 where it is too large.

    Raises
    ------
    InputError
        If a part has no file, has several, or its file cannot be read; the files are those that `clew
        reconstruct` reads: .csv, compressed or not, and .parquet.
    """
    _require_parts(parts)
    return _frames(prefixed_tables(Path(prefix)), parts, prefix)


def load_dataset(
    path: str | Path,
    skip: int | None = None,
    nevents: int | None = None,
    parts: Sequence[str] = DEFAULT_PARTS,
) -> Iterator[tuple[Any, ...]]:
    """Load the events of a folder or a zip archive one after another, in the order of their numbers.

    Parameters
    ----------
    path : str or Path
        What `clew.io.find_events` takes: folders and archives may hold further ones.
    skip : int, optional
        Leave out that many events at the beginning.
    nevents : int, optional
        Load no more than that many.
    parts : sequence of {"hits", "cells", "particles", "truth"}

    Yields
    ------
    tuple
        The event's number, then one data frame for each of `parts`.

    Raises
    ------
    InputError
        If there is no such folder or archive, it holds no events, or a file of an event cannot be read.
    """
    _require_parts(parts)
    start = skip or 0
    events = find_events(path, need_hits=False)
    return _load(events[start : None if nevents is None else start + nevents], parts)


def _load(events: Sequence[EventSource], parts: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for event in events:
        yield event.event_id, *_frames(event.tables, parts, f"event {event.event_id}")


def _require_parts(parts: Sequence[str]) -> None:
    for part in parts:
        if part not in DTYPES:
            raise InputError(f"{part!r} is no part of an event; choose among {', '.join(DEFAULT_PARTS)}")


def _frames(
    tables: Mapping[str, TableFile], parts: Sequence[str], where: str | Path
) -> tuple[pd.DataFrame, ...]:
    for part in parts:
        if part not in tables:
            raise InputError(f"{where}: no file of {part}; check the name, or leave {part} out of parts")
    return tuple(_frame(tables[part], part) for part in parts)


def _frame(file: TableFile, part: str) -> pd.DataFrame:
    columns = read_table(file, TABLES[part])
    return pd.DataFrame({name: _as_listed(values, DTYPES[part][name]) for name, values in columns.items()})


def _as_listed(values: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    if dtype == "i4" and np.abs(values).max(initial=0) > _LARGEST_I4:
        return values
    return values.astype(dtype)
