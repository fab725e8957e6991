"""Training of the networks that predict windows' next hits: the material of each epoch, and the losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from clew.extend.windows.features import Prompt
from clew.extend.windows.helix import HelixConfig
from clew.extend.windows.networks import build_network
from clew.extend.windows.targets import examples, true_windows
from clew.learning.batches import Data, DrawnTask
from clew.networks.keras import compile_model
from clew.settings import within
from clew.tracks import SEED_LENGTH
from clew.tracksets import Tracks

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
        See `clew.extend.windows.targets.true_windows`.
    seed : int
    """

    network: str = "lstm-64"
    prompt: Prompt = "helix"
    epochs: Annotated[int, within(1, 100_000)] = 40
    windows: Annotated[int, within(1, 100_000_000)] = 524_288
    held_out: Annotated[int, within(1, 1_000_000)] = 102_400
    batch: Annotated[int, within(1, 100_000)] = 1024
    learning_rate: Annotated[float, within(1e-8, 1)] = 0.003
    patience: Annotated[int, within(1, 100_000)] = 8
    shortest: Annotated[int, within(1, 100)] = 6
    thinning: Annotated[float, within(0, 0.9)] = 0.2
    seed: Annotated[int, within(0, 2**32 - 1)] = 1


@dataclass(frozen=True)
class WindowsTask(DrawnTask[TrainingConfig]):
    """Learn what follows a window of five hits."""

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
        model = build_network(config.network, config.prompt)
        return compile_model(model, _loss(config.prompt), config.learning_rate, self.steps)

    @property
    def wanted(self) -> str:
        """What the task needs."""
        return f"track of {self.config.shortest} hits"

    def take(self, tracks: Tracks, rng: np.random.Generator, most: int) -> Data:
        """Return at most so many windows whose targets are known, as the network sees them."""
        config = self.config
        windows, following = true_windows(tracks, rng, config.shortest, config.thinning)
        chosen = np.sort(rng.permutation(len(windows))[:most])
        inputs, targets = examples(
            tracks.hits, windows[chosen], following[chosen], config.prompt, HelixConfig()
        )
        useful = targets[..., -1].any(axis=1)
        return inputs[useful], targets[useful]


def _loss(prompt: Prompt) -> Any:
    """Return the mean absolute error, or with learnt deviations the Laplace likelihood."""
    from keras import ops

    def loss(targets: Any, outputs: Any) -> Any:
        outputs, counts = outputs[:, SEED_LENGTH:], targets[..., -1]
        if prompt == "zeros":
            wrong = ops.mean(ops.abs(outputs - targets[..., :-1]), axis=-1)
        else:
            spread = ops.clip(outputs[..., 2:], -6.0, 6.0)
            wrong = ops.sum(ops.abs(outputs[..., :2] - targets[..., :2]) * ops.exp(-spread) + spread, axis=-1)
        return ops.sum(wrong * counts, axis=-1) / 5.0

    return loss
