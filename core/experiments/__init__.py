"""What `clew train` can train, and the experiments that ship: settings of one training, one TOML each."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from clew.errors import ConfigError
from clew.methods import Method
from clew.settings import parse_toml, read_text

__all__ = ["TASKS", "available_experiments", "read_experiment"]

TASKS: Final[dict[str, Method]] = {
    "condensation": Method(
        "clew.seeding.condensation.training", "CondensationTask", "CondensationTrainingConfig"
    ),
    "edges": Method("clew.seeding.graph.training", "EdgeTask", "EdgeTrainingConfig"),
    "segments": Method("clew.seeding.graph.segments_training", "SegmentTask", "SegmentTrainingConfig"),
    "tracknet": Method("clew.extend.tracknet.training", "TrackNetTask", "TrackNetTrainingConfig"),
    "stepwise": Method("clew.extend.stepwise.training", "StepwiseTask", "StepwiseTrainingConfig"),
    "windows": Method("clew.extend.windows.training", "WindowsTask", "TrainingConfig"),
    "recurrent": Method("clew.extend.recurrent.training", "RecurrentTask", "RecurrentTrainingConfig"),
}
"""What `clew train` can train; an implementation is made by `TaskClass.open(config, inputs)`."""


def available_experiments() -> tuple[str, ...]:
    """Return the names of the shipped experiments, sorted."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def read_experiment(name: str) -> dict[str, object]:
    """Return the settings in a TOML file, or in a shipped experiment of that name.

    Raises
    ------
    ConfigError
        For a file that cannot be read, and a name that no shipped experiment has.
    """
    if name.endswith(".toml"):
        return parse_toml(read_text(Path(name), "the settings"), name)
    if name in available_experiments():
        return parse_toml((resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8"), name)
    known = ", ".join(available_experiments())
    raise ConfigError(f"{name}: no shipped experiment: choose one of {known}, or name a .toml file")
