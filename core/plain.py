"""Files that are read as a whole, if they are plain ones: a pipe would be waited for, a device has no end."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_arrays", "read_plain"]

_DAMAGED = (EOFError, KeyError, TypeError, ValueError, RuntimeError, MemoryError, BadZipFile, zlib.error)


def read_plain(path: str | Path, most: int | None = None) -> bytes:
    """Return the bytes of a file.

    Raises OSError if it cannot be read, is a pipe, a device or a folder, or holds more than `most` bytes.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        if most is not None and status.st_size > most:
            raise OSError(errno.EFBIG, f"larger than {most:,} bytes", str(path))
        return file.read()


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of an .npz; raises OSError as `read_plain`, ValueError if they are damaged."""
    content = read_plain(path)
    try:
        with np.load(BytesIO(content)) as file:
            return {name: file[name] for name in file.files}
    except _DAMAGED as error:
        raise ValueError(f"the .npz is damaged: {error}") from error
