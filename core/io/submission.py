"""Submissions: the challenge's file of one track number per hit, for one or several events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from clew.arrays import Int32Array, Int64Array
from clew.errors import InputError
from clew.io.atomic import atomic_stream, check_output
from clew.io.schema import SUBMISSION
from clew.io.tables import TableFile, read_table
from clew.lookup import NOT_LISTED, find_rows, first_duplicate

__all__ = ["LabelledEvent", "Submission", "check_submission_path", "read_submission", "write_submission"]

LabelledEvent: TypeAlias = tuple[int, Int64Array, Int32Array]
"""event_id, hit_id of shape (n_hits,), labels of shape (n_hits,)."""

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
            table = pa.table(dict(zip(SUBMISSION.columns, (number, hit_id, labels), strict=True)))
            pacsv.write_csv(table, stream, _ROWS)


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

        Equal labels mean equal track_id; 0 stays 0.

        Parameters
        ----------
        event_id : int
        hit_id : ndarray of shape (n_hits,), int64
            The event's hits.

        Raises
        ------
        InputError
            If the submission has not exactly one row for each hit.
        """
        mine = np.flatnonzero(self.event_id == event_id)
        given = self.hit_id[mine]
        self._check_rows(event_id, mine, given, hit_id)
        track = self.track_id[mine][find_rows(given, hit_id)]
        _, number = np.unique(np.append(0, track), return_inverse=True)
        return number[1:].astype(np.int32)

    def _check_rows(self, event_id: int, mine: Int64Array, given: Int64Array, hit_id: Int64Array) -> None:
        repeated = first_duplicate(given)
        if repeated is not None:
            row, earlier = mine[repeated[0]], mine[repeated[1]]
            raise InputError(
                f"{self.file}, data row {row + 1}: hit {self.hit_id[row]} of event {event_id} is also in "
                f"data row {earlier + 1}: give each hit one row"
            )
        unknown = np.flatnonzero(find_rows(hit_id, given) == NOT_LISTED)
        if len(unknown):
            row = mine[unknown[0]]
            raise InputError(
                f"{self.file}, data row {row + 1}: event {event_id} has no hit {self.hit_id[row]}: "
                "remove the row"
            )
        lacking = np.flatnonzero(find_rows(given, hit_id) == NOT_LISTED)
        if len(lacking):
            raise InputError(
                f"{self.file}: hit {hit_id[lacking[0]]} of event {event_id} is missing, {len(lacking)} of "
                f"{len(hit_id)} hits in all: give each hit a row, with track_id 0 if it has no track"
            )


def read_submission(path: str | Path) -> Submission:
    """Read a submission, .csv or .csv.gz.

    Raises
    ------
    InputError
        Naming file, data row and remedy, if columns are wrong, or a value is not a whole number from 0.
    """
    file = TableFile(Path(path))
    table = read_table(file, SUBMISSION)
    if len(table["hit_id"]) == 0:
        raise InputError(f"{file}: holds no rows: give each hit of each event one")
    for name, values in table.items():
        negative = np.flatnonzero(values < 0)
        if len(negative):
            raise InputError(
                f"{file}, data row {negative[0] + 1}: {name} is {values[negative[0]]}: "
                "numbers start at 0, and 0 as track_id means no track"
            )
    return Submission(file, table["event_id"], table["hit_id"], table["track_id"])
