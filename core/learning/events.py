"""What tasks on whole events share: where the events are, and what the record tells of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np

from clew.io import EventSource, find_events
from clew.learning.inputs import Inputs
from clew.learning.tasks import ConfiguredTask, Settings

__all__ = ["EventTask"]


class EventSettings(Settings, Protocol):
    """What the settings of trainings on events have; see `EventTask.visits`."""

    @property
    def name(self) -> str: ...
    @property
    def events(self) -> int: ...
    @property
    def mixed(self) -> int: ...


EventConfig = TypeVar("EventConfig", bound=EventSettings)

Visits = list[tuple[EventSource, float]]


@dataclass(frozen=True)
class EventTask(ConfiguredTask[EventConfig], ABC):
    """A task on events with truth, by what they are for: training, validation, test."""

    sources: dict[str, list[EventSource]]

    @property
    def name(self) -> str:
        """What the weights are called."""
        return self.config.name

    @classmethod
    def open(cls, config: EventConfig, inputs: Inputs) -> Self:
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

    def visits(self, sources: list[EventSource], epoch: int) -> Iterator[tuple[Visits, np.random.Generator]]:
        """Yield the events of an epoch, `mixed` at a time; the next epoch goes on with those that follow.

        Each comes with the azimuth [rad] at which the first of its sectors begins, drawn anew for each epoch,
        and all with the generator that is to mix what they hold.
        """
        c = self.config
        rng = np.random.default_rng([c.seed, epoch])
        numbers = np.arange(epoch * c.events, (epoch + 1) * c.events) % len(sources)
        turned = list(zip((sources[k] for k in numbers), rng.uniform(0, 2 * np.pi, c.events), strict=True))
        for begin in range(0, len(turned), c.mixed):
            yield turned[begin : begin + c.mixed], rng

    def validation_loss(self, model: Any) -> float:
        """Return the mean loss on the validation events, sector by sector."""
        return self.held_out_loss(model, "validation")

    def test_loss(self, model: Any) -> float | None:
        """Return the mean loss on the test events, if there are any."""
        return self.held_out_loss(model, "test") if "test" in self.sources else None

    @abstractmethod
    def held_out_loss(self, model: Any, name: str) -> float:
        """Return the mean loss on the validation or the test events."""
