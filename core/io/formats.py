"""What a file that is no table of the format looks like, so that its refusal can name it."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from clew.io.files import DAMAGED

__all__ = ["foreign_columns", "foreign_parquet", "foreign_text", "wrong_separator"]

_MAGIC: Final = {
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bz2 data",
    b"\xfd7zXZ": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"PAR1": "parquet data",
    b"\x89HDF": "HDF5 data",
    b"root": "a ROOT file",
    b"<": "HTML or XML",
}
_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
_ACTS: Final = {"geometry_id", "measurement_id", "measurement_id_1"}


def foreign_text(content: bytes) -> str | None:
    """Return why the bytes are no csv in UTF-8, or None if they may be one."""
    start = content[:32]
    halves = start[::2], start[1::2]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or any(half and not any(half) for half in halves):
        return "is text in UTF-16: save it as UTF-8"
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return f"is {name}, not csv: give it the ending that says so, or write csv"
    return None


def wrong_separator(header: str, content: bytes, needed: list[str]) -> str | None:
    """Return which separator the columns have, if it is no comma."""
    for separator, name in _SEPARATORS.items():
        names = {part.strip().strip('"') for part in header.split(separator)}
        if len(needed) > 1 and set(needed[:2]) <= names:
            decimal = ", and numbers have decimal commas" if b"," in content[len(header) :] else ""
            return f"columns are separated by {name}{decimal}: write commas between columns"
    return None


def foreign_columns(names: list[str]) -> str | None:
    """Return what has columns of these names, if it is known."""
    known = sorted(_ACTS & set(names))
    if not known:
        return None
    return f"it looks like a table of ACTS ({known[0]}), which has volume, layer and module in one number"


def foreign_parquet(content: bytes) -> str | None:
    """Return what a parquet file looks like that is no table of one event."""
    try:
        schema = pq.read_schema(pa.BufferReader(content))
    except DAMAGED:
        return None
    lists = [field.name for field in schema if pa.types.is_list(field.type)]
    if not lists:
        return None
    return f"looks like ColliderML's, an event in each row with lists as columns ({', '.join(lists[:4])})"
