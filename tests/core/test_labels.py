"""Pinned labels: a change that is not meant to change what is found changes no label of any preset.

`python tests/core/test_labels.py > tests/core/labels.toml` pins them anew.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from clew.event import Event
from clew.io import read_event
from clew.pipeline import Pipeline
from clew.preset import DEFAULT_PRESET, available_presets

PINNED: Final = Path(__file__).with_name("labels.toml")
EVENTS: Final = Path(__file__).resolve().parents[2] / "data" / "events"
SMALL: Final = ("event000000001", "event000000002")
LARGE: Final = "event000000003"


def cases() -> list[tuple[str, str]]:
    """Return preset and event: every preset on the small events, the default on the large one too."""
    return [(preset, event) for preset in available_presets() for event in SMALL] + [(DEFAULT_PRESET, LARGE)]


@cache
def event_of(name: str) -> Event:
    return read_event(EVENTS / name)


def digest(preset: str, event: str) -> str:
    """Return the sha256 of an event's labels, as 32-bit little-endian integers in the order of its hits."""
    labels = Pipeline.from_preset(preset).reconstruct(event_of(event).hits).labels
    return hashlib.sha256(labels.astype("<i4").tobytes()).hexdigest()


@pytest.mark.parametrize(("preset", "event"), cases())
def test_labels_are_those_that_were_pinned(preset: str, event: str) -> None:
    assert digest(preset, event) == tomllib.loads(PINNED.read_text(encoding="utf-8"))[preset][event]


def pin() -> None:
    """Print the digests of all cases as TOML."""
    preset = None
    for name, event in sorted(cases()):
        if name != preset:
            print(f"\n[{name}]")
            preset = name
        print(f'{event} = "{digest(name, event)}"', flush=True)


if __name__ == "__main__":
    pin()
