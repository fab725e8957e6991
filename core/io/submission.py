"""The challenge's submission format: event_id,hit_id,track_id with one row per hit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from clew.arrays import Int32Array, Int64Array
from clew.errors import InputError
from clew.event import Hits
from clew.io.atomic import atomic_write
from clew.io.tables import TableFile, first_row, read_table

__all__ = ["EventLabels", "check_submission_path", "read_submission", "write_submission"]


@dataclass(frozen=True)
class EventLabels:
    """One event's part of a submission.

    Attributes
    ----------
    event_id : int
    hit_id : ndarray of shape (n_hits,), int64
    track_id : ndarray of shape (n_hits,), int32 or int64
        Tracks are numbered within the event; 0 for hits without one.
    """

    event_id: int
    hit_id: Int64Array
    track_id: Int32Array | Int64Array

    def labels_of(self, hits: Hits, where: str | Path) -> Int64Array:
        """Return the track of each hit of the event, shape (n_hits,), int64.

        Raises
        ------
        InputError
            If a hit is missing, doubled or not the event's; `where` is what errors call the submission.
        """
        place = f"{where}: event {self.event_id}"
        order = np.argsort(self.hit_id, kind="stable")
        ids = self.hit_id[order]
        doubled = np.flatnonzero(np.diff(ids) == 0)
        if len(doubled):
            raise InputError(f"{place}: hit {ids[doubled[0]]} comes twice: give each hit one track")
        wanted = np.sort(hits.hit_id)
        missing, unknown = np.setdiff1d(wanted, ids), np.setdiff1d(ids, wanted)
        if len(unknown):
            raise InputError(
                f"{place}: hit {unknown[0]} is not in the event: score it against its own events"
            )
        if len(missing):
            raise InputError(
                f"{place}: hit {missing[0]} is missing: every hit needs a row (track 0 for none)"
            )
        return self.track_id[order[np.searchsorted(ids, hits.hit_id)]].astype(np.int64)


def check_submission_path(path: Path) -> None:
    """Raise InputError unless the path ends in .csv or .csv.gz and can be written."""
    if not path.name.endswith((".csv", ".csv.gz")):
        raise InputError(f"{path}: a submission must end in .csv or .csv.gz")
    if path.is_dir():
        raise InputError(f"{path}: it is a folder: name a file")


def write_submission(path: str | Path, events: Iterable[EventLabels]) -> None:
    """Write a submission of several events, in the order given, whole or not at all."""
    path = Path(path)
    check_submission_path(path)
    compression = "gzip" if path.name.endswith(".gz") else None
    schema = pa.schema([("event_id", pa.int64()), ("hit_id", pa.int64()), ("track_id", pa.int64())])
    with atomic_write(path) as temporary, pa.output_stream(str(temporary), compression=compression) as sink:
        sink.write(b"event_id,hit_id,track_id\n")
        for event in events:
            columns = [
                np.full(len(event.hit_id), event.event_id),
                event.hit_id,
                event.track_id.astype(np.int64),
            ]
            table = pa.Table.from_arrays([pa.array(column) for column in columns], schema=schema)
            pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))


def read_submission(path: str | Path) -> Mapping[int, EventLabels]:
    """Read a submission; returns the labels of each event, by event number.

    Raises
    ------
    InputError
        If the file is damaged or not in the submission format.
    """
    file = TableFile(Path(path))
    columns = read_table(file, "submission")
    negative = columns["track_id"] < 0
    if negative.any():
        row = first_row(negative)
        raise InputError(
            f"{file}: row {row}: track_id is {columns['track_id'][row - 1]}: it must not be negative"
        )
    order = np.argsort(columns["event_id"], kind="stable")
    numbers, starts = np.unique(columns["event_id"][order], return_index=True)
    parts = np.split(order, starts[1:]) if len(numbers) else []
    return {
        int(number): EventLabels(int(number), columns["hit_id"][rows], columns["track_id"][rows])
        for number, rows in zip(numbers, parts, strict=True)
    }
