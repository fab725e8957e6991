"""What a training is fed: windows drawn anew from streamed shards, mixed, in batches."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float32Array
from clew.errors import InputError
from clew.extend.features import Prompt
from clew.extend.helix import HelixConfig
from clew.extend.targets import examples, true_windows
from clew.tracksets import Tracks, TrackSet

__all__ = ["Data", "Sampling", "draw", "shuffled_batches"]

Data = tuple[Float32Array, Float32Array]
"""Inputs (n, 10, N_INPUTS) and targets (n, 5, N_TARGETS) of a network."""

PER_SHARD: Final = 8192
"""Windows taken of one event before the next is read."""

_POOL: Final = 65536
"""Windows that are mixed before batches are cut: those of eight events."""


@dataclass(frozen=True)
class Sampling:
    """How windows are drawn from true tracks; see `clew.extend.training.TrainingConfig`."""

    prompt: Prompt
    shortest: int
    thinning: float
    seed: int


def draw(
    sampling: Sampling, tracks: TrackSet, n: int, epoch: int, per_shard: int = PER_SHARD
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
        order = np.random.default_rng([sampling.seed, round_]).permutation(len(tracks))
        rng = np.random.default_rng([sampling.seed, epoch, visit])
        inputs, targets = _windows(sampling, tracks[order[place]], rng, min(left, per_shard))
        useless = 0 if len(inputs) else useless + 1
        if useless == 2 * len(tracks):  # a whole round, wherever it began
            raise InputError(
                f"the track sets hold no track of {sampling.shortest} hits: train on larger events"
            )
        if len(inputs):
            yield inputs, targets
        visit, left = visit + 1, left - len(inputs)


def _windows(sampling: Sampling, tracks: Tracks, rng: np.random.Generator, most: int) -> Data:
    windows, following = true_windows(tracks, rng, sampling.shortest, sampling.thinning)
    chosen = np.sort(rng.permutation(len(windows))[:most])
    inputs, targets = examples(
        tracks.hits, windows[chosen], following[chosen], sampling.prompt, HelixConfig()
    )
    useful = targets[..., -1].any(axis=1)
    return inputs[useful], targets[useful]


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
