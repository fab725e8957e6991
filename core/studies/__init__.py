"""Studies: systems of the literature in the settings that they published, and Clew in unusual events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

__all__ = ["STUDIES", "Study"]


@dataclass(frozen=True)
class Study:
    """Where a study lives; it is imported when first run.

    Its module has a function `run(sources, folder)` that writes the study's files into the folder and
    returns its report as text.

    Attributes
    ----------
    module : str
    samples : bool
        Whether the function takes `samples` too: the most tracks that it is to follow.
    """

    module: str
    samples: bool = False

    def load(self) -> Callable[..., str]:
        """Return the study's function."""
        run: Callable[..., str] = import_module(self.module).run
        return run


STUDIES: Final[dict[str, Study]] = {
    "ariadne": Study("clew.studies.ariadne"),
    "condensation": Study("clew.studies.condensation"),
    "condensation-scan": Study("clew.studies.condensation_scan"),
    "fit": Study("clew.studies.fit"),
    "graphs": Study("clew.studies.graphs"),
    "occupancy": Study("clew.studies.occupancy"),
    "stepwise": Study("clew.studies.stepwise", samples=True),
}
