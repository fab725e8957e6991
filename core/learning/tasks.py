"""What tasks share: their settings, and track sets to learn from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Generic, Protocol, Self, TypeVar

from clew.learning.inputs import Inputs
from clew.tracksets import TrackSet, open_tracks

__all__ = ["ConfiguredTask", "TrackTask"]


class Settings(Protocol):
    """What the settings of every training, frozen dataclasses, have; see `clew.learning.Task`."""

    @property
    def epochs(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def seed(self) -> int: ...


Config = TypeVar("Config", bound=Settings)


@dataclass(frozen=True)
class ConfiguredTask(Generic[Config]):
    """A task with settings; see `clew.learning.Task`."""

    config: Config

    @property
    def epochs(self) -> int:
        """Epochs at most."""
        return self.config.epochs

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss after which training ends."""
        return self.config.patience

    @property
    def seed(self) -> int:
        """Seed of all random numbers."""
        return self.config.seed

    def settings(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        return asdict(self.config)  # type: ignore[call-overload]


@dataclass(frozen=True)
class TrackTask(ConfiguredTask[Config]):
    """A task on true tracks, read a shard at a time; `test` is measured once, with the best weights."""

    tracks: TrackSet
    validation: TrackSet
    test: TrackSet | None = None

    @classmethod
    def open(cls, config: Config, inputs: Inputs) -> Self:
        """Make the task of track sets, as `clew dataset` makes them."""
        test = None if inputs.test is None else open_tracks(*inputs.test)
        return cls(config, open_tracks(*inputs.training), open_tracks(*inputs.validation), test)

    @property
    def sets(self) -> dict[str, TrackSet]:
        """All material by what it is for."""
        sets = {"training": self.tracks, "validation": self.validation}
        return sets if self.test is None else sets | {"test": self.test}

    def identity(self) -> dict[str, Any]:
        """Return settings and what the material was made of."""
        shards = [entry.fingerprint for tracks in self.sets.values() for _, entry in tracks.shards]
        return {"config": self.settings(), "material": sha256("\n".join(shards).encode()).hexdigest()}

    def record(self) -> dict[str, Any]:
        """Return how the track sets were made, and the settings."""
        return {name: tracks.describe() for name, tracks in self.sets.items()} | {"config": self.settings()}
