"""Read a csv field by field: what the fast reader gives up on is read here, or its first fault is named."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clew.io.schema import Schema

__all__ = ["FieldError", "Fields", "read_fields", "shortened"]

_WHOLE: Final = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER: Final = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_INEXACT: Final = 2**53
"""From here on float64 does not hold all whole numbers."""

_MOST_DIGITS: Final = 100
_SHOWN: Final = 40


class FieldError(ValueError):
    """Why a csv cannot be read: "data row N: what: remedy"."""


class Fields(dict[str, NDArray[Any]]):
    """Columns by name; `floats` names those of whole numbers that were written as 1.0, `powers` as 1e3."""

    def __init__(self) -> None:
        super().__init__()
        self.floats: list[str] = []
        self.powers: list[str] = []


_Parse: TypeAlias = Callable[[str], Any]


def shortened(text: str) -> str:
    """Return the text as a message may quote it."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def read_fields(content: bytes, names: list[str], schema: Schema) -> Fields:
    """Read the columns of a schema from a csv.

    Parameters
    ----------
    content : bytes
        With its header.
    names : list of str
        All columns of the header.
    schema : Schema

    Raises
    ------
    FieldError
        For the first field that is wrong; rows count from 1 below the header, empty lines not counted.
    """
    wanted = {name: names.index(name) for name in schema.columns if name in names}
    fields = Fields()
    parsers = {name: _parser(name, schema, fields) for name in wanted}
    values: dict[str, list[Any]] = {name: [] for name in wanted}
    for row, line in enumerate(_rows(content), start=1):
        if len(line) != len(names):
            raise FieldError(f"data row {row}: {_odd_row(len(line), len(names))}")
        for name, place in wanted.items():
            try:
                values[name].append(parsers[name](line[place].strip()))
            except ValueError as error:
                raise FieldError(f"data row {row}: {name} is {error}") from error
    for name in wanted:
        fields[name] = np.array(values[name], dtype=schema.columns[name].to_pandas_dtype())
    return fields


def _rows(content: bytes) -> Iterator[list[str]]:
    for line in filter(None, content.splitlines()[1:]):
        text = line.decode(errors="replace")
        try:
            yield next(csv.reader([text])) if '"' in text else text.split(",")
        except csv.Error:
            yield [text]


def _odd_row(found: int, expected: int) -> str:
    remedy = "is the file cut off?" if found < expected else "are there decimal commas?"
    return f"{found} fields instead of {expected}: {remedy}"


def _parser(name: str, schema: Schema, fields: Fields) -> _Parse:
    """Return what turns a column's text into a number, or raises ValueError saying what it is instead."""
    kind = schema.columns[name]
    if pa.types.is_floating(kind):
        return _number
    bits, unsigned = kind.bit_width, name in schema.unsigned
    highest = 2**bits if unsigned else 2 ** (bits - 1)

    def parse(text: str) -> int:
        if _WHOLE.fullmatch(text):
            value = int(text) if len(text) <= _MOST_DIGITS else highest
        elif name in schema.blank and text.lower() in ("", "nan"):
            return schema.blank[name]
        else:
            value = _rounded(text)
            noted = fields.powers if "e" in text.lower() else fields.floats
            if name not in noted:
                noted.append(name)
        if not -(2 ** (bits - 1)) <= value < highest:
            raise ValueError(f"{shortened(text)[1:-1]}, too large for {kind}: correct it")
        return value - 2**bits if value >= 2 ** (bits - 1) else value

    return parse


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        remedy = "write a decimal point" if "," in text else "correct it"
        raise ValueError(f"{shortened(text)}, not a number: {remedy}")
    return float(text)


def _rounded(text: str) -> int:
    """Return the whole number that a text such as 1.0 or 1e3 means."""
    value = float(text) if _NUMBER.fullmatch(text) else 0.5
    if not value.is_integer():
        raise ValueError(f"{shortened(text)}, not a whole number: correct it")
    if abs(value) >= _INEXACT:
        raise ValueError(f"{shortened(text)}, which as a float has lost digits: write whole numbers")
    return int(value)
