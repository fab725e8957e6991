"""Trained weights that ship with the package: NAME.npz and NAME.json in a folder of their stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, TypeVar

from clew.arrays import Float32Array
from clew.errors import ConfigError, InputError
from clew.networks.blocks import Shape
from clew.networks.records import check_shapes, load_arrays
from clew.settings import checked

__all__ = ["TrainedNetwork", "available_weights", "load_network", "load_record", "weights_path"]

_About = TypeVar("_About")


@dataclass(frozen=True)
class TrainedNetwork(Generic[_About]):
    """A network that is written once (see `clew.networks.blocks`) with its weights; it runs without Keras.

    Attributes
    ----------
    arrays : list of ndarray, float32
    record : dict
        How it was made: see `clew.learning.Task.record`.
    about
        What reconstruction needs to know of the record, checked.
    """

    arrays: list[Float32Array]
    record: dict[str, Any]
    about: _About


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


def load_record(
    path: Path, network: str, about: type[_About]
) -> tuple[list[Float32Array], dict[str, Any], _About]:
    """Return the arrays and the record of a network, and what the record must tell of it.

    Parameters
    ----------
    path : Path
        The .npz; its record lies beside it.
    network : str
        What the record must call the network.
    about : type
        A frozen dataclass of what the record must tell; see `clew.settings`.

    Raises
    ------
    InputError
        For a damaged file, another network's, or a record that lacks something or tells what cannot be.
    """
    arrays, record = load_arrays(path)
    if record.get("network") != network:
        raise InputError(f"{path}: weights of another network: name those of the task {network}")
    told = checked(about, record, str(path.with_suffix(".json")), InputError, others=True)
    return arrays, record, told


def load_network(
    path: Path, network: str, about: type[_About], shapes: Callable[[_About], Sequence[Shape]]
) -> tuple[list[Float32Array], dict[str, Any], _About]:
    """Return the arrays and the record of a network that is written once; see `clew.networks.blocks`.

    Parameters
    ----------
    path, network, about
        See `load_record`.
    shapes : callable
        Returns the shapes of the arrays, given what the record tells.

    Raises
    ------
    InputError
        As `load_record`, and for arrays that do not have these shapes.
    """
    arrays, record, told = load_record(path, network, about)
    check_shapes(path, arrays, shapes(told))
    return arrays, record, told
