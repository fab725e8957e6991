"""Reading events as data frames with the challenge's columns and types."""

from __future__ import annotations

import glob
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal

import pandas as pd

from clew.errors import InputError

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

_EVENT_FILE: Final = re.compile(r"(?P<prefix>.*event(?P<number>\d{9}))-[a-zA-Z]+\.csv(\.gz)?")
_UNREADABLE: Final = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile)


def load_event_hits(prefix: str | Path) -> pd.DataFrame:
    """Load the hits of the event whose files' names begin with the prefix; see `load_event`."""
    return _load_part(prefix, "hits")


def load_event_cells(prefix: str | Path) -> pd.DataFrame:
    """Load the cells of the event whose files' names begin with the prefix; see `load_event`."""
    return _load_part(prefix, "cells")


def load_event_particles(prefix: str | Path) -> pd.DataFrame:
    """Load the particles of the event whose files' names begin with the prefix; see `load_event`."""
    return _load_part(prefix, "particles")


def load_event_truth(prefix: str | Path) -> pd.DataFrame:
    """Load the truth of the event whose files' names begin with the prefix; see `load_event`."""
    return _load_part(prefix, "truth")


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
        One for each of `parts`, with the file's columns in the types of DTYPES.

    Raises
    ------
    InputError
        If a part has no file, has several, or its file cannot be read.
    """
    return tuple(_load_part(prefix, part) for part in parts)


def load_dataset(
    path: str | Path,
    skip: int | None = None,
    nevents: int | None = None,
    parts: Sequence[str] = DEFAULT_PARTS,
) -> Iterator[tuple[Any, ...]]:
    """Load the events of a folder or a zip archive one after another, in the order of their names.

    Parameters
    ----------
    path : str or Path
        The archive may hold the files in folders.
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
    source = Path(path)
    if source.is_dir():
        prefixes = _prefixes(source, [file.name for file in source.iterdir()])
        return _events_of_folder(source, prefixes[skip:][:nevents], parts)
    with _open_zip(source) as archive:
        prefixes = _prefixes(source, archive.namelist())
    return _events_of_zip(source, prefixes[skip:][:nevents], parts)


def _prefixes(source: Path, names: list[str]) -> list[tuple[str, int]]:
    """Return the sorted prefixes of the event files among the names, with the events' numbers."""
    found = filter(None, map(_EVENT_FILE.fullmatch, names))
    prefixes = sorted({(match["prefix"], int(match["number"])) for match in found})
    if not prefixes:
        raise InputError(f"{source}: no event files; they are named like event000001000-hits.csv[.gz]")
    return prefixes


def _events_of_folder(
    folder: Path, prefixes: list[tuple[str, int]], parts: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    for prefix, number in prefixes:
        yield number, *load_event(folder / prefix, parts)


def _events_of_zip(
    source: Path, prefixes: list[tuple[str, int]], parts: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    with _open_zip(source) as archive:
        for prefix, number in prefixes:
            yield number, *(_load_member(archive, source, prefix, part) for part in parts)


def _open_zip(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except FileNotFoundError as error:
        raise InputError(f"{source}: no such folder or zip archive") from error
    except _UNREADABLE as error:
        raise InputError(f"{source}: neither a folder nor a readable zip archive ({error})") from error


def _load_part(prefix: str | Path, part: str) -> pd.DataFrame:
    where = Path(prefix)
    _require_part(part)
    files = sorted(where.parent.glob(f"{glob.escape(where.name)}-{part}.csv*"))
    if not files:
        raise InputError(f"{prefix}-{part}.csv: no such file, nor compressed; check the event's prefix")
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise InputError(f"{prefix}: several files of {part} ({names}); keep one")
    return _read(files[0], part, str(files[0]))


def _load_member(archive: zipfile.ZipFile, source: Path, prefix: str, part: str) -> pd.DataFrame:
    _require_part(part)
    for suffix in ("csv", "csv.gz"):
        name = f"{prefix}-{part}.{suffix}"
        if name in archive.NameToInfo:
            with archive.open(name) as file:
                return _read(file, part, f"{source}, {name}", "gzip" if suffix == "csv.gz" else None)
    raise InputError(f"{source}: no member {prefix}-{part}.csv or .csv.gz; leave {part} out of parts")


def _require_part(part: str) -> None:
    if part not in DTYPES:
        raise InputError(f"{part!r} is no part of an event; choose among {', '.join(DEFAULT_PARTS)}")


def _read(
    file: Path | IO[bytes], part: str, name: str, compression: Literal["infer", "gzip"] | None = "infer"
) -> pd.DataFrame:
    try:
        return pd.read_csv(file, header=0, index_col=False, dtype=DTYPES[part], compression=compression)
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{name}: not readable as the {part} of an event ({reason})") from error
