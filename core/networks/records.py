"""Arrays of a network on disk: an .npz in the order of Keras's get_weights, and a .json about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import numpy as np

from clew.arrays import Float32Array
from clew.errors import InputError
from clew.io import atomic_write
from clew.plain import read_plain
from clew.settings import read_text

__all__ = ["check_shapes", "load_arrays", "save_arrays"]

_MOST_BYTES: Final = 1_000_000_000
"""Of the arrays of a network; the paper's largest one has 80,000,000."""

_LARGEST: Final = 10_000.0
"""Of a weight; the largest that ships is 7, and sums of larger ones may not be finite."""


def save_arrays(path: Path, arrays: Sequence[Float32Array], record: Mapping[str, Any]) -> None:
    """Write `path` (.npz) and the record beside it (.json), which gains the file's SHA-256."""
    with atomic_write(path) as temporary:
        np.savez(temporary, *arrays)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    about = {"parameters": int(sum(array.size for array in arrays)), "sha256": digest}
    with atomic_write(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(dict(record) | about, indent=2) + "\n")


def load_arrays(path: Path) -> tuple[list[Float32Array], dict[str, Any]]:
    """Return the arrays of an .npz and the record beside it.

    Raises
    ------
    InputError
        For a damaged or missing file, arrays that are not those of the record, and numbers that are not
        float32, not finite or beyond all weights of a network that learned something.
    """
    record = _read_record(path.with_suffix(".json"))
    data = _read_bytes(path)
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        raise InputError(f"{path}: not the file that its record describes: copy both anew")
    try:
        arrays = _arrays_of(data)
    except Exception as error:  # zipfile, zlib and numpy have a dozen kinds for damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path}: not a readable .npz of weights ({reason}): train or copy it anew"
        ) from error
    for number, array in enumerate(arrays):
        if array.dtype != np.float32:
            raise InputError(f"{path}: array {number} is of {array.dtype}, not float32: save it anew")
        if not np.all(np.abs(array) <= _LARGEST):
            raise InputError(
                f"{path}: array {number} holds numbers not finite or above {_LARGEST:g}: train it anew"
            )
    return arrays, record


def check_shapes(path: Path, arrays: Sequence[Float32Array], shapes: Sequence[tuple[int, ...]]) -> None:
    """Raise InputError unless the arrays of a file have the shapes of its network."""
    if [array.shape for array in arrays] != list(shapes):
        raise InputError(f"{path}: arrays do not have the shapes of their record: train or copy it anew")


def _read_bytes(path: Path) -> bytes:
    try:
        return read_plain(path, _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: not a readable .npz of weights ({error}): train or copy it anew"
        ) from error


def _arrays_of(data: bytes) -> list[Float32Array]:
    with ZipFile(BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("it would take more memory than any network")
    with np.load(BytesIO(data), allow_pickle=False) as content:
        arrays = [content[f"arr_{i}"] for i in range(len(content.files))]
    return [np.ascontiguousarray(array) if array.ndim else array for array in arrays]


def _read_record(path: Path) -> dict[str, Any]:
    text = read_text(path, "the record of the weights", InputError)
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a readable record of weights ({error}): copy it anew") from error
    if not isinstance(record, dict) or not isinstance(record.get("sha256"), str):
        raise InputError(f"{path}: no sha256: copy the record anew")
    return record
