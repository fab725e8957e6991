"""The list of a track set's shards, tracks.json: what there is, of what it was made, and if it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from clew.errors import InputError
from clew.io import atomic_write, read_plain

__all__ = ["Entry", "Index", "read_index", "write_index"]

_NAME: Final = "tracks.json"
_FORMAT: Final = "clew tracks 1"


@dataclass(frozen=True)
class Entry:
    """One shard: its event, numbers of tracks and hits, and the fingerprint of the event's files."""

    event_id: int
    tracks: int
    hits: int
    fingerprint: str

    @property
    def file(self) -> str:
        """Name of the shard in the set's folder."""
        return f"event{self.event_id:09d}.npz"


@dataclass(frozen=True)
class Index:
    """What a track set holds.

    Attributes
    ----------
    command : str
        That makes it.
    simulation : dict
        The settings that `clew simulate` recorded beside the events; empty for others.
    complete : bool
        Whether all shards are there.
    entries : dict
        Shards by event number.
    """

    command: str
    simulation: dict[str, Any] = field(default_factory=dict)
    complete: bool = False
    entries: dict[int, Entry] = field(default_factory=dict)


def write_index(folder: Path, index: Index) -> None:
    """Write the folder's list of shards, whole or not at all."""
    entries = [asdict(entry) for _, entry in sorted(index.entries.items())]
    content = {
        "format": _FORMAT,
        "command": index.command,
        "simulation": index.simulation,
        "complete": index.complete,
        "shards": entries,
    }
    with atomic_write(folder / _NAME) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_index(folder: Path) -> Index | None:
    """Read a folder's list of shards; None if it has none; raises InputError if it is damaged."""
    path = folder / _NAME
    if not path.exists():
        return None
    try:
        content = json.loads(read_plain(path))
        entries = _entries(content["shards"])
        if content["format"] == _FORMAT:
            return Index(
                str(content["command"]), dict(content["simulation"]), bool(content["complete"]), entries
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a readable list of tracks ({error}): make the set anew") from error
    raise InputError(f"{path}: of another version of Clew ({content['format']}): make the set anew")


def _entries(rows: Iterable[dict[str, Any]]) -> dict[int, Entry]:
    return {int(row["event_id"]): Entry(**row) for row in rows}
