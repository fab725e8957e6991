"""Clew finds the tracks of charged particles in detector hits of the TrackML challenge.

>>> import clew
>>> event = clew.read_event("event000000001")
>>> result = clew.Pipeline.from_preset().reconstruct(event)
>>> result.labels  # one track number per hit
>>> clew.score(result, event)  # by the truth, where it is known

Names and submodules, such as `clew.plots` and `clew.trackml`, are loaded when first used, so that
`import clew` and the command line start at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clew.detector import Detector, read_detector
    from clew.errors import ClewError, ConfigError, InputError
    from clew.event import Cells, Event, Hits, Particles, Truth
    from clew.hits.free import FreeHits
    from clew.io import read_event, read_events, write_submission
    from clew.pipeline import Pipeline, Preset, Reconstruction, score
    from clew.stages import Ensemble, Extender, Grower, Seeder
    from clew.trackfit import Track, Tracks
    from clew.tracks import Candidates, Predictions, Seeds
    from clew.vertexing import Vertices

_HOME = {
    "Candidates": "tracks",
    "Cells": "event",
    "ClewError": "errors",
    "ConfigError": "errors",
    "Detector": "detector",
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
    "Preset": "pipeline",
    "Reconstruction": "pipeline",
    "Seeder": "stages",
    "Seeds": "tracks",
    "Track": "trackfit",
    "Tracks": "trackfit",
    "Truth": "event",
    "Vertices": "vertexing",
    "read_detector": "detector",
    "read_event": "io",
    "read_events": "io",
    "score": "pipeline",
    "write_submission": "io",
}

__all__ = [
    "Candidates",
    "Cells",
    "ClewError",
    "ConfigError",
    "Detector",
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
    "Preset",
    "Reconstruction",
    "Seeder",
    "Seeds",
    "Track",
    "Tracks",
    "Truth",
    "Vertices",
    "read_detector",
    "read_event",
    "read_events",
    "score",
    "write_submission",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"clew.{_HOME[name]}"), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("clew")
    if not name.startswith("_"):
        try:
            return import_module(f"clew.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"clew.{name}":  # the submodule is there, and lacks a package that it needs
                raise
    raise AttributeError(f"module 'clew' has no attribute {name!r}")


def __dir__() -> list[str]:
    from pkgutil import iter_modules

    submodules = [found.name for found in iter_modules(__path__) if not found.name.startswith("_")]
    return sorted({*__all__, *submodules, "__version__"})
