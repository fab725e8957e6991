"""Training of the recurrent network: it learns what a filter's predictions along true tracks are worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import Field

from clew.arrays import Float32Array, Int32Array
from clew.detector import Detector
from clew.errors import InputError
from clew.extend.growing.network import MOST_UNITS
from clew.extend.growing.steps import Steps, steps_of
from clew.extend.growing.targets import stack
from clew.extend.growing.trained import motion_record
from clew.extend.recurrent.model import build_model, likelihood_loss
from clew.learning.tasks import TrackTask
from clew.motion.state import Motion
from clew.networks.keras import compile_model
from clew.settings import Name, Switch, within
from clew.tracksets import TrackSet

__all__ = ["RecurrentTask", "RecurrentTrainingConfig", "StepsTask", "StepsTrainingConfig", "model_inputs"]


Batch = tuple[tuple[Float32Array, Float32Array], Float32Array]


@dataclass(frozen=True)
class StepsTrainingConfig:
    """Settings of trainings on the steps of a filter along true tracks.

    Attributes
    ----------
    name : str
        What the weights are called.
    scattering, strip_discs, energy_loss : float
        See clew.extend.kalman.grower.KalmanConfig.
    epochs, patience : int
        Epochs at most, and without a better validation loss.
    events : int
        Shards per epoch; the next epoch goes on with others.
    mixed : int
        Shards that are mixed before batches are cut.
    held_out : int
        Shards of the validation and of the test sets that are measured, evenly spread.
    batch : int
        Tracks per step, each in one direction.
    learning_rate : float
        Of Nadam, at the start.
    seed : int
    """

    name: Name = "steps"
    scattering: Annotated[float, within(0, 10)] = 1.3
    strip_discs: Annotated[float, within(0, 10)] = 1.5
    energy_loss: Annotated[float, within(0, 1)] = 0.01
    epochs: Annotated[int, within(1, 100_000)] = 10
    patience: Annotated[int, within(1, 100_000)] = 5
    events: Annotated[int, within(1, 100_000)] = 80
    mixed: Annotated[int, within(1, 1000)] = 8
    held_out: Annotated[int, within(1, 1000)] = 10
    batch: Annotated[int, within(1, 100_000)] = 1024
    learning_rate: Annotated[float, within(1e-8, 1)] = 0.003
    seed: Annotated[int, within(0, 2**32 - 1)] = 1

    @property
    def motion(self) -> Motion:
        """How tracks deviate from a Kalman filter's predictions."""
        return Motion(self.scattering, self.strip_discs, self.energy_loss)


@dataclass(frozen=True)
class RecurrentTrainingConfig(StepsTrainingConfig):
    """Settings of a training of the recurrent network: those of all on steps, and its own.

    Attributes
    ----------
    filtered : bool
        Whether the network corrects a Kalman filter; else helices through the last three hits.
    units, hidden : int
        Size of the hidden state, and of the dense layer after it: multiples of 4, by which kernels go.
    """

    name: Name = "gru-16"
    filtered: Switch = True
    units: Annotated[int, within(4, MOST_UNITS), Field(multiple_of=4)] = 16
    hidden: Annotated[int, within(4, MOST_UNITS), Field(multiple_of=4)] = 16

    @property
    def motion(self) -> Motion:
        """How the filter lets tracks deviate."""
        return super().motion._replace(filtered=self.filtered)


def model_inputs(features: Float32Array, layers: Int32Array, n_layers: int) -> Float32Array:
    """Return what the Keras model takes: the features of each step, and its layer as one of `n_layers`."""
    layer: Float32Array = (layers[..., None] == np.arange(n_layers)).astype(np.float32)
    return np.concatenate([features, layer], axis=-1)


Config = TypeVar("Config", bound=StepsTrainingConfig)


