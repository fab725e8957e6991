"""Outputs appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from clew.errors import InputError

__all__ = ["atomic_write"]


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
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise InputError(f"{path}: there is no folder {target.parent}: make it first")
    if target.exists() and not target.is_file():
        raise InputError(f"{path}: is not a plain file, so it cannot be replaced: choose another output")
    temporary = target.with_name(f".{uuid4().hex[:12]}-{target.name}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
