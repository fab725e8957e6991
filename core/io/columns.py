"""Tables of many events in one parquet file: what the fits of tracks and vertices give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clew.errors import InputError
from clew.io.atomic import atomic_write, check_output

__all__ = ["check_table_path", "write_table"]


def check_table_path(path: str | Path) -> Path:
    """Return the path of a table that can be written; raises InputError otherwise."""
    if Path(path).suffix != ".parquet":
        raise InputError(f"{path}: tables are written as parquet: give a name that ends in .parquet")
    check_output(path)
    return Path(path)


def write_table(path: Path, events: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Write the rows of events one after the other, `event_id` as the first column.

    Parameters
    ----------
    path : Path
        Replaced, whole or not at all.
    events : iterable of (int, mapping)
        Number of an event and its arrays by column, all of one length; the same columns for every event.
    """
    rows = (_rows(event_id, columns) for event_id, columns in events)
    first = next(rows)
    with atomic_write(path) as temporary, pq.ParquetWriter(temporary, first.schema) as writer:
        writer.write_table(first)
        for table in rows:
            writer.write_table(table)


def _rows(event_id: int, columns: Mapping[str, Any]) -> pa.Table:
    n = len(next(iter(columns.values())))
    return pa.table({"event_id": np.full(n, event_id, dtype=np.int64)} | dict(columns))
