"""Trained weights that ship with the package: NAME.npz and NAME.json each."""

from __future__ import annotations

from pathlib import Path

from clew.networks import shipped

__all__ = ["available_weights", "weights_path"]


def available_weights() -> list[str]:
    """Return the names of the weights inside the package."""
    return shipped.available_weights(__name__)


def weights_path(name: str) -> Path:
    """Return where the .npz of weights is: inside the package by name, or anywhere by path.

    Raises ConfigError for an unknown name.
    """
    return shipped.weights_path(__name__, name)
