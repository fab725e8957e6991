"""Data preparation: the transforms of many events, in parallel, one file per event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from clew.errors import InputError
from clew.io import EventSource, atomic_write, held_folder, read_arrays, read_event
from clew.parallel import parallel_events
from clew.transforms.compose import Transform
from clew.transforms.points import Points, points_of

__all__ = ["prepare_events", "read_points"]

_FIELDS = ("values", "station", "particle", "row", "bucket")
_UNREADABLE = (OSError, KeyError, ValueError)


def prepare_events(
    sources: Sequence[EventSource], folder: Path, transform: Transform, jobs: int = 1, settings: str = ""
) -> Iterator[Path]:
    """Write the transformed hits of each event as an .npz; yields its path as it gets ready.

    A file depends on its event and the transform only, not on the number of jobs.  One that was made of the
    same files with the same settings is not made again.

    Parameters
    ----------
    sources : sequence of EventSource
    folder : Path
    transform : Transform
    jobs : int
        Processes.
    settings : str
        What the transform was built of, in any form that differs where it differs.

    Raises
    ------
    InputError
        If an event has no truth; then nothing is written.
    """
    for source in sources:
        source.require_truth()
    work = partial(_prepare, folder=folder, transform=transform, settings=settings)
    with held_folder(folder, folder):
        yield from parallel_events(work, sources, jobs)


def _prepare(source: EventSource, folder: Path, transform: Transform, settings: str) -> Path:
    path, origin = folder / f"event{source.event_id:09d}.npz", source.fingerprint(settings)
    if _origin(path) == origin:
        return path
    points = transform.apply(points_of(read_event(source)))
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, origin=np.array(origin), **{name: getattr(points, name) for name in _FIELDS})
    return path


def _origin(path: Path) -> str | None:
    """Return what a file was made of; None for one that is missing or damaged."""
    try:
        return str(read_arrays(path)["origin"])
    except _UNREADABLE:
        return None


def read_points(path: Path) -> Points:
    """Read what `prepare_events` wrote; raises InputError if it is damaged or missing."""
    try:
        content: dict[str, Any] = read_arrays(path)
        return Points(*(content[name] for name in _FIELDS))
    except _UNREADABLE as error:
        raise InputError(f"{path}: not readable prepared hits ({error}): prepare them anew") from error
