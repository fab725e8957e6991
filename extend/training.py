"""Training of the networks that predict windows' next hits: the material of each epoch, and the losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from clew.extend.batches import Data, Sampling, draw, shuffled_batches
from clew.extend.features import Prompt
from clew.extend.networks import build_network
from clew.learning.keras import compile_model
from clew.learning.tasks import TrackTask
from clew.tracks import SEED_LENGTH
from clew.tracksets import TrackSet

__all__ = ["TrainingConfig", "WindowsTask"]


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training.

    Attributes
    ----------
    network : str
        Name in `NETWORKS`.
    prompt : "helix" or "zeros"
    epochs : int
        At most; the learning rate falls to nothing over them as a cosine.
    windows : int
        Windows of true tracks per epoch, drawn anew for each.
    held_out : int
        Windows of the validation tracks, and of the test tracks, that are measured; always the same.
    batch : int
        Windows per step.
    learning_rate : float
        Of Nadam, at the start.
    patience : int
        Epochs without a better validation loss after which training ends.
    shortest : int
        Tracks with fewer hits are not used.
    thinning : float
        See `clew.extend.targets.true_windows`.
    seed : int
    """

    network: str = "lstm-64"
    prompt: Prompt = "helix"
    epochs: int = 40
    windows: int = 524_288
    held_out: int = 102_400
    batch: int = 1024
    learning_rate: float = 0.003
    patience: int = 8
    shortest: int = 6
    thinning: float = 0.2
    seed: int = 1

    @property
    def sampling(self) -> Sampling:
        """How windows are drawn."""
        return Sampling(self.prompt, self.shortest, self.thinning, self.seed)


@dataclass(frozen=True)
class WindowsTask(TrackTask[TrainingConfig]):
    """Learn what follows a window of five hits.

    Raises InputError if a set holds no track that is long enough.
    """

    def __post_init__(self) -> None:
        for tracks in self.sets.values():
            list(draw(self.config.sampling, tracks, 1, 0))

    @property
    def name(self) -> str:
        """The network's name."""
        return self.config.network

    def record(self) -> dict[str, Any]:
        """Return network, material and settings."""
        return {"network": self.config.network, "prompt": self.config.prompt} | super().record()

    def compiled_model(self) -> Any:
        """Return the network with Nadam."""
        config = self.config
        steps = -(-config.windows // config.batch) * config.epochs
        model = build_network(config.network, config.prompt)
        return compile_model(model, _loss(config.prompt), config.learning_rate, steps)

    def batches(self, epoch: int) -> Iterator[Data]:
        """Yield windows drawn anew for the epoch."""
        pieces = draw(self.config.sampling, self.tracks, self.config.windows, epoch)
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

    def _sample(self, tracks: TrackSet) -> Data:
        """Return the windows of a set that are measured, as many of each event."""
        per_shard = -(-self.config.held_out // len(tracks))
        pieces = list(draw(self.config.sampling, tracks, self.config.held_out, 0, per_shard))
        return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])

    def _evaluate(self, model: Any, data: Data) -> float:
        return float(model.evaluate(*data, batch_size=8 * self.config.batch, verbose=0))


def _loss(prompt: Prompt) -> Any:
    """Return the mean absolute error, or with learnt deviations the Laplace likelihood."""
    from keras import ops

    def loss(targets: Any, answers: Any) -> Any:
        answers, counts = answers[:, SEED_LENGTH:], targets[..., -1]
        if prompt == "zeros":
            wrong = ops.mean(ops.abs(answers - targets[..., :-1]), axis=-1)
        else:
            spread = ops.clip(answers[..., 2:], -6.0, 6.0)
            wrong = ops.sum(ops.abs(answers[..., :2] - targets[..., :2]) * ops.exp(-spread) + spread, axis=-1)
        return ops.sum(wrong * counts, axis=-1) / 5.0

    return loss
