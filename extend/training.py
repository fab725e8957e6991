"""Training of the networks: checkpoints, early stopping, exact resume, and a log in CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from clew.arrays import Float32Array
from clew.errors import InputError
from clew.event import Event
from clew.extend.features import Prompt
from clew.extend.helix import HelixConfig
from clew.extend.networks import build_network, import_keras
from clew.extend.records import save_weights
from clew.extend.targets import examples, true_windows
from clew.tracks import SEED_LENGTH

__all__ = ["TrainingConfig", "TrainingResult", "train"]

Data = tuple[Float32Array, Float32Array]


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
    batch : int
        Windows per step.
    learning_rate : float
        Of Nadam, at the start.
    patience : int
        Epochs without a better validation loss after which training ends.
    shortest : int
        Particles with fewer hits are not used.
    thinning : float
        See `clew.extend.targets.true_windows`.
    seed : int
    """

    network: str = "lstm-64"
    prompt: Prompt = "helix"
    epochs: int = 40
    batch: int = 1024
    learning_rate: float = 0.003
    patience: int = 8
    shortest: int = 6
    thinning: float = 0.2
    seed: int = 1


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended: where the best weights are, after which epoch, and their validation loss."""

    weights: Path
    best_epoch: int
    best_loss: float
    epochs: int


@dataclass
class _Progress:
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")


def train(
    config: TrainingConfig,
    events: Iterable[Event],
    validation: Iterable[Event],
    folder: Path,
    resume: bool = False,
    command: str = "clew train",
    on_epoch: Callable[[int, float, float], None] | None = None,
) -> TrainingResult:
    """Train a network on the true tracks of events.

    Parameters
    ----------
    config : TrainingConfig
    events, validation : iterable of Event
        With truth.
    folder : Path
        Gets checkpoint.npz and .json (to resume from), log.csv, and the best weights with their record, named
        after the network.
    resume : bool
        Go on from the folder's checkpoint: the result is that of an uninterrupted training.
    command : str
        Written into the record, so that others can make the weights again.
    on_epoch : callable, optional
        Called after each epoch with its number, loss and validation loss.

    Raises
    ------
    InputError
        If the events hold no track, or the folder a training that is not to be resumed or is another's.
    """
    if not resume and (folder / "checkpoint.npz").exists():
        raise InputError(f"{folder}: it holds a training already: resume it, or name another folder")
    keras = import_keras()
    keras.utils.set_random_seed(config.seed)
    data, numbers = _gather(config, events)
    held_out, held_numbers = _gather(config, validation)
    folder.mkdir(parents=True, exist_ok=True)
    model = build_network(config.network, config.prompt)
    steps = max(1, -(-len(data[0]) // config.batch)) * config.epochs
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    # TensorFlow's own graph runs these small steps faster than XLA does on a CPU.
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.Nadam(schedule), loss=_loss(config.prompt), jit_compile=jit)
    model.optimizer.build(model.trainable_variables)
    progress = _restore(model, config, folder) if resume else _begin(folder)
    about = {
        "command": command,
        "training_events": numbers,
        "validation_events": held_numbers,
        "training_windows": len(data[0]),
        "validation_windows": len(held_out[0]),
    }
    while progress.epoch < config.epochs and progress.epoch - progress.best_epoch < config.patience:
        loss, held_loss = _run_epoch(model, config, data, held_out, progress.epoch)
        progress.epoch += 1
        if held_loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = progress.epoch, held_loss
            _save_best(model, config, folder, about, progress)
        _log(folder / "log.csv", progress.epoch, loss, held_loss)
        _checkpoint(model, config, folder, progress)
        if on_epoch is not None:
            on_epoch(progress.epoch, loss, held_loss)
    weights = folder / f"{config.network}.npz"
    return TrainingResult(weights, progress.best_epoch, progress.best_loss, progress.epoch)


def _gather(config: TrainingConfig, events: Iterable[Event]) -> tuple[Data, list[int]]:
    parts, numbers = [], []
    for event in events:
        rng = np.random.default_rng([config.seed, event.event_id])
        windows, following = true_windows(event, rng, config.shortest, config.thinning)
        inputs, targets = examples(event, windows, following, config.prompt, HelixConfig())
        useful = targets[..., -1].any(axis=1)
        parts.append((inputs[useful], targets[useful]))
        numbers.append(event.event_id)
    if not sum(len(inputs) for inputs, _ in parts):
        raise InputError(f"events {numbers} hold no track of {config.shortest} hits: train on larger events")
    return (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])), numbers


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


def _run_epoch(
    model: Any, config: TrainingConfig, data: Data, held_out: Data, epoch: int
) -> tuple[float, float]:
    order = np.random.default_rng([config.seed, epoch]).permutation(len(data[0]))
    total = 0.0
    for start in range(0, len(order), config.batch):
        rows = order[start : start + config.batch]
        total += len(rows) * float(model.train_on_batch(data[0][rows], data[1][rows]))
        model.reset_metrics()
    held_loss = model.evaluate(*held_out, batch_size=8 * config.batch, verbose=0)
    return total / len(order), float(held_loss)


def _log(path: Path, epoch: int, loss: float, held_loss: float) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow([epoch, repr(loss), repr(held_loss)])


def _begin(folder: Path) -> _Progress:
    with (folder / "log.csv").open("w", newline="") as file:
        csv.writer(file).writerow(["epoch", "loss", "validation_loss"])
    return _Progress()


def _save_best(
    model: Any, config: TrainingConfig, folder: Path, about: dict[str, Any], progress: _Progress
) -> None:
    results = {"epoch": progress.best_epoch, "validation_loss": progress.best_loss}
    record = about | {"config": asdict(config), "results": results}
    path = folder / f"{config.network}.npz"
    save_weights(path, config.network, config.prompt, model.get_weights(), record)


def _checkpoint(model: Any, config: TrainingConfig, folder: Path, progress: _Progress) -> None:
    """Write all that the next epoch depends on; the old checkpoint stays until the new one is complete."""
    state = [*model.get_weights(), *(variable.numpy() for variable in model.optimizer.variables)]
    about = json.dumps({"config": asdict(config), "progress": asdict(progress)})
    with (folder / "checkpoint.new").open("wb") as file:
        np.savez(file, *state, about=np.array(about))
    (folder / "checkpoint.new").replace(folder / "checkpoint.npz")


def _restore(model: Any, config: TrainingConfig, folder: Path) -> _Progress:
    path = folder / "checkpoint.npz"
    if not path.exists():
        return _begin(folder)
    with np.load(path) as content:
        about = json.loads(str(content["about"]))
        state = [content[f"arr_{i}"] for i in range(len(content.files) - 1)]
    if about["config"] != asdict(config):
        raise InputError(
            f"{path}: belongs to another training: resume with its settings or choose a new folder"
        )
    n_weights = len(model.get_weights())
    model.set_weights(state[:n_weights])
    for variable, value in zip(model.optimizer.variables, state[n_weights:], strict=True):
        variable.assign(value)
    return replace(_Progress(), **about["progress"])
