"""What tasks on whole events share: where the events are, and what the record tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from clew.io import EventSource, find_events
from clew.learning.inputs import Inputs
from clew.learning.tasks import Config, ConfiguredTask

__all__ = ["EventTask"]


@dataclass(frozen=True)
class EventTask(ConfiguredTask[Config]):
    """A task on events with truth, by what they are for: training, validation, test."""

    sources: dict[str, list[EventSource]]

    @classmethod
    def open(cls, config: Config, inputs: Inputs) -> Self:
        """Make the task of event folders; raises InputError where one has no truth."""
        named = zip(("training", "validation", "test"), inputs, strict=True)
        sources = {name: [s for path in paths for s in find_events(path)] for name, paths in named if paths}
        for source in (source for part in sources.values() for source in part):
            source.require_truth()
        return cls(config, sources)

    def identity(self) -> dict[str, Any]:
        """Return settings and material."""
        events = {name: [source.fingerprint("") for source in part] for name, part in self.sources.items()}
        return {"config": self.settings(), "events": events}

    def record(self) -> dict[str, Any]:
        """Return how many events there are for what, and the settings."""
        material = {f"{name}_events": len(part) for name, part in self.sources.items()}
        return material | {"config": self.settings()}
