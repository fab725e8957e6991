"""The training loop of every network: checkpoints, early stopping, exact resume, and a log in CSV."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from clew.arrays import Float32Array
from clew.errors import ClewWarning, InputError
from clew.io import atomic_write, held_folder, read_arrays
from clew.machine import clew_version
from clew.networks.keras import make_reproducible
from clew.networks.records import load_arrays, save_arrays

__all__ = ["Task", "TrainingResult", "train"]

_CHECKPOINT: Final = "checkpoint.npz"


class Task(Protocol):
    """What a network learns, and from what."""

    @property
    def name(self) -> str:
        """What the file of weights is called."""
        ...

    @property
    def epochs(self) -> int:
        """Epochs at most."""
        ...

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss after which training ends."""
        ...

    @property
    def seed(self) -> int:
        """Seed of all random numbers."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return all that the result depends on, as JSON can hold it; checkpoints belong to it."""
        ...

    def record(self) -> dict[str, Any]:
        """Return what the weights' record shall tell of settings and material."""
        ...

    def compiled_model(self) -> Any:
        """Return an untrained Keras model with its optimizer and loss."""
        ...

    def batches(self, epoch: int) -> Iterator[tuple[Any, Any]]:
        """Yield the inputs, an array or a tuple, and targets of an epoch's steps, the same whenever asked."""
        ...

    def validation_loss(self, model: Any) -> float:
        """Return the loss on what decides when to stop and which epoch is best."""
        ...

    def test_loss(self, model: Any) -> float | None:
        """Return the loss on what nothing was chosen by, if there is such."""
        ...


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
    task: Task,
    folder: Path,
    resume: bool = False,
    command: str = "clew train",
    on_epoch: Callable[[int, float, float], None] | None = None,
) -> TrainingResult:
    """Train a task's network.

    Parameters
    ----------
    task : Task
    folder : Path
        Gets checkpoint.npz and .json (to resume from), log.csv, and the best weights with their record, named
        after the task.
    resume : bool
        Go on from the folder's checkpoint: the result is that of an uninterrupted training.
    command : str
        Written into the record, so that others can make the weights again.
    on_epoch : callable, optional
        Called after each epoch with its number, loss and validation loss.

    Raises
    ------
    InputError
        If the folder holds a training that is not to be resumed or is another's.
    RunError
        If another run is training in the folder.

    Warns
    -----
    ClewWarning
        If the checkpoint is damaged: then training begins anew.
    """
    with held_folder(folder, folder):
        if not resume and (folder / _CHECKPOINT).exists():
            raise InputError(f"{folder}: it holds a training already: resume it, or name another folder")
        return _train(task, folder, resume, command, on_epoch)


def _train(
    task: Task, folder: Path, resume: bool, command: str, on_epoch: Callable[[int, float, float], None] | None
) -> TrainingResult:
    make_reproducible(task.seed)
    model = task.compiled_model()
    model.optimizer.build(model.trainable_variables)
    progress = _restore(model, task, folder) if resume else _begin(folder)
    weights = folder / f"{task.name}.npz"
    about = {"command": command} | task.record()
    while progress.epoch < task.epochs and progress.epoch - progress.best_epoch < task.patience:
        loss = _run_epoch(model, task, progress.epoch)
        held_loss = task.validation_loss(model)
        progress.epoch += 1
        if held_loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = progress.epoch, held_loss
            results = {"epoch": progress.best_epoch, "validation_loss": progress.best_loss}
            save_arrays(weights, model.get_weights(), about | {"results": results})
        _log(folder / "log.csv", progress.epoch, loss, held_loss)
        _checkpoint(model, task, folder, progress)
        if on_epoch is not None:
            on_epoch(progress.epoch, loss, held_loss)
    test_loss = _test(model, task, weights)
    return TrainingResult(weights, progress.best_epoch, progress.best_loss, progress.epoch, test_loss)


def _run_epoch(model: Any, task: Task, epoch: int) -> float:
    # Unlike train_on_batch, fit compiles one step for batches of any length: after an interruption, when
    # others are met first, its sums are the same.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your input ran out of data")  # that is how an epoch ends
        history = model.fit(task.batches(epoch), epochs=1, shuffle=False, verbose=0)
    return float(history.history["loss"][0])


def _test(model: Any, task: Task, path: Path) -> float | None:
    """Measure the best weights on the test material, and add the loss to their record."""
    arrays, record = load_arrays(path)
    model.set_weights(arrays)
    loss = task.test_loss(model)
    if loss is not None:
        save_arrays(path, arrays, record | {"results": record["results"] | {"test_loss": loss}})
    return loss


def _log(path: Path, epoch: int, loss: float, held_loss: float) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerow([epoch - 1, repr(loss), repr(held_loss)])


def _begin(folder: Path) -> _Progress:
    with (folder / "log.csv").open("w", newline="") as file:
        csv.writer(file).writerow(["epoch", "loss", "val_loss"])
    return _Progress()


def _state(model: Any) -> Sequence[Float32Array]:
    """Return all that the next epoch's steps depend on."""
    return [*model.get_weights(), *(variable.numpy() for variable in model.optimizer.variables)]


def _identity(task: Task) -> dict[str, Any]:
    return {"version": clew_version()} | task.identity()


def _checkpoint(model: Any, task: Task, folder: Path, progress: _Progress) -> None:
    """Write all that the next epoch depends on; the old checkpoint stays until the new one is complete."""
    about = json.dumps(_identity(task) | {"progress": asdict(progress)})
    with atomic_write(folder / _CHECKPOINT) as temporary, temporary.open("wb") as file:
        np.savez(file, *_state(model), about=np.array(about))


def _restore(model: Any, task: Task, folder: Path) -> _Progress:
    path = folder / _CHECKPOINT
    if not path.exists():
        return _begin(folder)
    try:
        content = read_arrays(path)
        about = json.loads(str(content["about"]))
        state = [content[f"arr_{i}"] for i in range(len(content) - 1)]
    except (OSError, KeyError, ValueError) as error:
        warnings.warn(f"{path}: {error}: training begins anew", ClewWarning, stacklevel=2)
        return _begin(folder)
    progress = replace(_Progress(), **about.pop("progress"))
    if about != json.loads(json.dumps(_identity(task))):
        raise InputError(
            f"{path}: belongs to another training: resume with its settings and material, "
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
