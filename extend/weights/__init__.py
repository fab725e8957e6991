"""Trained weights that ship with the package: NAME.npz and NAME.json each."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from clew.errors import ConfigError

__all__ = ["available_weights", "weights_path"]


def available_weights() -> list[str]:
    """Return the names of the weights inside the package."""
    return sorted(entry.name[:-4] for entry in files(__name__).iterdir() if entry.name.endswith(".npz"))


def weights_path(name: str) -> Path:
    """Return where the .npz of weights is: inside the package by name, or anywhere by path.

    Raises ConfigError for an unknown name.
    """
    if name.endswith(".npz"):
        return Path(name)
    known = available_weights()
    if name not in known:
        raise ConfigError(f"unknown weights {name!r}: choose one of {', '.join(known)}, or a path to an .npz")
    return Path(str(files(__name__).joinpath(f"{name}.npz")))
