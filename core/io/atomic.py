"""Outputs appear whole or not at all."""

from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from clew.errors import InputError, RunError
from clew.io.locks import locked_temporary, sweep_once

__all__ = ["atomic_stream", "atomic_write", "check_output"]

_REMEDIES: Final = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f)",
}
"""What to do where it is not another place that helps."""


def check_output(path: str | Path) -> Path:
    """Return the absolute path of an output that can be written; raises InputError otherwise."""
    target = Path(os.path.realpath(path))
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
    writers which look at it (such as matplotlib's) do the same.  What processes that were killed left in the
    folder goes.

    Raises
    ------
    InputError
        If the folder does not exist or `path` is something that must not be replaced.
    RunError
        If the system does not let it be written, as on a full disk.

    Examples
    --------
    >>> with atomic_write("notes.txt") as temporary:
    ...     temporary.write_text("done")
    """
    target = check_output(path)
    sweep_once(target.parent)
    try:
        with locked_temporary(target) as temporary:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
    except BrokenPipeError:
        raise  # of stdout, not of the file
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = _REMEDIES.get(error.errno or 0, "choose another output")
        raise RunError(f"{path}: cannot be written ({reason}): {remedy}") from error


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
