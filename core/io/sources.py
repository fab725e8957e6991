"""Find the events in what a user names: an event's prefix, a folder or a zip file, and what is in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from clew.detector import detector_digest
from clew.errors import InputError
from clew.io.files import COMPRESSIONS, LIMIT, TableFile, zip_members
from clew.io.formats import foreign_parquet
from clew.io.schema import TABLES
from clew.machine import clew_version

__all__ = ["EventSource", "find_events", "prefixed_tables"]

_ENDINGS: Final = ("csv", *(f"csv{ending}" for ending in COMPRESSIONS), "parquet")
_NAME: Final = re.compile(
    rf"(?P<prefix>.+)-(?P<part>{'|'.join(TABLES)})\.(?:{'|'.join(map(re.escape, _ENDINGS))})", re.DOTALL
)
_EVENT: Final = re.compile(r"event0*(?P<number>[0-9]+)")
_MOST_DIGITS: Final = 18
_DETECTORS: Final = tuple(f"detectors.{ending}" for ending in _ENDINGS)
_EXAMPLE: Final = "event000001000-hits.csv (or .csv.gz, .parquet)"


@dataclass(frozen=True)
class EventSource:
    """Where the tables of one event are; reading them is left to `read_event`.

    Attributes
    ----------
    event_id : int
    tables : dict
        File of each table that there is: hits, cells, particles, truth.
    detectors : TableFile or None
        The detectors.csv of the same source.
    bundle : Path or None
        Folder of the bundle of the detector that measured the event; TrackML's if None.
    """

    event_id: int
    tables: dict[str, TableFile] = field(default_factory=dict)
    detectors: TableFile | None = None
    bundle: Path | None = None

    def require_hits(self) -> None:
        """Raise InputError unless the event has its hits file."""
        if "hits" not in self.tables:
            beside = next(iter(self.tables.values()))
            raise InputError(
                f"event {self.event_id} has no hits file beside {beside}: add it, or remove the event's files"
            )

    def require_truth(self) -> None:
        """Raise InputError unless the event has its truth and particles files."""
        if not {"truth", "particles"} <= self.tables.keys():
            raise InputError(f"event {self.event_id} has no truth and particles files: add them to measure")

    def fingerprint(self, settings: str) -> str:
        """Return a text that changes when the event's files, the settings, the detector or Clew's version do.

        Of the files size and time of change count, of the detector's bundle the content.

        Parameters
        ----------
        settings : str
            What else the result depends on, such as the resolved preset.
        """
        stamps = [file.stamp() for _, file in sorted(self.tables.items())]
        about = [clew_version(), detector_digest(self.bundle), settings]
        return sha256("\n".join([*about, *stamps]).encode()).hexdigest()


def find_events(
    source: str | Path,
    skip: int = 0,
    nevents: int | None = None,
    need_hits: bool = True,
    limit: int = LIMIT,
    bundle: str | Path | None = None,
) -> list[EventSource]:
    """Return the events of a source in the order of their numbers.

    Parameters
    ----------
    source : str or Path
        Prefix of an event's files (such as data/event000001000), a folder, or a zip file, in which the
        events may be in folders, and in a zip file in further zip files.  Zip files in a folder are opened
        where the folder holds no events otherwise.
    skip : int
        Leave out so many events at the start.
    nevents : int, optional
        Return so many events at most.
    need_hits : bool
        Refuse events without a hits file.
    limit : int
        Bytes to which a compressed file may unpack.
    bundle : str or Path, optional
        See `EventSource`; `read_event` reads it.

    Raises
    ------
    InputError
        If the source does not exist, holds no events (or none after `skip`), or one of them twice, or
        an event without hits.
    """
    if skip < 0 or (nevents is not None and nevents < 1):
        raise InputError(
            f"{source}: cannot skip {skip} events and take {nevents}: give counts from 0 and from 1"
        )
    try:
        events = _events(source, Path(source), limit)
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror}): check the path") from error
    chosen = events[skip : None if nevents is None else skip + nevents]
    if not chosen:
        raise InputError(
            f"{source}: holds {len(events)} events, none are left after skipping {skip}: skip fewer"
        )
    if need_hits:
        for event in chosen:
            event.require_hits()
    return chosen if bundle is None else [replace(event, bundle=Path(bundle)) for event in chosen]


def _events(source: str | Path, path: Path, limit: int) -> list[EventSource]:
    if not path.is_dir():
        files = _zip(path, limit) if path.is_file() else _prefixed(path, limit)
        return _collect(source, files)
    plain = [TableFile(file, limit=limit) for file in _walk(path)]
    found = _collect(source, plain, empty=True)
    if found:
        return found
    zips = [file for file in plain if file.name.lower().endswith(".zip")]
    return _collect(source, [*plain, *(member for file in zips for member in zip_members(file))])


def _walk(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield the files of a folder, sorted, then those of its folders; hidden ones and loops are left out."""
    real = folder.resolve()
    if real in above:
        return
    with os.scandir(folder) as entries:
        visible = sorted(e.name for e in entries if not e.name.startswith(".") and e.name != "__MACOSX")
    inside = [folder / name for name in visible]
    yield from (path for path in inside if not path.is_dir())
    for path in inside:
        if path.is_dir():
            yield from _walk(path, above | {real})


