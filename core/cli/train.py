"""`clew train`: train a network on the true tracks of events."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from clew.cli.options import count

if TYPE_CHECKING:
    from clew.learning import Task

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "tracks", nargs="+", metavar="TRACKS", help="track sets to train on, as `clew dataset` makes them"
    )
    parser.add_argument(
        "--validation",
        nargs="+",
        required=True,
        metavar="TRACKS",
        help="track sets that decide when to stop and which epoch is the best",
    )
    parser.add_argument("--test", nargs="+", metavar="TRACKS", help="track sets to measure at the end")
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder for weights, record, log and checkpoint"
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="settings of the training: a .toml, or the name of a shipped experiment; options go first",
    )
    parser.add_argument(
        "--task", metavar="NAME", help="what to train, see the tasks in `clew info` (default: windows)"
    )
    parser.add_argument("--network", metavar="NAME", help="such as lstm-64, bilstm-64-32 or lstm-2048")
    parser.add_argument("--epochs", type=count, metavar="N", help="epochs at most")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all random numbers")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")


def run(options: argparse.Namespace) -> None:
    """Train, with progress, and say where the weights are."""
    from pathlib import Path

    from clew.learning import train
    from clew.plots import draw_learning_curve

    folder = Path(options.output)
    result = train(_task(options), folder, options.resume, _command(options), _print_epoch)
    curve = draw_learning_curve(folder / "log.csv", folder / "learning-curve.png")
    print(f"best epoch:  {result.best_epoch} of {result.epochs}, validation loss {result.best_loss:.4f}")
    if result.test_loss is not None:
        print(f"test loss:   {result.test_loss:.4f}")
    print(f"weights:     {result.weights}")
    print(f"record:      {result.weights.with_suffix('.json')}")
    print(f"curve:       {curve}")


def _print_epoch(epoch: int, loss: float, validation_loss: float) -> None:
    print(f"epoch {epoch:3d}  loss {loss:.4f}  validation loss {validation_loss:.4f}", flush=True)


def _task(options: argparse.Namespace) -> Task:
    from clew.errors import ConfigError
    from clew.experiments import TASKS, read_experiment
    from clew.learning.inputs import Inputs
    from clew.settings import checked

    settings = read_experiment(options.config) if options.config else {}
    given = {key: getattr(options, key) for key in ("task", "network", "epochs", "seed")}
    settings |= {key: value for key, value in given.items() if value is not None}
    where, name = options.config or "training settings", str(settings.pop("task", "windows"))
    if name not in TASKS:
        raise ConfigError(f"{where}: unknown task {name!r}: choose one of {', '.join(sorted(TASKS))}")
    config = checked(TASKS[name].load(TASKS[name].config), settings, where)
    inputs = Inputs(options.tracks, options.validation, options.test)
    task: Task = TASKS[name].load(TASKS[name].implementation).open(config, inputs)
    return task


def _command(options: argparse.Namespace) -> str:
    words = ["clew", "train", *options.tracks, "--validation", *options.validation]
    words += ["--test", *options.test] if options.test else []
    words += ["--output", options.output]
    for key in ("config", "task", "network", "epochs", "seed"):
        if getattr(options, key) is not None:
            words += [f"--{key}", str(getattr(options, key))]
    return shlex.join(words)
