"""Events from data frames and back: the tables of the TrackML format without files."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from clew.detector import Detector
from clew.errors import InputError
from clew.event import Event
from clew.io.events import read_event
from clew.io.files import TableFile
from clew.io.schema import TABLES
from clew.io.sources import EventSource
from clew.io.write import event_tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["event_of_frames", "frame_of_event"]


@dataclass(frozen=True)
class _FrameFile(TableFile):
    """A data frame that is read as a file would be, with the same checks."""

    data: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        return f"data frame of {self.path.stem}"

    def content(self) -> bytes:
        """Return the data frame as parquet."""
        return self.data


def event_of_frames(
    event_id: int, frames: dict[str, pd.DataFrame | None], detector: Detector | None = None
) -> Event:
    """Make an event of the data frames of its tables, by name; see `clew.Event.from_pandas`."""
    tables = {part: _as_file(part, frame) for part, frame in frames.items() if frame is not None}
    return read_event(EventSource(event_id, dict[str, TableFile](tables)), detector=detector)


def frame_of_event(event: Event, part: str) -> pd.DataFrame:
    """Return one table of an event as a data frame; see `clew.Event.to_pandas`."""
    import pandas as pd

    tables = event_tables(event)
    if part not in tables:
        raise InputError(f"event {event.event_id} has no table {part!r}: choose one of {', '.join(tables)}")
    return pd.DataFrame(tables[part])


def _as_file(part: str, frame: pd.DataFrame) -> _FrameFile:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{part} must be a pandas DataFrame, not a {type(frame).__name__}")
    stream = BytesIO()
    try:
        table = pa.Table.from_pandas(
            frame[[name for name in TABLES[part].columns if name in frame.columns]], preserve_index=False
        )
    except (pa.ArrowException, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"data frame of {part}: not a table of numbers: {reason}: correct it") from error
    pq.write_table(table, stream, compression="none", write_page_checksum=True)
    return _FrameFile(Path(f"{part}.parquet"), data=stream.getvalue())
