"""The bytes of a table: of a file, compressed or not, or of one in a zip file, which may be in another."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import pyarrow as pa

from clew.errors import InputError
from clew.plain import read_plain

__all__ = ["COMPRESSIONS", "DAMAGED", "LIMIT", "TableFile", "zip_members"]

LIMIT: Final = 2**30
"""Bytes to which a compressed file may unpack by default."""

_MOST_ZIPS: Final = 4
"""Zip files in one another."""

DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    pa.ArrowException,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    MemoryError,
)
"""What the readers of packed data raise where the data are damaged."""

_OPENERS: Final[dict[str, tuple[str, Callable[[IO[bytes]], Any]]]] = {
    ".gz": ("gzip", gzip.open),
    ".bz2": ("bz2", bz2.open),
    ".xz": ("xz", lzma.open),
    ".zst": ("zstd", lambda raw: pa.CompressedInputStream(raw, "zstd")),
}

COMPRESSIONS: Final = tuple(_OPENERS)
"""Endings of compressed files."""


@dataclass(frozen=True)
class TableFile:
    """A file, or one in a zip file.

    Attributes
    ----------
    path : Path
    members : tuple of str
        Name in the zip file `path`; where that is a zip file too, the name in it follows, and so on.
    limit : int
        Bytes to which compressed data may unpack.
    """

    path: Path
    members: tuple[str, ...] = ()
    limit: int = LIMIT

    def __str__(self) -> str:
        return ":".join((str(self.path), *self.members))

    @property
    def name(self) -> str:
        """The name that ends in .csv, .csv.gz, .parquet or the like, without folders."""
        return self.members[-1].replace("\\", "/").rpartition("/")[2] if self.members else self.path.name

    def content(self) -> bytes:
        """Return the file's bytes, unpacked; raises InputError if they cannot be had."""
        raw = _from_zip(self) if self.members else _plain_bytes(self)
        kind, opened = _OPENERS.get(PurePosixPath(self.name).suffix, ("", None))
        if opened is None:
            return raw
        try:
            with opened(BytesIO(raw)) as stream:
                return _bounded(self, stream)
        except DAMAGED as error:
            raise _refusal(self, error, f"the {kind} data are truncated or damaged") from error

    def stamp(self) -> str:
        """Return name, size and time of change: another stamp means that the content may be another."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise _refusal(self, error) from error
        where = ":".join((str(self.path.resolve()), *self.members))
        return f"{where} {status.st_size} {status.st_mtime_ns}"


def _plain_bytes(file: TableFile) -> bytes:
    try:
        return read_plain(file.path)
    except OSError as error:
        raise _refusal(file, error) from error


def _refusal(file: TableFile, error: BaseException, damage: str = "cannot be read") -> InputError:
    """Return what to raise where the operating system or the data themselves keep a file from being read."""
    if isinstance(error, OSError) and error.strerror:
        return InputError(f"{file}: cannot be read ({error.strerror}): check the file")
    return InputError(f"{file}: {damage}: copy the file again")


def _bounded(file: TableFile, stream: IO[bytes]) -> bytes:
    content = stream.read(file.limit + 1)
    if len(content) > file.limit:
        raise InputError(
            f"{file}: unpacks to more than {file.limit / 2**30:.3g} GiB: raise the limit, or unpack it first"
        )
    return content


def zip_members(file: TableFile) -> list[TableFile]:
    """Return the files in a zip file and in the zip files in it, sorted; raises InputError if damaged.

    Hidden files, and those that macOS adds under __MACOSX, are left out.
    """
    try:
        with _archive(file) as archive:
            names = sorted(archive.namelist())
    except DAMAGED as error:
        raise _refusal(file, error, "is no zip file, or a damaged one") from error
    found = []
    for name in names:
        member = TableFile(file.path, (*file.members, name), file.limit)
        if any(part == "__MACOSX" or part.startswith(".") for part in PurePosixPath(name).parts):
            continue
        found += zip_members(member) if name.lower().endswith(".zip") else [member]
    return found


def _from_zip(file: TableFile) -> bytes:
    outer = TableFile(file.path, file.members[:-1], file.limit)
    try:
        with _archive(outer) as archive:
            if archive.getinfo(file.members[-1]).flag_bits & 1:
                raise InputError(f"{file}: is encrypted: unpack the zip file first")
            with archive.open(file.members[-1]) as stream:
                return _bounded(file, stream)
    except DAMAGED as error:
        raise _refusal(file, error, "the zip file is damaged here") from error


def _archive(file: TableFile) -> zipfile.ZipFile:
    if not file.members:
        return zipfile.ZipFile(file.path)
    if len(file.members) >= _MOST_ZIPS:
        raise InputError(f"{file}: more than {_MOST_ZIPS} zip files in one another: unpack them first")
    return zipfile.ZipFile(BytesIO(_inner_zip(file, file.stamp())))


@lru_cache(maxsize=1)
def _inner_zip(file: TableFile, _stamp: str) -> bytes:
    """Return a zip file that is in another one; that of the last table is kept for the next."""
    return _from_zip(file)
