"""Trained weights of the networks that predict windows' next hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clew.arrays import Float32Array
from clew.errors import ConfigError, InputError
from clew.extend.weights import weights_path
from clew.extend.windows.features import N_INPUTS, N_OUTPUTS, Prompt
from clew.extend.windows.networks import NETWORKS, layers_of
from clew.networks.records import check_shapes, load_arrays
from clew.settings import checked

__all__ = ["Weights", "WindowsRecord", "load_weights", "weight_shapes"]


@dataclass(frozen=True)
class Weights:
    """A trained network.

    Attributes
    ----------
    network : str
        Its name in `NETWORKS`.
    prompt : "helix" or "zeros"
        What its input is made of.
    arrays : list of ndarray, float32
        In the order of Keras's get_weights.
    record : dict
        All that is known about how it was made.
    """

    network: str
    prompt: Prompt
    arrays: list[Float32Array]
    record: dict[str, Any]


@dataclass(frozen=True)
class WindowsRecord:
    """What the record of a network tells."""

    network: str
    prompt: Prompt


def weight_shapes(network: str, prompt: Prompt) -> list[tuple[int, ...]]:
    """Return the shapes of a network's arrays in the order of Keras's get_weights."""
    shapes: list[tuple[int, ...]] = []
    width = N_INPUTS[prompt]
    for layer in layers_of(network):
        gates = 4 * layer.units
        shapes += [(width, gates), (layer.units, gates), (gates,)] * (1 + layer.both_ways)
        width = layer.units * (1 + layer.both_ways)
    return [*shapes, (width, N_OUTPUTS), (N_OUTPUTS,)]


def load_weights(name: str, network: str | None = None) -> Weights:
    """Read weights that ship with the package, by name, or from an .npz file, by path.

    Parameters
    ----------
    name : str
        A name among `clew.extend.weights.available_weights`, or a path that ends with .npz.
    network : str, optional
        The network that they must belong to.

    Raises
    ------
    ConfigError
        For an unknown name or weights of another network.
    InputError
        For a damaged or missing file.
    """
    path = weights_path(name)
    arrays, record = load_arrays(path)
    told = checked(WindowsRecord, record, str(path.with_suffix(".json")), InputError, others=True)
    if told.network not in NETWORKS:
        raise InputError(f"{path}: of an unknown network {told.network!r}: name other weights")
    if network is not None and told.network != network:
        raise ConfigError(f"weights {name} are of network {told.network}, not {network}: choose others")
    check_shapes(path, arrays, weight_shapes(told.network, told.prompt))
    return Weights(told.network, told.prompt, arrays, record)
