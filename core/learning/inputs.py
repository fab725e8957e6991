"""What a training is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Inputs"]


class Inputs(NamedTuple):
    """Paths of track sets, or of what a task needs: to train on, to stop by, and to measure at the end."""

    training: Sequence[str]
    validation: Sequence[str]
    test: Sequence[str] | None = None
