"""Read the columns of a parquet file, whose types may be others than those of the format."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clew.errors import InputError
from clew.io.fields import Fields
from clew.io.files import DAMAGED, TableFile
from clew.io.schema import Schema

__all__ = ["Columnar"]

_BYTES: Final = 8
"""Of a value in memory, at most."""


class Columnar:
    """A parquet file; raises InputError if it is damaged.

    Attributes
    ----------
    names : list of str
        Its columns.
    """

    def __init__(self, file: TableFile, content: bytes) -> None:
        self._file = file
        try:
            self._data = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
            self.names: list[str] = list(self._data.schema_arrow.names)
            self._n_rows = int(self._data.metadata.num_rows)
        except DAMAGED as error:
            raise self._damage() from error

    def read(self, wanted: list[str], schema: Schema) -> Fields:
        """Return columns in the types of the schema, all of which the file must have."""
        if self._n_rows * _BYTES * len(wanted) > self._file.limit:
            raise InputError(f"{self._file}: {self._n_rows} rows are more than the limit lets in: raise it")
        try:
            table = self._data.read(columns=wanted)
            table.validate(full=True)
        except DAMAGED as error:
            raise self._damage() from error
        fields = Fields()
        for name in wanted:
            fields[name] = self._column(name, table[name], schema, fields)
        return fields

    def _damage(self) -> InputError:
        return InputError(f"{self._file}: the parquet data are damaged: copy the file again")

    def _column(self, name: str, column: pa.ChunkedArray, schema: Schema, fields: Fields) -> NDArray[Any]:
        wanted, kind = schema.columns[name], column.type
        if pa.types.is_integer(wanted) and pa.types.is_floating(kind):
            fields.floats.append(name)
            return self._whole(name, column, schema)
        if column.null_count and name in schema.blank:
            column = column.fill_null(schema.blank[name])
        if column.null_count:
            row = int(np.flatnonzero(column.is_null().to_numpy())[0]) + 1
            raise InputError(f"{self._file}, data row {row}: {name} is empty: fill it in or remove the row")
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise self._misfit(name, kind, wanted)
        if kind == pa.uint64() and name in schema.unsigned:
            return _values(column).view(np.int64)
        try:
            safe = pa.types.is_integer(wanted)
            return _values(column if kind == wanted else column.cast(wanted, safe=safe))
        except pa.ArrowException as error:
            raise self._misfit(name, kind, wanted) from error

    def _misfit(self, name: str, kind: pa.DataType, wanted: pa.DataType) -> InputError:
        return InputError(f"{self._file}: column {name} ({kind}) does not fit {wanted}: write it so")

    def _whole(self, name: str, column: pa.ChunkedArray, schema: Schema) -> NDArray[Any]:
        """Return floats as the whole numbers that they are."""
        kind, wanted = column.type.to_pandas_dtype(), schema.columns[name]
        values = column.cast(pa.float64()).to_numpy()  # blanks become NaN
        values = np.where(np.isnan(values), schema.blank.get(name, np.nan), values)
        odd = np.flatnonzero(~(values == np.round(values)) | ~np.isfinite(values))
        if len(odd):
            value = values[odd[0]]
            where = f"{self._file}, data row {odd[0] + 1}: {name}"
            raise InputError(f"{where} is {value}, not a whole number: correct it")
        large = np.flatnonzero(np.abs(values) >= 2 ** (np.finfo(kind).nmant + 1))
        if len(large):
            where = f"{self._file}, data row {large[0] + 1}: {name}"
            raise InputError(f"{where} has lost digits as {column.type}: write whole numbers")
        limits = np.iinfo(wanted.to_pandas_dtype())
        if len(values) and not (limits.min <= values.min() and values.max() <= limits.max):
            raise self._misfit(name, column.type, wanted)
        return values.astype(wanted.to_pandas_dtype())


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column without blanks; its own to_numpy would import pandas, which takes half a second."""
    return np.from_dlpack(column.combine_chunks())
