"""What a training is fed: windows drawn anew from streamed shards, mixed, in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from clew.arrays import Float32Array
from clew.errors import InputError
from clew.learning.tasks import TrackTask
from clew.tracksets import Tracks, TrackSet

__all__ = ["Data", "DrawnTask", "Source", "draw", "shuffled_batches"]

Data = tuple[Float32Array, Float32Array]
"""Inputs (n, n_steps, n_inputs) and targets (n, ...) of a network."""


class Source(Protocol):
    """Makes inputs and targets of true tracks."""

    @property
    def wanted(self) -> str:
        """What it needs, such as "track of 6 hits"."""
        ...

    def take(self, tracks: Tracks, rng: np.random.Generator, most: int) -> Data:
        """Return inputs and targets of at most so many windows of the tracks of an event, at random."""
        ...


PER_SHARD: Final = 8192
"""Windows taken of one event before the next is read."""

_POOL: Final = 65536
"""Windows that are mixed before batches are cut: those of eight events."""


def draw(
    source: Source, seed: int, tracks: TrackSet, n: int, epoch: int, per_shard: int = PER_SHARD
) -> Iterator[Data]:
    """Yield n windows, some of each event, from shards read one after the other.

    Shards are visited in random order, and each epoch goes on where an even share of the epochs before
    it ends; when all have been visited, they are in another order, and other windows are drawn.

    Raises
    ------
    InputError
        If no shard holds a window.
    """
    share = -(-n // per_shard)
    visit, left, useless = epoch * share, n, 0
    while left:
        round_, place = divmod(visit, len(tracks))
        order = np.random.default_rng([seed, round_]).permutation(len(tracks))
        rng = np.random.default_rng([seed, epoch, visit])
        inputs, targets = source.take(tracks[order[place]], rng, min(left, per_shard))
        useless = 0 if len(inputs) else useless + 1
        if useless == 2 * len(tracks):  # a whole round, wherever it began
            raise InputError(f"the track sets hold no {source.wanted}: train on larger events")
        if len(inputs):
            yield inputs, targets
        visit, left = visit + 1, left - len(inputs)


class DrawnConfig(Protocol):
    """What the settings of every training on drawn windows have; see `clew.extend.windows.training`."""

    @property
    def epochs(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def windows(self) -> int: ...
    @property
    def held_out(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def seed(self) -> int: ...


Config = TypeVar("Config", bound=DrawnConfig)


@dataclass(frozen=True)
class DrawnTask(TrackTask[Config], ABC):
    """Learn from windows of true tracks; what they are made into, its subclasses say.

    Raises InputError if a set holds no window.
    """

    def __post_init__(self) -> None:
        for tracks in self.sets.values():
            list(self._draw(tracks, 1, 0))

    @property
    @abstractmethod
    def wanted(self) -> str:
        """What the task needs, such as "track of 6 hits"."""

    @abstractmethod
    def take(self, tracks: Tracks, rng: np.random.Generator, most: int) -> Data:
        """Return inputs and targets of at most so many windows of the tracks of an event, at random."""

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return -(-self.config.windows // self.config.batch) * self.config.epochs

    def batches(self, epoch: int) -> Iterator[Data]:
        """Yield windows drawn anew for the epoch."""
        pieces = self._draw(self.tracks, self.config.windows, epoch)
        rng = np.random.default_rng([self.config.seed, epoch])
        return shuffled_batches(pieces, self.config.batch, rng)

    @cached_property
    def _held_out(self) -> Data:
        return self._sample(self.validation)

    def validation_loss(self, model: Any) -> float:
        """Return the loss on windows of the validation tracks, always the same ones."""
        return self._evaluate(model, self._held_out)

    def test_loss(self, model: Any) -> float | None:
        """Return the loss on windows of the test tracks."""
        return None if self.test is None else self._evaluate(model, self._sample(self.test))

    def _draw(self, tracks: TrackSet, n: int, epoch: int, per_shard: int = PER_SHARD) -> Iterator[Data]:
        return draw(self, self.config.seed, tracks, n, epoch, per_shard)

    def _sample(self, tracks: TrackSet) -> Data:
        """Return the windows of a set that are measured, as many of each event."""
        per_shard = -(-self.config.held_out // len(tracks))
        pieces = list(self._draw(tracks, self.config.held_out, 0, per_shard))
        return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])

    def _evaluate(self, model: Any, data: Data) -> float:
        return float(model.evaluate(*data, batch_size=8 * self.config.batch, verbose=0))


def shuffled_batches(pieces: Iterable[Data], batch: int, rng: np.random.Generator) -> Iterator[Data]:
    """Mix the windows of several pieces and yield them in batches; only the last may be smaller."""
    pool: list[Data] = []
    for piece in pieces:
        pool.append(piece)
        if sum(len(inputs) for inputs, _ in pool) >= _POOL:
            pool = [(yield from _full_batches(pool, batch, rng))]
    rest = (yield from _full_batches(pool, batch, rng)) if pool else None
    if rest is not None and len(rest[0]):
        yield rest


def _full_batches(pool: list[Data], batch: int, rng: np.random.Generator) -> Generator[Data, None, Data]:
    """Yield the pool's windows in random order, in full batches; return those left over."""
    inputs, targets = (np.concatenate(part) for part in zip(*pool, strict=True))
    order = rng.permutation(len(inputs))
    n_full = len(order) // batch * batch
    for start in range(0, n_full, batch):
        rows = order[start : start + batch]
        yield inputs[rows], targets[rows]
    return inputs[order[n_full:]], targets[order[n_full:]]