@dataclass(frozen=True)
class StepsTask(TrackTask[Config], ABC):
    """Learn from the steps of a filter along true tracks; what, its subclasses say.

    Raises InputError if a shard holds no track that crosses four layers.
    """

    def __post_init__(self) -> None:
        self._follow(self.tracks, 0)

    @property
    def name(self) -> str:
        """What the weights are called."""
        return self.config.name

    @cached_property
    def detector(self) -> Detector:
        """What measured the tracks."""
        return self.tracks[0].hits.detector

    @abstractmethod
    def example(self, steps: Steps) -> Batch:
        """Return the model's inputs and targets of some sequences of steps."""

    @abstractmethod
    def build(self) -> tuple[Any, Any]:
        """Return the untrained model and its loss."""

    def compiled_model(self) -> Any:
        """Return the network with Nadam."""
        config = self.config
        per_event = len(self._follow(self.tracks, 0).layer)
        steps = config.epochs * max(config.events * per_event // config.batch, 1)
        return compile_model(*self.build(), config.learning_rate, steps)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the tracks of the epoch's shards, mixed."""
        config, n = self.config, len(self.tracks)
        visits = range(epoch * config.events, (epoch + 1) * config.events)
        orders = {k: np.random.default_rng([config.seed, k]).permutation(n) for k in {v // n for v in visits}}
        shards = [int(orders[visit // n][visit % n]) for visit in visits]
        rng = np.random.default_rng([config.seed, epoch])
        for begin in range(0, len(shards), config.mixed):
            steps = _joined([self._follow(self.tracks, k) for k in shards[begin : begin + config.mixed]])
            order = rng.permutation(len(steps.layer))
            for start in range(0, len(order), config.batch):
                yield self.example(_chosen(steps, order[start : start + config.batch]))

    @cached_property
    def _held_out(self) -> Steps:
        return self._sample(self.validation)

    def validation_loss(self, model: Any) -> float:
        """Return the loss on the validation tracks."""
        return self._evaluate(model, self._held_out)

    def test_loss(self, model: Any) -> float | None:
        """Return the loss on the test tracks."""
        return None if self.test is None else self._evaluate(model, self._sample(self.test))

    def _follow(self, tracks: TrackSet, number: int) -> Steps:
        steps = steps_of(tracks[number], self.config.motion)
        if not len(steps.layer):
            raise InputError(
                f"{tracks.shards[number][0]}: no track crosses four layers: train on larger events"
            )
        return steps

    def _sample(self, tracks: TrackSet) -> Steps:
        numbers = np.unique(np.linspace(0, len(tracks) - 1, self.config.held_out).astype(int))
        return _joined([self._follow(tracks, int(k)) for k in numbers])

    def _evaluate(self, model: Any, steps: Steps) -> float:
        total, n, batch = 0.0, 0, 8 * self.config.batch
        for start in range(0, len(steps.layer), batch):
            part = _chosen(steps, slice(start, start + batch))
            n_steps = int((part.layer >= 0).sum())
            total += n_steps * float(model.test_on_batch(*self.example(part)))
            model.reset_metrics()
            n += n_steps
        return total / n


@dataclass(frozen=True)
class RecurrentTask(StepsTask[RecurrentTrainingConfig]):
    """Learn how far hits are from a filter's predictions."""

    def record(self) -> dict[str, Any]:
        """Return the filter's settings, material and settings."""
        return {"network": "recurrent", "motion": motion_record(self.config.motion)} | super().record()

    def build(self) -> tuple[Any, Any]:
        """Return the network and its loss."""
        return build_model(self.config.units, self.config.hidden, len(self.detector)), likelihood_loss

    def example(self, steps: Steps) -> Batch:
        """Return the features and queries with their layers, and the targets."""
        n_layers = len(self.detector)
        features = model_inputs(steps.features, steps.last_layer, n_layers)
        return (features, model_inputs(steps.query, steps.layer, n_layers)), stack(steps.targets)


def _joined(parts: list[Steps]) -> Steps:
    return Steps(*(np.concatenate(same) for same in zip(*parts, strict=True)))


def _chosen(steps: Steps, rows: Any) -> Steps:
    return Steps(*(part[rows] for part in steps))
