"""The events of a run that are done, kept until the submission is whole: what makes a run resumable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clew.arrays import Int32Array, Int64Array
from clew.errors import RunError
from clew.io.atomic import atomic_write
from clew.io.columns import write_table
from clew.io.locks import held_folder, remove_empty, sweep
from clew.io.submission import check_submission_path, write_submission
from clew.plain import read_arrays

__all__ = ["Part", "PartStore"]


@dataclass(frozen=True)
class Part:
    """One event's share of a submission.

    Attributes
    ----------
    event_id : int
    hit_id : ndarray of shape (n_hits,), int64
    labels : ndarray of shape (n_hits,), int32
    summary : mapping
        What else is to be known after resuming, such as times; must be fit for JSON.
    tables : mapping
        By name, such as "tracks", further tables of the event: arrays by column.
    """

    event_id: int
    hit_id: Int64Array
    labels: Int32Array
    summary: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class PartStore:
    """Finished events of the submission `output`, one file each in the folder `<output>.parts`.

    Each part carries the fingerprint (see EventSource.fingerprint) of what it was made from, and is found
    again only under the same one.  Several processes may save different events at the same time.
    """

    def __init__(self, output: str | Path) -> None:
        check_submission_path(output)
        self.output = Path(output)
        self.folder = self.output.with_name(f"{self.output.name}.parts")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and hold it for this run; raises RunError while another run does."""
        with held_folder(self.folder, self.output):
            try:
                yield
            finally:
                sweep(self.folder)
                remove_empty(self.folder)

    def find(self, event_id: int, fingerprint: str) -> Part | None:
        """Return a finished event; None if it is not there or damaged."""
        try:
            arrays = read_arrays(self._file(event_id, fingerprint))
            summary = json.loads(str(arrays["summary"]))
            return Part(event_id, arrays["hit_id"], arrays["labels"], summary, _tables(arrays))
        except (OSError, KeyError, ValueError):
            return None

    def save(self, part: Part, fingerprint: str) -> None:
        """Keep a finished event, whole or not at all."""
        self.folder.mkdir(exist_ok=True)
        summary = np.array(json.dumps(dict(part.summary)))
        with (
            atomic_write(self._file(part.event_id, fingerprint)) as temporary,
            temporary.open("wb") as stream,
        ):
            tables = {
                f"{name}/{column}": values
                for name, table in part.tables.items()
                for column, values in table.items()
            }
            np.savez(stream, hit_id=part.hit_id, labels=part.labels, summary=summary, **tables)

    def merge(self, events: Iterable[tuple[int, str]], tables: Mapping[str, Path] | None = None) -> None:
        """Write the submission from the parts, given as (event_id, fingerprint).

        `tables` says to which parquet file each of the further tables goes.
        """
        events = list(events)
        for name, path in (tables or {}).items():
            rows = ((event_id, self._load(event_id, fingerprint)) for event_id, fingerprint in events)
            write_table(path, ((event_id, part.tables[name]) for event_id, part in rows))
        parts = (self._load(event_id, fingerprint) for event_id, fingerprint in events)
        write_submission(self.output, ((part.event_id, part.hit_id, part.labels) for part in parts))

    def discard(self) -> None:
        """Remove all parts, those of other fingerprints too."""
        for file in self.folder.glob("*.npz"):
            file.unlink(missing_ok=True)

    def _load(self, event_id: int, fingerprint: str) -> Part:
        part = self.find(event_id, fingerprint)
        if part is None:
            file = self._file(event_id, fingerprint)
            raise RunError(f"{file}: the event was finished and is not readable any more: run again")
        return part

    def _file(self, event_id: int, fingerprint: str) -> Path:
        return self.folder / f"event{event_id:09d}-{fingerprint[:32]}.npz"


def _tables(arrays: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Return the tables among arrays whose names are like tracks/pt."""
    tables: dict[str, dict[str, NDArray[Any]]] = {}
    for key, values in arrays.items():
        name, slash, column = key.partition("/")
        if slash:
            tables.setdefault(name, {})[column] = values
    return tables
