"""Studies: systems of the literature in the settings that they published, with their own measures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clew.io import EventSource

__all__ = ["STUDIES", "Study"]


@dataclass(frozen=True)
class Study:
    """Where a study lives; it is imported when first run.

    Its module has a function `run(sources, folder)` that writes the study's files into the folder and
    returns its report as text.
    """

    module: str

    def load(self) -> Callable[[Sequence[EventSource], Path], str]:
        """Return the study's function."""
        run: Callable[[Sequence[EventSource], Path], str] = import_module(self.module).run
        return run


STUDIES: Final[dict[str, Study]] = {
    "graphs": Study("clew.studies.graphs"),
}
