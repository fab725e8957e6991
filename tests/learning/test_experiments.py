"""Experiments: found by name or file; bad ones give one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.errors import ConfigError
from clew.experiments import TASKS, available_experiments, read_experiment
from clew.settings import checked


@pytest.mark.parametrize("name", available_experiments())
def test_a_shipped_experiment_holds_valid_settings_of_its_task(name: str) -> None:
    settings = read_experiment(name)
    task = TASKS[str(settings.pop("task", "windows"))]
    checked(task.load(task.config), settings, name)


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('task = "recurrent"\nepochs = 3\n')
    assert read_experiment(str(path)) == {"task": "recurrent", "epochs": 3}


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(ConfigError, match=r"edges-none: no shipped experiment.*edges-barrel"):
        read_experiment("edges-none")


@pytest.mark.parametrize("text", [None, "epochs = ", "\udcff"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"bad\.toml: (cannot read|not valid TOML)"):
        read_experiment(str(path))
