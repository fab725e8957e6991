"""Find the row that keeps a csv file from being read: slow, and only run after the fast reader gave up."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa

from clew.io.schema import Schema

__all__ = ["find_fault"]

_WHOLE: Final = re.compile(r"-?\d+", re.ASCII)
_NUMBER: Final = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_SAFE_DIGITS: Final = {pa.int32(): 9, pa.int64(): 18}
"""Digits that surely fit."""


def find_fault(content: bytes, names: list[str], schema: Schema) -> str | None:
    """Return the first fault of a csv file as "data row N: what: remedy", or None if every row looks right.

    Rows are counted from 1 below the header, empty lines not counted.
    """
    kinds = [schema.columns[name] for name in names]
    usual = re.compile(",".join(map(_usual_field, kinds)), re.ASCII)
    lines = content.decode(errors="replace").splitlines()[1:]
    for row, line in enumerate(filter(None, lines), start=1):
        fault = None if usual.fullmatch(line) else _fault(line.split(","), names, kinds)
        if fault:
            return f"data row {row}: {fault}"
    return None


def _usual_field(kind: pa.DataType) -> str:
    digits = _SAFE_DIGITS.get(kind)
    return r"-?\d+(?:\.\d+)?" if digits is None else rf"-?\d{{1,{digits}}}"


def _fault(fields: list[str], names: list[str], kinds: list[pa.DataType]) -> str | None:
    if len(fields) != len(names):
        return f"{len(fields)} fields instead of {len(names)}: is the file cut off?"
    for field, name, kind in zip(fields, names, kinds, strict=True):
        text = field.strip().strip('"')
        if kind not in _SAFE_DIGITS:
            if not _NUMBER.fullmatch(text):
                return f"{name} is {field!r}, not a number: correct it"
        elif not _WHOLE.fullmatch(text):
            return f"{name} is {field!r}, not a whole number: correct it"
        elif not _fits(int(text), kind):
            return f"{name} is {text}, too large for {kind}: correct it"
    return None


def _fits(value: int, kind: pa.DataType) -> bool:
    limits = np.iinfo(kind.to_pandas_dtype())
    return bool(limits.min <= value <= limits.max)
