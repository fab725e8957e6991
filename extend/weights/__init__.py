"""Trained weights that ship with the package: NAME.npz and NAME.json each."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["available_weights", "weights_path"]


def available_weights() -> list[str]:
    """Return the names of the weights inside the package."""
    return sorted(entry.name[:-4] for entry in files(__name__).iterdir() if entry.name.endswith(".npz"))


def weights_path(name: str) -> Path:
    """Return where the .npz of the weights of this name is inside the package."""
    return Path(str(files(__name__).joinpath(f"{name}.npz")))
