"""Read one table, csv or parquet, and refuse what is not as it should be."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from clew.errors import ClewWarning, InputError
from clew.io.columnar import Columnar
from clew.io.fields import FieldError, Fields, read_fields, shortened
from clew.io.files import TableFile
from clew.io.formats import foreign_columns, foreign_text, wrong_separator
from clew.io.schema import Schema

__all__ = ["Table", "read_table"]

Table: TypeAlias = dict[str, NDArray[Any]]
"""Columns by name."""

_LINE_END: Final = re.compile(rb"\r\n?|\n")

_LISTED: Final = 5


def read_table(file: TableFile, schema: Schema) -> Table:
    """Read the columns of a schema.

    Returns
    -------
    dict of ndarrays
        One array of the schema's type per column, in the file's order; an optional column that the file
        does not have is left out.

    Raises
    ------
    InputError
        Naming the file and the data row (counted from 1 below the header): for missing or repeated columns,
        values that are no numbers or not finite, and damaged files.

    Warns
    -----
    ClewWarning
        Of columns that are not of the format, which are left out, and of whole numbers written as floats.
        The text names no file, so that it is the same for all events of a run.
    """
    content = file.content()
    if file.name.endswith(".parquet"):
        stored = Columnar(file, content)
        columns: Table = stored.read(_wanted(file, stored.names, schema), schema)
    else:
        names = _csv_header(file, content, schema)
        columns = _read_csv(file, content, schema, names, _wanted(file, names, schema))
    _warn_of_floats(columns, schema)
    _check_finite(file, columns)
    return columns


def _csv_header(file: TableFile, content: bytes, schema: Schema) -> list[str]:
    fault = foreign_text(content)
    if fault is None:
        line = next(iter(content[:100_000].splitlines()), b"").decode(errors="replace").removeprefix("\ufeff")
        fault = wrong_separator(line, content, schema.needed)
    if fault:
        raise InputError(f"{file}: {fault}")
    return [name.strip().strip('"') for name in line.split(",")]


def _wanted(file: TableFile, names: Sequence[str], schema: Schema) -> list[str]:
    """Return the columns to read; refuses a file that lacks some, warns of those that are left out."""
    missing = [name for name in schema.needed if name not in names]
    if missing:
        which = f"column {missing[0]} is" if len(missing) == 1 else f"columns {', '.join(missing)} are"
        hint = foreign_columns(list(names))
        why = f"{hint}; " if hint else ""
        raise InputError(
            f"{file}: {which} missing from the header: {why}the columns are {','.join(schema.needed)}"
        )
    wanted = [name for name in names if name in schema.columns]
    if len(set(wanted)) < len(wanted):
        raise InputError(
            f"{file}: a column is there twice in the header: the columns are {','.join(schema.needed)}"
        )
    extra = [shortened(name) for name in names if name not in schema.columns]
    if extra:
        listed = ", ".join(extra[:_LISTED]) + (f" and {len(extra) - _LISTED} more" * (len(extra) > _LISTED))
        _warn(f"tables of {schema.name} have columns that are not of the format, left out: {listed}")
    return wanted


def _read_csv(file: TableFile, content: bytes, schema: Schema, names: list[str], wanted: list[str]) -> Table:
    header = _LINE_END.search(content)
    if header is None or not content[header.end() :].strip():
        return {name: np.zeros(0, schema.columns[name].to_pandas_dtype()) for name in wanted}
    try:
        if b"0x" not in content and b"0X" not in content:  # the fast reader takes hexadecimal numbers
            return _read_fast(content, schema, names, wanted)
    except pa.ArrowInvalid:
        pass  # the slow reader says what is wrong, or reads what is unusual
    try:
        fields = read_fields(content, names, schema)
    except FieldError as fault:
        raise InputError(f"{file}, {fault}") from fault
    return fields


def _read_fast(content: bytes, schema: Schema, names: list[str], wanted: list[str]) -> Table:
    options = pacsv.ConvertOptions(
        column_types={name: schema.columns[name] for name in wanted},
        include_columns=wanted,
        null_values=[],
        strings_can_be_null=False,
    )
    unique = [name if name in wanted else f"left out {place}" for place, name in enumerate(names)]
    reading = pacsv.ReadOptions(column_names=unique, skip_rows=1)
    table = pacsv.read_csv(pa.py_buffer(content), read_options=reading, convert_options=options)
    return {name: table[name].to_numpy() for name in wanted}


def _warn_of_floats(columns: Table, schema: Schema) -> None:
    if not isinstance(columns, Fields):
        return
    if columns.floats:
        _warn(f"tables of {schema.name} have whole numbers written as floats: {', '.join(columns.floats)}")
    if columns.powers:
        _warn(
            f"tables of {schema.name} have whole numbers written with exponents, which may have lost "
            f"digits: {', '.join(columns.powers)}"
        )


def _warn(message: str) -> None:
    warnings.warn(message, ClewWarning, stacklevel=4)


def _check_finite(file: TableFile, columns: Table) -> None:
    for name, values in columns.items():
        if values.dtype.kind != "f" or np.isfinite(values).all():
            continue
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(
            f"{file}, data row {row + 1}: {name} is {values[row]}, not a finite number: "
            "correct it or remove the row"
        )
