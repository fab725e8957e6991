"""A second reader of csv, slow and simple, that says what the values of an accepted table are."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import Any

import numpy as np

__all__ = ["assert_as_written", "same"]

_NO_TRACK = -1


def assert_as_written(columns: dict[str, np.ndarray[Any, Any]], content: bytes) -> None:
    """Compare the columns that were read with the text of the file."""
    lines = [
        line.decode(errors="replace") for line in content.removeprefix(b"\xef\xbb\xbf").splitlines() if line
    ]
    header, *rows = (next(csv.reader([line], skipinitialspace=True)) for line in lines)
    names = [name.strip().strip('"') for name in header]
    for name, values in columns.items():
        place = names.index(name)
        assert len(values) == len(rows), f"{len(values)} values of {name} in {len(rows)} rows"
        for value, row in zip(values, rows, strict=True):
            written = row[place].strip()
            assert same(value, written), f"{name}: read {value!r}, written {written!r}"


def same(value: Any, written: str) -> bool:
    """Tell whether a value is the nearest of its type to the number that was written."""
    if isinstance(value, np.floating):
        return bool(value == type(value)(float(written)))
    if written.lower() in ("", "nan"):
        return bool(value == _NO_TRACK)
    exact = Decimal(written)
    return exact == int(value) or exact == int(value) + 2**64
