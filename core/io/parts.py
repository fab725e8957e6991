"""Results of single events, kept until all are there, so that an interrupted run loses nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from clew.io.atomic import atomic_write
from clew.io.submission import EventLabels

__all__ = ["PartStore"]


class PartStore:
    """A folder beside the output with one file per finished event.

    A part is used again only if it was made from the same input files and the same configuration, which
    its fingerprint tells.
    """

    def __init__(self, output: Path, configuration: str) -> None:
        self._folder = output.with_name(f"{output.name}.parts")
        self._configuration = configuration

    def save(self, part: EventLabels, source: str, summary: dict[str, Any]) -> None:
        """Keep one event's labels and summary; `source` is the fingerprint of its input."""
        with atomic_write(self._path(part.event_id)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                hit_id=part.hit_id,
                track_id=part.track_id,
                fingerprint=self._fingerprint(source),
                summary=json.dumps(summary),
            )

    def load(self, event_id: int, source: str) -> tuple[EventLabels, dict[str, Any]] | None:
        """Return what was kept of an event; None if there is nothing usable."""
        try:
            with np.load(self._path(event_id)) as part:
                if str(part["fingerprint"]) != self._fingerprint(source):
                    return None
                labels = EventLabels(event_id, part["hit_id"], part["track_id"])
                return labels, json.loads(str(part["summary"]))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def remove(self) -> None:
        """Forget all parts."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, event_id: int) -> Path:
        return self._folder / f"event{event_id:09d}.npz"

    def _fingerprint(self, source: str) -> str:
        return hashlib.sha256(f"{self._configuration}\n{source}".encode()).hexdigest()
