"""Training of the networks: checkpoints, early stopping, exact resume, and a log in CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from clew.errors import InputError
from clew.extend.batches import Data, Sampling, draw, shuffled_batches
from clew.extend.features import Prompt
from clew.extend.networks import build_network, import_keras
from clew.extend.records import load_weights, save_weights
from clew.io import atomic_write
from clew.tracks import SEED_LENGTH
from clew.tracksets import TrackSet

__all__ = ["TrainingConfig", "TrainingResult", "train"]


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
class TrainingResult:
    """How a training ended: where the best weights are, after which epoch, and their losses."""

    weights: Path
    best_epoch: int
    best_loss: float
    epochs: int
    test_loss: float | None = None


@dataclass
class _Progress:
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")


def train(
    config: TrainingConfig,
    tracks: TrackSet,
    validation: TrackSet,
    folder: Path,
    resume: bool = False,
    test: TrackSet | None = None,
    command: str = "clew train",
    on_epoch: Callable[[int, float, float], None] | None = None,
) -> TrainingResult:
    """Train a network on true tracks, which are read a shard at a time.

    Parameters
    ----------
    config : TrainingConfig
    tracks, validation : TrackSet
        Which windows are trained on, and which decide when to stop and what the best epoch is.
    folder : Path
        Gets checkpoint.npz and .json (to resume from), log.csv, and the best weights with their record, named
        after the network.
    resume : bool
        Go on from the folder's checkpoint: the result is that of an uninterrupted training.
    test : TrackSet, optional
        Measured once, with the best weights.
    command : str
        Written into the record, so that others can make the weights again.
    on_epoch : callable, optional
        Called after each epoch with its number, loss and validation loss.

    Raises
    ------
    InputError
        If a set holds no track that is long enough, or the folder a training that is not to be resumed or is
        another's.
    """
    if not resume and (folder / "checkpoint.npz").exists():
        raise InputError(f"{folder}: it holds a training already: resume it, or name another folder")
    keras = import_keras()
    keras.utils.set_random_seed(config.seed)
    held_out = _sample(config, validation)
    list(draw(config.sampling, tracks, 1, 0))  # bad sets are refused before the folder is made
    folder.mkdir(parents=True, exist_ok=True)
    model = _compiled_model(config)
    identity = {"config": asdict(config), "shards": len(tracks), "tracks": tracks.n_tracks}
    progress = _restore(model, identity, folder) if resume else _begin(folder)
    sets = {"training": tracks, "validation": validation} | ({} if test is None else {"test": test})
    about = {"command": command} | {name: _describe(given) for name, given in sets.items()}
    while progress.epoch < config.epochs and progress.epoch - progress.best_epoch < config.patience:
        loss = _run_epoch(model, config, tracks, progress.epoch)
        held_loss = _evaluate(model, config, held_out)
        progress.epoch += 1
        if held_loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = progress.epoch, held_loss
            _save_best(model, config, folder, about, progress)
        _log(folder / "log.csv", progress.epoch, loss, held_loss)
        _checkpoint(model, identity, folder, progress)
        if on_epoch is not None:
            on_epoch(progress.epoch, loss, held_loss)
    weights = folder / f"{config.network}.npz"
    test_loss = None if test is None else _test(model, config, test, weights)
    return TrainingResult(weights, progress.best_epoch, progress.best_loss, progress.epoch, test_loss)


def _compiled_model(config: TrainingConfig) -> Any:
    keras = import_keras()
    model = build_network(config.network, config.prompt)
    steps = -(-config.windows // config.batch) * config.epochs
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    # TensorFlow's own graph runs these small steps faster than XLA does on a CPU.
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.Nadam(schedule), loss=_loss(config.prompt), jit_compile=jit)
    model.optimizer.build(model.trainable_variables)
    return model


def _sample(config: TrainingConfig, tracks: TrackSet) -> Data:
    """Return the windows of a set that are measured, as many of each event."""
    per_shard = -(-config.held_out // len(tracks))
    pieces = list(draw(config.sampling, tracks, config.held_out, 0, per_shard))
    return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])


def _describe(tracks: TrackSet) -> list[dict[str, Any]]:
    """Return for a record what each folder of a set holds and by which command it was made."""
    return [
        {
            "set": str(folder),
            "command": index.command,
            "simulation": index.simulation,
            "events": len(index.entries),
            "first_event": min(index.entries),
            "last_event": max(index.entries),
            "tracks": sum(entry.tracks for entry in index.entries.values()),
        }
        for folder, index in zip(tracks.folders, tracks.indices, strict=True)
    ]


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


def _run_epoch(model: Any, config: TrainingConfig, tracks: TrackSet, epoch: int) -> float:
    pieces = draw(config.sampling, tracks, config.windows, epoch)
    rng = np.random.default_rng([config.seed, epoch])
    total = 0.0
    for inputs, targets in shuffled_batches(pieces, config.batch, rng):
        total += len(inputs) * float(model.train_on_batch(inputs, targets))
        model.reset_metrics()
    return total / config.windows


def _evaluate(model: Any, config: TrainingConfig, data: Data) -> float:
    return float(model.evaluate(*data, batch_size=8 * config.batch, verbose=0))


def _test(model: Any, config: TrainingConfig, tracks: TrackSet, path: Path) -> float:
    """Measure the best weights on the test tracks, and add the loss to their record."""
    best = load_weights(str(path))
    model.set_weights(best.arrays)
    loss = _evaluate(model, config, _sample(config, tracks))
    record = best.record | {"results": best.record["results"] | {"test_loss": loss}}
    save_weights(path, best.network, best.prompt, best.arrays, record)
    return loss


def _log(path: Path, epoch: int, loss: float, held_loss: float) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow([epoch - 1, repr(loss), repr(held_loss)])


def _begin(folder: Path) -> _Progress:
    with (folder / "log.csv").open("w", newline="") as file:
        csv.writer(file).writerow(["epoch", "loss", "val_loss"])
    return _Progress()


def _save_best(
    model: Any, config: TrainingConfig, folder: Path, about: dict[str, Any], progress: _Progress
) -> None:
    results = {"epoch": progress.best_epoch, "validation_loss": progress.best_loss}
    record = about | {"config": asdict(config), "results": results}
    path = folder / f"{config.network}.npz"
    save_weights(path, config.network, config.prompt, model.get_weights(), record)


def _checkpoint(model: Any, identity: dict[str, Any], folder: Path, progress: _Progress) -> None:
    """Write all that the next epoch depends on; the old checkpoint stays until the new one is complete."""
    state = [*model.get_weights(), *(variable.numpy() for variable in model.optimizer.variables)]
    about = json.dumps(identity | {"progress": asdict(progress)})
    with (folder / "checkpoint.new").open("wb") as file:
        np.savez(file, *state, about=np.array(about))
    (folder / "checkpoint.new").replace(folder / "checkpoint.npz")


def _restore(model: Any, identity: dict[str, Any], folder: Path) -> _Progress:
    path = folder / "checkpoint.npz"
    if not path.exists():
        return _begin(folder)
    with np.load(path) as content:
        about = json.loads(str(content["about"]))
        state = [content[f"arr_{i}"] for i in range(len(content.files) - 1)]
    progress = replace(_Progress(), **about.pop("progress"))
    if about != identity:
        raise InputError(
            f"{path}: belongs to another training: resume with its settings and track sets, "
            "or choose a new folder"
        )
    n_weights = len(model.get_weights())
    model.set_weights(state[:n_weights])
    for variable, value in zip(model.optimizer.variables, state[n_weights:], strict=True):
        variable.assign(value)
    _cut_log(folder / "log.csv", progress.epoch)
    return progress


def _cut_log(path: Path, epochs: int) -> None:
    """Take out what an interrupted run logged after its last checkpoint."""
    lines = path.read_text().splitlines(keepends=True)
    with atomic_write(path) as temporary:
        temporary.write_text("".join(lines[: 1 + epochs]))
