"""Arrays of a network on disk: an .npz in the order of Keras's get_weights, and a .json about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from clew.arrays import Float32Array
from clew.errors import InputError
from clew.io import atomic_write, read_plain

__all__ = ["load_arrays", "save_arrays"]


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
        For a damaged or missing file, or arrays that are not those of the record.
    """
    record = _read_record(path.with_suffix(".json"))
    try:
        data = read_plain(path)
        with np.load(BytesIO(data)) as content:
            arrays = [content[f"arr_{i}"] for i in range(len(content.files))]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise InputError(
            f"{path}: not a readable .npz of weights ({error}): train or copy it anew"
        ) from error
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        raise InputError(f"{path}: not the file that its record describes: copy both anew")
    return arrays, record


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(read_plain(path))
        known = "sha256" in record
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: not a readable record of weights ({error}): copy it beside them"
        ) from error
    if not known:
        raise InputError(f"{path}: no sha256: copy the record anew")
    return record
