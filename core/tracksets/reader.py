"""Read track sets shard by shard; no more than one is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clew.errors import InputError
from clew.tracksets.index import Entry, Index, read_index
from clew.tracksets.shards import read_shard
from clew.tracksets.tracks import Tracks

__all__ = ["TrackSet", "open_tracks"]


@dataclass(frozen=True)
class TrackSet:
    """The shards of one or more folders.

    >>> for tracks in open_tracks("tracks/train"):
    ...     print(tracks.event_id, len(tracks))

    Attributes
    ----------
    folders : tuple of Path
    indices : tuple of Index
        What each folder holds.
    shards : tuple of (Path, Entry)
        Where each shard is; by folder, then event number.
    """

    folders: tuple[Path, ...]
    indices: tuple[Index, ...]
    shards: tuple[tuple[Path, Entry], ...]

    def __len__(self) -> int:
        return len(self.shards)

    def __getitem__(self, number: int) -> Tracks:
        path, entry = self.shards[number]
        tracks = read_shard(path)
        if (tracks.event_id, len(tracks), len(tracks.hits)) != (entry.event_id, entry.tracks, entry.hits):
            raise InputError(f"{path}: not the shard of its tracks.json: run its `clew dataset` again")
        return tracks

    def __iter__(self) -> Iterator[Tracks]:
        return (self[number] for number in range(len(self)))

    @property
    def n_tracks(self) -> int:
        """Number of tracks of all shards."""
        return sum(entry.tracks for _, entry in self.shards)

    def describe(self) -> list[dict[str, Any]]:
        """Return for a record what each folder holds and by which command it was made."""
        return [
            {
                "set": str(folder),
                "command": index.command,
                "simulation": index.simulation,
                "events": len(index.entries),
                "first_event": min(index.entries),
                "last_event": max(index.entries),
                "tracks": sum(entry.tracks for entry in index.entries.values()),
            }
            for folder, index in zip(self.folders, self.indices, strict=True)
        ]

    def shuffled(self, seed: int | Sequence[int]) -> Iterator[Tracks]:
        """Yield all shards in random order, and the tracks of each; the same for the same seed."""
        rng = np.random.default_rng(seed)
        for number in rng.permutation(len(self)):
            tracks = self[number]
            yield tracks.select(rng.permutation(len(tracks)))


def open_tracks(*folders: str | Path) -> TrackSet:
    """Open track sets that `clew dataset` made.

    Raises
    ------
    InputError
        If a folder holds no track set, or one whose making was interrupted.
    """
    paths = tuple(Path(folder) for folder in folders)
    indices = tuple(_complete_index(path) for path in paths)
    shards = [
        (path / entry.file, entry)
        for path, index in zip(paths, indices, strict=True)
        for _, entry in sorted(index.entries.items())
    ]
    return TrackSet(paths, indices, tuple(shards))


def _complete_index(folder: Path) -> Index:
    index = read_index(folder)
    if index is None:
        raise InputError(f"{folder}: no track set: make one with `clew dataset EVENTS -o {folder}`")
    if not index.complete:
        raise InputError(f"{folder}: its making was interrupted: run `{index.command}` again")
    return index
