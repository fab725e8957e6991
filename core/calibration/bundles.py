"""The folder that a calibration writes: whole at the end, or left as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from clew.detector.bundle import FILES
from clew.errors import InputError

__all__ = ["DESCRIPTION", "MATERIAL", "REPORT", "checked_output", "is_bundle", "replacing"]

DESCRIPTION: Final = FILES[:2]
MATERIAL: Final = "material.csv"
REPORT: Final = "report.md"


def is_bundle(folder: Path) -> bool:
    """Tell whether a folder holds the description of a detector."""
    return all((folder / name).is_file() for name in DESCRIPTION)


def checked_output(output: Path) -> Path:
    """Return the absolute path of an output that can be written: a bundle, or a new folder."""
    target = output.resolve()
    if target.exists():
        if not is_bundle(target):
            raise InputError(f"{output}: is no bundle of a detector: choose one, or a new folder")
    elif not target.parent.is_dir():
        raise InputError(f"{output}: there is no folder {target.parent}: make it first")
    for folder in (target, target.parent):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise InputError(f"{output}: the folder {folder} cannot be written to: choose another one")
    return target


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary folder; the bundle that is written there is the target's at the end."""
    temporary = target.with_name(f".{uuid4().hex[:12]}-{target.name}")
    temporary.mkdir()
    try:
        yield temporary
        if not target.exists():
            temporary.replace(target)
            return
        for name in (*FILES, REPORT):
            if (temporary / name).is_file():
                (temporary / name).replace(target / name)
            else:
                (target / name).unlink(missing_ok=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
