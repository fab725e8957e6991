"""Outputs appear whole or not at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from clew.errors import InputError

__all__ = ["atomic_stream", "atomic_write", "check_output"]


def check_output(path: str | Path) -> Path:
    """Return the absolute path of an output that can be written; raises InputError otherwise."""
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise InputError(f"{path}: there is no folder {target.parent}: make it first")
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: is not a plain file, so it cannot be replaced: choose another output")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"{path}: the folder {target.parent} cannot be written to: choose another one")
    return target


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move what is written there into place at the end.

    If the with-block fails, `path` is left as it was.  The temporary name has the same ending, so that
    writers which look at it (such as matplotlib's) do the same.

    Raises
    ------
    InputError
        If the folder does not exist or `path` is something that must not be replaced.

    Examples
    --------
    >>> with atomic_write("notes.txt") as temporary:
    ...     temporary.write_text("done")
    """
    target = check_output(path)
    temporary = target.with_name(f".{uuid4().hex[:12]}-{target.name}")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_stream(path: str | Path) -> Iterator[BinaryIO]:
    """Give a stream of bytes that become the file at the end; gzipped if its name ends in .gz.

    The same bytes give the same file: no name and no time is stored in the gzip header.
    """
    with atomic_write(path) as temporary, temporary.open("wb") as raw:
        if not str(path).endswith(".gz"):
            yield raw
            return
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
            yield cast("BinaryIO", stream)
