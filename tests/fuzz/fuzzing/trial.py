"""One trial of a target, and what came of it."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

from clew.errors import ClewError, ClewWarning

__all__ = ["Outcome", "Target", "attempt"]

Target: TypeAlias = Callable[[Random, Path], None]
"""Writes a damaged input into the folder and reads it.

Returns if it is accepted and was read as written, raises ClewError if it is refused; anything else that it
raises, AssertionError for a wrong value among it, is a finding.
"""

LONGEST = 2000
"""Characters of a refusal, paths included."""


@dataclass(frozen=True)
class Outcome:
    """What came of a trial; `report` tells of a finding."""

    kind: Literal["accepted", "refused", "anything else"]
    report: str = ""


def attempt(target: Target, seed: int) -> Outcome:
    """Run one trial; the same seed gives the same input."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ClewWarning)
        try:
            target(Random(seed), Path(folder))
        except ClewError as error:
            message = str(error)
            if "\n" in message or len(message) > LONGEST:
                return Outcome(
                    "anything else", f"seed {seed}: refused, but not in one line: {message[:LONGEST]!r}"
                )
            return Outcome("refused")
        except Exception:
            return Outcome("anything else", f"seed {seed}: {traceback.format_exc()}")
    return Outcome("accepted")
