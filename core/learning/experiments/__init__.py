"""The experiments that ship with Clew: settings of one training each, in one TOML file each."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from clew.errors import ConfigError

__all__ = ["available_experiments", "read_experiment"]


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
    try:
        if name.endswith(".toml"):
            return tomllib.loads(Path(name).read_text(encoding="utf-8"))
        if name in available_experiments():
            return tomllib.loads((resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{name}: not a readable TOML file: {error}") from error
    known = ", ".join(available_experiments())
    raise ConfigError(f"{name}: no shipped experiment: choose one of {known}, or name a .toml file")
