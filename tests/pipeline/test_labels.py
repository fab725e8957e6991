"""Pinned labels: a change that is not meant to change what is found changes no label of any preset.

`python tests/pipeline/test_labels.py > tests/pipeline/labels.toml` pins them anew.
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import tomli_w

from clew.event import Event
from clew.io import read_event
from clew.pipeline import Pipeline
from clew.pipeline.preset import DEFAULT_PRESET, available_presets

pytestmark = pytest.mark.slow

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
    """Write the digests of all cases as TOML."""
    table: dict[str, dict[str, str]] = {}
    for name, event in sorted(cases()):
        table.setdefault(name, {})[event] = digest(name, event)
    sys.stdout.write(tomli_w.dumps(table))


if __name__ == "__main__":
    pin()
