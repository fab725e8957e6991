"""Where compiled kernels are kept: a folder per file, named after all the code that they are compiled from.

numba notices an edit of a kernel's own file only.  A kernel holds the code of those that it calls from other
files, and its index names the classes of its arguments: after an update of Clew it could be stale, or not be
read at all.  So the folder's name tells of the file and of everything of Clew that it imports.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from numba import config
from numba.misc.appdirs import AppDirs

__all__ = ["code_digest", "kept_with", "root"]

_PACKAGE: Final = Path(__file__).parent
_IMPORT: Final = re.compile(rb"^from clew\.?([\w.]*) import", re.MULTILINE)


@cache
def root() -> Path | None:
    """Return the folder for all kernels, or None where none can be written.

    It is NUMBA_CACHE_DIR, or stands in the package, or, where that is read-only, in the user's cache.
    """
    choices = [_PACKAGE / "__pycache__" / "kernels", Path(AppDirs("clew", appauthor=False).user_cache_dir)]
    if config.CACHE_DIR:
        choices.insert(0, Path(config.CACHE_DIR))
    return next(filter(_is_writable, choices), None)


@contextmanager
def kept_with(file: str) -> Iterator[bool]:
    """Let numba keep kernels of a source file that are declared in the with-block; tells whether it can."""
    folder = _folder(Path(file))
    before = config.CACHE_DIR
    if folder is not None:
        config.CACHE_DIR = str(folder)
    try:
        yield folder is not None
    finally:
        config.CACHE_DIR = before


@cache
def _folder(file: Path) -> Path | None:
    """Return the folder of a file's kernels; those of earlier states of the code go."""
    base = root()
    if base is None:
        return None
    name = f"{file.stem}-{hashlib.sha256(bytes(file)).hexdigest()[:8]}"
    folder = base / f"{name}-{code_digest(file, _PACKAGE)}"
    if not folder.exists():
        for old in base.glob(f"{name}-*"):
            shutil.rmtree(old, ignore_errors=True)  # another process may read it; it compiles what is missing
    return folder


def code_digest(file: Path, package: Path) -> str:
    """Return a hash of a source file and of all files of the package that it imports, also by way of others.

    Parameters
    ----------
    file : Path
    package : Path
        The folder of `clew`; those of the stages stand in it, or beside it in a checkout.
    """
    found = {file: _read(file, package)}
    left = [file]
    while left:
        new = {one: _read(one, package) for one in found[left.pop()].imports if one not in found}
        found |= new
        left.extend(new)
    code = b"".join(found[one].digest for one in sorted(found))
    return hashlib.sha256(code).hexdigest()[:16]


class _Source(NamedTuple):
    digest: bytes
    imports: tuple[Path, ...]


@cache
def _read(file: Path, package: Path) -> _Source:
    code = file.read_bytes()
    modules = [_module(name.decode(), package) for name in _IMPORT.findall(code)]
    return _Source(hashlib.sha256(code).digest(), tuple(filter(None, modules)))


@cache
def _module(name: str, package: Path) -> Path | None:
    """Return the file of a module, given by its name below `clew`."""
    parts = name.split(".")
    for base in (package, package.parent):
        for file in (base.joinpath(*parts, "__init__.py"), base.joinpath(*parts).with_suffix(".py")):
            if file.is_file():
                return file
    return None


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
