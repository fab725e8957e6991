"""The events that ship with Clew: two at pile-up 20 and one at pile-up 200, simulated."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

__all__ = ["LARGE_EVENT", "events_folder"]

LARGE_EVENT: Final = "event000000003"
"""Prefix of the event at pile-up 200, the size that benchmarks are about."""


def events_folder() -> Path:
    """Return the folder of the bundled events, a source for `clew.read_events`."""
    return Path(str(resources.files(__name__))) / "events"
