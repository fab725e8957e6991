"""Trained weights that ship with the package: NAME.npz and NAME.json in a folder of their stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from clew.arrays import Float32Array
from clew.errors import ConfigError, InputError
from clew.networks.blocks import Shape
from clew.networks.records import load_arrays

__all__ = ["TrainedNetwork", "available_weights", "load_network", "weights_path"]


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that is written once (see `clew.networks.blocks`) with its weights; it runs without Keras.

    Attributes
    ----------
    arrays : list of ndarray, float32
    record : dict
        How it was made: see `clew.learning.Task.record`.
    """

    arrays: list[Float32Array]
    record: dict[str, Any]


def available_weights(package: str) -> list[str]:
    """Return the names of the weights inside a package, such as "clew.extend.weights"."""
    return sorted(entry.name[:-4] for entry in files(package).iterdir() if entry.name.endswith(".npz"))


def weights_path(package: str, name: str) -> Path:
    """Return where the .npz of weights is: inside the package by name, or anywhere by path.

    Raises ConfigError for an unknown name.
    """
    if name.endswith(".npz"):
        return Path(name)
    known = available_weights(package)
    if name not in known:
        raise ConfigError(f"unknown weights {name!r}: choose one of {', '.join(known)}, or a path to an .npz")
    return Path(str(files(package).joinpath(f"{name}.npz")))


def load_network(
    path: Path, network: str, shapes: Callable[[Mapping[str, Any]], Sequence[Shape]]
) -> tuple[list[Float32Array], dict[str, Any]]:
    """Return the arrays and the record of a network that is written once; see `clew.networks.blocks`.

    Parameters
    ----------
    path : Path
        The .npz; its record lies beside it.
    network : str
        What the record must call the network.
    shapes : callable
        Returns the shapes of the arrays, given what the record has under "shape".

    Raises
    ------
    InputError
        For a damaged file, another network's, or arrays that do not have the record's shapes.
    """
    arrays, record = load_arrays(path)
    if record.get("network") != network or "shape" not in record:
        raise InputError(f"{path}: weights of another network: name those of the task {network}")
    if [array.shape for array in arrays] != list(shapes(record["shape"])):
        raise InputError(f"{path}: arrays do not have the shapes of their record: train or copy it anew")
    return arrays, record
