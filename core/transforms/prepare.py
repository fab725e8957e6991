"""Data preparation: the transforms of many events, in parallel, one file per event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from clew.driver import parallel_events
from clew.errors import InputError
from clew.io import EventSource, atomic_write, read_event
from clew.transforms.compose import Transform
from clew.transforms.points import Points, points_of

__all__ = ["prepare_events", "read_points"]

_FIELDS = ("values", "station", "particle", "row", "bucket")


def prepare_events(
    sources: Sequence[EventSource], folder: Path, transform: Transform, jobs: int = 1
) -> Iterator[Path]:
    """Write the transformed hits of each event as an .npz; yields its path as it gets ready.

    A file depends on its event and the transform only, not on the number of jobs.

    Raises
    ------
    InputError
        If an event has no truth; then nothing is written.
    """
    for source in sources:
        source.require_truth()
    folder.mkdir(parents=True, exist_ok=True)
    yield from parallel_events(partial(_prepare, folder=folder, transform=transform), sources, jobs)


def _prepare(source: EventSource, folder: Path, transform: Transform) -> Path:
    points = transform.apply(points_of(read_event(source)))
    path = folder / f"event{source.event_id:09d}.npz"
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **{name: getattr(points, name) for name in _FIELDS})
    return path


def read_points(path: Path) -> Points:
    """Read what `prepare_events` wrote; raises InputError if it is damaged or missing."""
    try:
        with np.load(BytesIO(path.read_bytes())) as content:
            return Points(*(content[name] for name in _FIELDS))
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: not readable prepared hits ({error}): prepare them anew") from error
