"""Make a track set from events: in parallel processes, resumable."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from clew.errors import InputError
from clew.io import EventSource, held_folder, read_event
from clew.parallel import parallel_events
from clew.tracksets.index import Entry, Index, read_index, write_index
from clew.tracksets.shards import read_shard, write_shard
from clew.tracksets.tracks import tracks_of

__all__ = ["make_tracks"]

_SETTINGS: Final = "tracks 1"
_SIMULATION: Final = "simulation.toml"
"""Where `clew simulate` records its settings, in the folder of the events."""


def make_tracks(sources: Sequence[EventSource], folder: Path, jobs: int, command: str) -> Iterator[Entry]:
    """Write one shard per event into a folder; yields each as it gets ready, finished ones at once.

    A shard depends on its event only.  An interrupted run goes on where it stopped, and one with more events
    adds those; events whose files have changed are made again.

    Parameters
    ----------
    sources : sequence of EventSource
        With truth and particles.
    folder : Path
        Made if it does not exist.
    jobs : int
        Events at the same time.
    command : str
        Written into the list of shards, so that others can make the set again.

    Raises
    ------
    InputError
        If an event has no truth, or the folder holds events that are not among the sources.
    """
    for source in sources:
        source.require_truth()
    fingerprints = {source.event_id: source.fingerprint(_SETTINGS) for source in sources}
    simulation = _simulation(sources[0])
    with held_folder(folder, folder):
        done = _finished(folder, fingerprints)
        index = Index(command, simulation, False, done)
        write_index(folder, index)
        yield from (done[event_id] for event_id in sorted(done))
        todo = [source for source in sources if source.event_id not in done]
        work = partial(_make_shard, folder=folder, fingerprints=fingerprints)
        for entry in parallel_events(work, todo, jobs):
            index = replace(index, entries=index.entries | {entry.event_id: entry})
            write_index(folder, index)
            yield entry
        write_index(folder, replace(index, complete=True))


def _simulation(source: EventSource) -> dict[str, Any]:
    path = source.tables["hits"].path.with_name(_SIMULATION)
    if not path.is_file():
        return {}
    try:
        settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["simulation"]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not a record of a simulation ({error}): correct or remove it") from error
    return settings


def _finished(folder: Path, fingerprints: dict[int, str]) -> dict[int, Entry]:
    index = read_index(folder)
    if index is None:
        return {}
    others = sorted(index.entries.keys() - fingerprints.keys())
    if others:
        raise InputError(
            f"{folder}: holds event {others[0]}, {len(others)} in all, which is not asked for: "
            "name another folder"
        )
    return {
        event_id: entry
        for event_id, entry in index.entries.items()
        if entry.fingerprint == fingerprints[event_id] and _is_whole(folder, entry)
    }


def _is_whole(folder: Path, entry: Entry) -> bool:
    try:
        tracks = read_shard(folder / entry.file)
    except InputError:
        return False
    return (tracks.event_id, len(tracks), len(tracks.hits)) == (entry.event_id, entry.tracks, entry.hits)


def _make_shard(source: EventSource, folder: Path, fingerprints: dict[int, str]) -> Entry:
    tracks = tracks_of(read_event(source))
    entry = Entry(source.event_id, len(tracks), len(tracks.hits), fingerprints[source.event_id])
    write_shard(folder / entry.file, tracks)
    return entry
