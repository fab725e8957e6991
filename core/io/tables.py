"""Read one table, csv or parquet, plain, gzipped or in a zip, and refuse what is not as it should be."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clew.errors import InputError
from clew.io.schema import Schema
from clew.io.suspects import find_fault
from clew.plain import read_plain

__all__ = ["Table", "TableFile", "read_table"]

Table: TypeAlias = dict[str, NDArray[Any]]
"""Columns by name."""

_DAMAGED_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error)
_DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class TableFile:
    """A file, or the member of that name in a zip file."""

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}:{self.member}"

    @property
    def name(self) -> str:
        """The name that ends in .csv, .csv.gz or .parquet."""
        return self.path.name if self.member is None else self.member

    def content(self) -> bytes:
        """Return the file's bytes, without gzip's compression."""
        try:
            raw = read_plain(self.path) if self.member is None else self._from_zip(self.member)
        except OSError as error:
            raise InputError(f"{self}: cannot be read ({error.strerror}): check the file") from error
        if not self.name.endswith(".gz"):
            return raw
        try:
            return gzip.decompress(raw)
        except _DAMAGED_GZIP as error:
            raise InputError(
                f"{self}: the gzip data are truncated or damaged: copy the file again"
            ) from error

    def _from_zip(self, member: str) -> bytes:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(member)
        except _DAMAGED_ZIP as error:
            raise InputError(f"{self}: the zip file is damaged here: copy the file again") from error

    def stamp(self) -> str:
        """Return name, size and time of change: another stamp means that the content may be another."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise InputError(f"{self}: cannot be read ({error.strerror}): check the file") from error
        return f"{self.path.resolve()}:{self.member} {status.st_size} {status.st_mtime_ns}"


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
        Naming the file and the data row (counted from 1 below the header): for missing, extra or repeated
        columns, values that are no numbers or not finite, and damaged files.
    """
    content = file.content()
    table = _read_parquet(file, content) if file.name.endswith(".parquet") else None
    names = _csv_header(content) if table is None else table.column_names
    _check_columns(file, names, schema)
    columns = _read_csv(file, content, schema, names) if table is None else _cast(file, table, schema)
    _check_finite(file, columns)
    return columns


def _csv_header(content: bytes) -> list[str]:
    line = BytesIO(content).readline().decode(errors="replace").removeprefix("\ufeff")
    return [name.strip().strip('"') for name in line.split(",")]


def _check_columns(file: TableFile, names: list[str], schema: Schema) -> None:
    needed = ",".join(name for name in schema.columns if name not in schema.optional)
    missing = [name for name in schema.columns if name not in names and name not in schema.optional]
    if missing:
        raise InputError(f"{file}: column {missing[0]} is missing from the header: the columns are {needed}")
    extra = [name for name in names if name not in schema.columns]
    if extra:
        raise InputError(f"{file}: unknown column {extra[0]!r}: remove it; the columns are {needed}")
    if len(set(names)) < len(names):
        raise InputError(f"{file}: a column is there twice in the header: the columns are {needed}")


def _read_csv(file: TableFile, content: bytes, schema: Schema, names: list[str]) -> Table:
    options = pacsv.ConvertOptions(
        column_types={name: schema.columns[name] for name in names}, null_values=[], strings_can_be_null=False
    )
    reading = pacsv.ReadOptions(column_names=names, skip_rows=1)
    try:
        table = pacsv.read_csv(pa.py_buffer(content), read_options=reading, convert_options=options)
    except pa.ArrowInvalid as error:
        if _is_empty(content):
            return {name: np.zeros(0, schema.columns[name].to_pandas_dtype()) for name in names}
        fault = find_fault(content, names, schema) or f"{str(error).splitlines()[0]}: correct the file"
        raise InputError(f"{file}, {fault}") from error
    return {name: table[name].to_numpy() for name in names}


def _is_empty(content: bytes) -> bool:
    return not content.partition(b"\n")[2].strip()


def _read_parquet(file: TableFile, content: bytes) -> pa.Table:
    try:
        # read_table would import pandas
        return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file}: the parquet data are damaged: copy the file again") from error


def _cast(file: TableFile, table: pa.Table, schema: Schema) -> Table:
    columns = {}
    for name in table.column_names:
        column = table[name]
        if column.null_count:
            row = int(np.flatnonzero(column.is_null().to_numpy())[0]) + 1
            raise InputError(f"{file}, data row {row}: {name} is empty: fill it in or remove the row")
        try:
            columns[name] = column.cast(schema.columns[name]).to_numpy()
        except pa.ArrowException as error:
            wanted = schema.columns[name]
            raise InputError(
                f"{file}: column {name} ({column.type}) does not fit {wanted}: write it so"
            ) from error
    return columns


def _check_finite(file: TableFile, columns: Table) -> None:
    for name, values in columns.items():
        if values.dtype.kind != "f" or np.isfinite(values).all():
            continue
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(
            f"{file}, data row {row + 1}: {name} is {values[row]}, not a finite number: "
            "correct it or remove the row"
        )
