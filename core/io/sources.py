"""Find the events in what a user names: an event's prefix, a folder or a zip file."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

from clew.detector import trackml_digest
from clew.errors import InputError
from clew.io.schema import TABLES
from clew.io.tables import TableFile
from clew.machine import clew_version

__all__ = ["EventSource", "find_events"]

_NAME: Final = re.compile(rf"(event(\d+))-({'|'.join(TABLES)})\.(csv|csv\.gz|parquet)")
_DETECTORS: Final = ("detectors.csv", "detectors.csv.gz", "detectors.parquet")
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
        The detectors.csv of the same folder or zip.
    """

    event_id: int
    tables: dict[str, TableFile] = field(default_factory=dict)
    detectors: TableFile | None = None

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
        return sha256("\n".join([clew_version(), trackml_digest(), settings, *stamps]).encode()).hexdigest()


def find_events(
    source: str | Path, skip: int = 0, nevents: int | None = None, need_hits: bool = True
) -> list[EventSource]:
    """Return the events of a source in the order of their numbers.

    Parameters
    ----------
    source : str or Path
        Prefix of an event's files (such as data/event000001000), a folder, or a zip file, in which the
        events may be in any folder.
    skip : int
        Leave out so many events at the start.
    nevents : int, optional
        Return so many events at most.
    need_hits : bool
        Refuse events without a hits file.

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
    path = Path(source)
    if path.is_dir():
        events = _collect(source, need_hits, (TableFile(file) for file in sorted(path.iterdir())))
    elif path.is_file():
        events = _collect(source, need_hits, _zip_members(path))
    else:
        events = _collect(source, need_hits, _prefixed(path))
    chosen = events[skip : None if nevents is None else skip + nevents]
    if not chosen:
        raise InputError(
            f"{source}: holds {len(events)} events, none are left after skipping {skip}: skip fewer"
        )
    return chosen


def _prefixed(prefix: Path) -> list[TableFile]:
    folder = prefix.parent
    if not re.fullmatch(r"event\d+", prefix.name) or not folder.is_dir():
        raise InputError(
            f"{prefix}: there is no such folder or zip file, nor an event of this prefix: check it"
        )
    mine = [file for file in sorted(folder.iterdir()) if file.name.startswith(f"{prefix.name}-")]
    return [TableFile(file) for file in [*mine, *_detectors_in(folder)]]


def _detectors_in(folder: Path) -> list[Path]:
    return [folder / name for name in _DETECTORS if (folder / name).is_file()]


def _zip_members(path: Path) -> list[TableFile]:
    if path.name.endswith((".csv", ".csv.gz", ".parquet")):
        raise InputError(
            f"{path}: is one table: give the event's prefix (without -hits.csv), a folder or a zip"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            return [TableFile(path, name) for name in sorted(archive.namelist())]
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(f"{path}: is no zip file, or a damaged one: copy the file again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}): check the file") from error


def _collect(source: str | Path, need_hits: bool, files: Iterable[TableFile]) -> list[EventSource]:
    found: dict[int, dict[str, TableFile]] = {}
    detectors = None
    for file in files:
        name = PurePosixPath(file.name).name
        if name in _DETECTORS:
            detectors = detectors or file
        elif match := _NAME.fullmatch(name):
            tables = found.setdefault(int(match[2]), {})
            if match[3] in tables:
                raise InputError(f"{source}: holds both {tables[match[3]].name} and {file.name}: remove one")
            tables[match[3]] = file
    for event_id, tables in sorted(found.items()):
        if need_hits and "hits" not in tables:
            raise InputError(
                f"{source}: event {event_id} has no hits file: add it, or remove the event's files"
            )
    if not found:
        raise InputError(f"{source}: holds no events: files are named like {_EXAMPLE}")
    return [EventSource(event_id, found[event_id], detectors) for event_id in sorted(found)]
