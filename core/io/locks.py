"""Locks that die with their process: one run at a time writes an output, and what dead ones left goes.

The locks are flock's.  Where a file system has none, runs go on without.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cache
from pathlib import Path
from time import sleep
from typing import Final
from uuid import uuid4

from clew.errors import RunError

__all__ = ["held_folder", "locked_temporary", "make_folder", "remove_empty", "sweep", "sweep_once"]

_TEMPORARY: Final = re.compile(r"\.clew-[0-9a-f]{12}-.*")
_LONGEST_NAME: Final = 100
_TRIES: Final = 3
_PAUSE: Final = 0.1  # s


@contextmanager
def held_folder(folder: Path, output: str | Path) -> Iterator[None]:
    """Make a folder and hold it: no other run gets it until the block, or the process, ends.

    Temporary files that killed processes left in it are removed, before and after; a new folder that stays
    empty, too.

    Parameters
    ----------
    folder : Path
    output : str or Path
        What errors call that which is written: the folder, or a file that is made of its content.

    Raises
    ------
    RunError
        If another run holds the folder, or it cannot be made or written to.
    """
    is_new = not folder.exists()
    descriptor = _hold(folder, output)
    try:
        if not os.access(folder, os.W_OK):
            raise RunError(f"{output}: the folder {folder} cannot be written to: choose another one")
        sweep(folder)
        try:
            yield
        finally:
            sweep(folder)  # of workers that were stopped
            if is_new:
                remove_empty(folder)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, output: str | Path) -> None:
    """Make a folder, and those above it, unless it is there; RunError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{output}: no folder {folder} can be made ({error.strerror}): choose another output"
        ) from error


def _hold(folder: Path, output: str | Path) -> int:
    """Return the descriptor that holds the folder."""
    for _ in range(_TRIES):
        make_folder(folder, output)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if not _is_locked(descriptor) and _is_at(descriptor, folder):
            return descriptor
        os.close(descriptor)  # another run holds it, or has just removed it as its last act
        sleep(_PAUSE)
    raise RunError(f"{output}: another run is writing it: wait for that, or choose another output")


def _is_locked(descriptor: int) -> bool:
    """Lock a file or folder until the descriptor is closed, and return whether another process has."""
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_at(descriptor: int, path: Path) -> bool:
    """Tell whether a path still leads to what was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def locked_temporary(target: Path) -> Iterator[Path]:
    """Give a new empty file beside the target, locked as long as the block runs, then removed if still there.

    Its name has the target's ending.
    """
    while True:
        path = target.with_name(f".clew-{uuid4().hex[:12]}-{target.name[-_LONGEST_NAME:]}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if not _is_locked(descriptor) and _is_at(descriptor, path):
            break
        os.close(descriptor)  # a sweep came between
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def remove_empty(folder: Path) -> None:
    """Remove a folder unless something is in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if _TEMPORARY.fullmatch(path.name):
            _remove_dead(path)


@cache
def sweep_once(folder: Path) -> None:
    """Sweep a folder the first time that this process comes to it."""
    sweep(folder)


def _remove_dead(path: Path) -> None:
    """Remove a temporary file unless a living process has it locked."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # gone, or not ours
        return
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        pass
    finally:
        os.close(descriptor)
