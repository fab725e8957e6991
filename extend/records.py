"""Trained weights on disk: an .npz of arrays in the order of Keras's get_weights and a .json record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from clew.arrays import Float32Array
from clew.errors import ConfigError, InputError
from clew.extend.features import N_ANSWERS, N_INPUTS, Prompt
from clew.extend.networks import layers_of
from clew.extend.weights import available_weights, weights_path
from clew.io import atomic_write

__all__ = ["Weights", "load_weights", "save_weights", "weight_shapes"]


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


def weight_shapes(network: str, prompt: Prompt) -> list[tuple[int, ...]]:
    """Return the shapes of a network's arrays in the order of Keras's get_weights."""
    shapes: list[tuple[int, ...]] = []
    width = N_INPUTS[prompt]
    for layer in layers_of(network):
        gates = 4 * layer.units
        shapes += [(width, gates), (layer.units, gates), (gates,)] * (1 + layer.both_ways)
        width = layer.units * (1 + layer.both_ways)
    return [*shapes, (width, N_ANSWERS), (N_ANSWERS,)]


def save_weights(
    path: Path, network: str, prompt: Prompt, arrays: Sequence[Float32Array], record: Mapping[str, Any]
) -> None:
    """Write `path` (.npz) and the record beside it (.json), which gains the file's SHA-256."""
    with atomic_write(path) as temporary:
        np.savez(temporary, *arrays)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    parameters = int(sum(array.size for array in arrays))
    identity = {"network": network, "prompt": prompt, "parameters": parameters, "sha256": digest}
    with atomic_write(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(identity | dict(record), indent=2) + "\n")


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
    path = Path(name) if name.endswith(".npz") else _shipped(name)
    record = _read_record(path.with_suffix(".json"))
    if network is not None and record["network"] != network:
        raise ConfigError(f"weights {name} are of network {record['network']}, not {network}: choose others")
    try:
        data = path.read_bytes()
        with np.load(BytesIO(data)) as content:
            arrays = [content[f"arr_{i}"] for i in range(len(content.files))]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise InputError(
            f"{path}: not a readable .npz of weights ({error}): train or copy it anew"
        ) from error
    expected = weight_shapes(record["network"], record["prompt"])
    if [array.shape for array in arrays] != expected:
        raise InputError(
            f"{path}: arrays do not have the shapes of {record['network']}: train or copy it anew"
        )
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        raise InputError(f"{path}: not the file that its record describes: copy both anew")
    return Weights(record["network"], record["prompt"], arrays, record)


def _shipped(name: str) -> Path:
    known = available_weights()
    if name not in known:
        raise ConfigError(f"unknown weights {name!r}: choose one of {', '.join(known)}, or a path to an .npz")
    return weights_path(name)


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        layers_of(record["network"])
        known = record["prompt"] in N_INPUTS and "sha256" in record
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a readable record of weights ({error}): copy it beside them"
        ) from error
    if not known:
        raise InputError(f"{path}: no sha256, or unknown prompt {record['prompt']!r}: copy the record anew")
    return record