def prefixed_tables(prefix: Path, limit: int = LIMIT) -> dict[str, TableFile]:
    """Return the tables of which the names begin with a prefix, such as train/event000001000."""
    found: dict[str, TableFile] = {}
    folder = prefix.parent
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = _NAME.fullmatch(path.name)
        if match and match["prefix"] == prefix.name:
            _add(prefix, found, match["part"], TableFile(path, limit=limit))
    return found


def _prefixed(prefix: Path, limit: int) -> list[TableFile]:
    folder = prefix.parent
    if not _EVENT.fullmatch(prefix.name) or not folder.is_dir():
        raise InputError(
            f"{prefix}: there is no such folder or zip file, nor an event of this prefix: check it"
        )
    detectors = [folder / name for name in _DETECTORS if (folder / name).is_file()]
    return [*prefixed_tables(prefix, limit).values(), *(TableFile(file, limit=limit) for file in detectors)]


def _zip(path: Path, limit: int) -> list[TableFile]:
    file = TableFile(path, limit=limit)
    if path.name.endswith(_ENDINGS):
        looks = foreign_parquet(file.content()) if path.name.endswith(".parquet") else None
        raise InputError(
            f"{path}: {looks or 'is one table'}: "
            "give the event's prefix (without -hits.csv), a folder or a zip"
        )
    return zip_members(file)


def _add(source: str | Path, tables: dict[str, TableFile], part: str, file: TableFile) -> None:
    if part in tables:
        raise InputError(f"{source}: holds both {tables[part]} and {file}: remove one")
    tables[part] = file


def _collect(source: str | Path, files: Iterable[TableFile], empty: bool = False) -> list[EventSource]:
    """Return the events among the files; raises InputError if there are none, unless it may be empty."""
    found: dict[int, dict[str, TableFile]] = {}
    detectors, others = None, []
    for file in files:
        match = _NAME.fullmatch(file.name)
        event = _EVENT.fullmatch(match["prefix"]) if match else None
        if match and event:
            if len(event["number"]) > _MOST_DIGITS:
                raise InputError(f"{file}: the event number has over {_MOST_DIGITS} digits: rename it")
            _add(source, found.setdefault(int(event["number"]), {}), match["part"], file)
        elif file.name in _DETECTORS:
            detectors = detectors or file
        else:
            others.append(file)
    if not found and not empty:
        raise InputError(f"{source}: holds no events{_what(others)}: files are named like {_EXAMPLE}")
    return [EventSource(event_id, found[event_id], detectors) for event_id in sorted(found)]


def _what(files: list[TableFile]) -> str:
    """Return what a source holds instead of events, if it is known."""
    tables = [file for file in files if file.name.endswith(".parquet")]
    looks = foreign_parquet(tables[0].content()) if tables else None
    return f"; {tables[0].name} {looks}" if looks else ""
