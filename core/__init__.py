"""Clew finds the tracks of charged particles in detector hits of the TrackML challenge.

>>> import clew
>>> event = clew.read_event("event000000001")
>>> result = clew.Pipeline.from_preset().reconstruct(event)
>>> result.labels  # one track number per hit

Names are loaded when first used, so that `import clew` and the command line start at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clew.errors import ClewError, ConfigError, InputError
    from clew.event import Cells, Event, Hits, Particles, Truth
    from clew.hits.free import FreeHits
    from clew.io import read_event, read_events, write_submission
    from clew.pipeline import Pipeline, Reconstruction
    from clew.stages import Ensemble, Extender, Grower, Seeder
    from clew.trackfit import Track, Tracks
    from clew.tracks import Candidates, Predictions, Seeds
    from clew.vertexing import Vertices

_HOME = {
    "Candidates": "tracks",
    "Cells": "event",
    "ClewError": "errors",
    "ConfigError": "errors",
    "Ensemble": "stages",
    "Event": "event",
    "Extender": "stages",
    "FreeHits": "hits.free",
    "Grower": "stages",
    "Hits": "event",
    "InputError": "errors",
    "Particles": "event",
    "Pipeline": "pipeline",
    "Predictions": "tracks",
    "Reconstruction": "pipeline",
    "Seeder": "stages",
    "Seeds": "tracks",
    "Track": "trackfit",
    "Tracks": "trackfit",
    "Truth": "event",
    "Vertices": "vertexing",
    "read_event": "io",
    "read_events": "io",
    "write_submission": "io",
}

__all__ = [
    "Candidates",
    "Cells",
    "ClewError",
    "ConfigError",
    "Ensemble",
    "Event",
    "Extender",
    "FreeHits",
    "Grower",
    "Hits",
    "InputError",
    "Particles",
    "Pipeline",
    "Predictions",
    "Reconstruction",
    "Seeder",
    "Seeds",
    "Track",
    "Tracks",
    "Truth",
    "Vertices",
    "read_event",
    "read_events",
    "write_submission",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"clew.{_HOME[name]}"), name)
    raise AttributeError(f"module 'clew' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
