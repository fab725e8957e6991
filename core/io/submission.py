"""Submissions: the challenge's file of one track number per hit, for one or several events."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from clew.arrays import Int32Array, Int64Array
from clew.errors import ClewWarning, InputError
from clew.io.atomic import atomic_stream, check_output
from clew.io.files import LIMIT, TableFile
from clew.io.schema import SUBMISSION
from clew.io.tables import read_table
from clew.lookup import NOT_LISTED, find_rows, first_duplicate

__all__ = ["LabelledEvent", "Submission", "check_submission_path", "read_submission", "write_submission"]

LabelledEvent: TypeAlias = tuple[int, Int64Array, Int32Array]
"""event_id, hit_id of shape (n_hits,), labels of shape (n_hits,)."""

NO_TRACK: Final = -1
"""Label of hits on no track."""

_ROWS: Final = pacsv.WriteOptions(include_header=False, quoting_style="none")


def write_submission(path: str | Path, events: Iterable[LabelledEvent]) -> None:
    """Write labels as event_id,hit_id,track_id, whole or not at all.

    Parameters
    ----------
    path : str or Path
        .csv or .csv.gz; replaced at the end.
    events : iterable of (event_id, hit_id, labels)
        Rows are written in this order.
    """
    check_submission_path(path)
    with atomic_stream(path) as stream:
        stream.write((",".join(SUBMISSION.columns) + "\n").encode())
        for event_id, hit_id, labels in events:
            number = np.full(len(hit_id), event_id, dtype=np.int64)
            columns = [_column(values) for values in (number, hit_id, labels)]
            pacsv.write_csv(pa.table(columns, names=list(SUBMISSION.columns)), stream, _ROWS)


def _column(values: Int64Array | Int32Array) -> pa.Array:
    """Return integers as a column; pyarrow's own way from an array imports pandas: half a second."""
    kind = pa.int32() if values.dtype == np.int32 else pa.int64()
    whole = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(whole), [None, pa.py_buffer(whole)])


def check_submission_path(path: str | Path) -> None:
    """Raise InputError unless a submission can be written there."""
    if not str(path).endswith((".csv", ".csv.gz")):
        raise InputError(f"{path}: a submission's name ends in .csv or .csv.gz: rename it")
    check_output(path)


@dataclass(frozen=True)
class Submission:
    """A submission as read: one entry per row.

    Attributes
    ----------
    file : TableFile
    event_id, hit_id, track_id : ndarray of shape (n_rows,), int64
    """

    file: TableFile
    event_id: Int64Array
    hit_id: Int64Array
    track_id: Int64Array

    @cached_property
    def event_ids(self) -> list[int]:
        """The numbers of the events in it, ascending."""
        return [int(number) for number in np.unique(self.event_id)]

    def require_events(self, known: Iterable[int]) -> None:
        """Raise InputError if it has an event that is not among the known ones."""
        unknown = sorted(set(self.event_ids) - set(known))
        if unknown:
            row = int(np.flatnonzero(self.event_id == unknown[0])[0]) + 1
            raise InputError(
                f"{self.file}, data row {row}: event {unknown[0]} is not among the given events: "
                "name the source that holds it"
            )

    def labels(self, event_id: int, hit_id: Int64Array) -> Int32Array:
        """Return the labels of one event's hits, in the order of `hit_id`.

        Equal labels mean equal track_id.  0 stays 0; NO_TRACK (-1) stays so, and stands for hits that the
        submission does not name.  The challenge's score counts 0 as a track like any other.

        Parameters
        ----------
        event_id : int
        hit_id : ndarray of shape (n_hits,), int64
            The event's hits.

        Raises
        ------
        InputError
            If a hit has several rows, or the submission names none of the hits.

        Warns
        -----
        ClewWarning
            Of hits without row, rows without hit, and of -1.
        """
        mine = np.flatnonzero(self.event_id == event_id)
        given = self.hit_id[mine]
        self._refuse_repeated(event_id, mine, given)
        row = find_rows(given, hit_id)
        lacking = int(np.count_nonzero(row == NOT_LISTED))
        if lacking == len(hit_id):
            raise InputError(f"{self.file}: names no hit of event {event_id}: is it for other events?")
        track = np.append(self.track_id[mine], NO_TRACK)[row]
        self._note(event_id, lacking, "hits have no row, and are on no track")
        unknown = int(np.count_nonzero(find_rows(hit_id, given) == NOT_LISTED))
        self._note(event_id, unknown, "rows name no hit of the event, and are left out")
        marked = int(np.count_nonzero(track == NO_TRACK)) - lacking
        self._note(event_id, marked, "hits have -1, which is no track")
        _, number = np.unique(np.concatenate([[NO_TRACK, 0], track]), return_inverse=True)
        label = number[2:] - number[1]
        return np.where(track == NO_TRACK, NO_TRACK, label).astype(np.int32)

    def _refuse_repeated(self, event_id: int, mine: Int64Array, given: Int64Array) -> None:
        repeated = first_duplicate(given)
        if repeated is not None:
            row, earlier = mine[repeated[0]], mine[repeated[1]]
            raise InputError(
                f"{self.file}, data row {row + 1}: hit {self.hit_id[row]} of event {event_id} is also in "
                f"data row {earlier + 1}: give each hit one row"
            )

    def _note(self, event_id: int, number: int, what: str) -> None:
        if number:
            warnings.warn(f"event {event_id}: {number} {what}", ClewWarning, stacklevel=3)


def read_submission(path: str | Path, only_event: int | None = None, limit: int = LIMIT) -> Submission:
    """Read a submission: .csv, compressed or not, or .parquet.

    Parameters
    ----------
    path : str or Path
    only_event : int, optional
        The event that all rows are of where there is no column event_id.
    limit : int
        Bytes to which a compressed file may unpack.

    Raises
    ------
    InputError
        Naming file, data row and remedy, if columns are wrong, or a value is not a whole number; identities
        start at 0.

    Warns
    -----
    ClewWarning
        If there is no column event_id; else as all tables, see `clew.io.tables`.
    """
    file = TableFile(Path(path), limit=limit)
    table = read_table(file, SUBMISSION)
    if len(table["hit_id"]) == 0:
        raise InputError(f"{file}: holds no rows: give each hit of each event one")
    if "event_id" not in table:
        if only_event is None:
            raise InputError(f"{file}: has no column event_id: add it, or name one event as the source")
        warnings.warn(f"no column event_id: all rows are of event {only_event}", ClewWarning, stacklevel=2)
        table["event_id"] = np.full(len(table["hit_id"]), only_event)
    for name in ("event_id", "hit_id"):
        negative = np.flatnonzero(table[name] < 0)
        if len(negative):
            raise InputError(
                f"{file}, data row {negative[0] + 1}: {name} is {table[name][negative[0]]}: "
                "numbers start at 0"
            )
    return Submission(file, table["event_id"], table["hit_id"], table["track_id"])
