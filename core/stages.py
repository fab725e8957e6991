"""The stages as protocols; each has several implementations, chosen and configured by a preset.

A pass goes seeds -> candidates -> labels, over the hits that no earlier pass took.  A stage knows neither
files nor the stage after it, and sees `Hits` only, never the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from clew.arrays import Int32Array
from clew.compilation import working_time
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.tracks import Candidates, Predictions, Seeds

if TYPE_CHECKING:
    from clew.extend.growing.network import LoopNetwork
    from clew.extend.windows.grower import WindowGrower
    from clew.motion.state import Motion

__all__ = ["STAGES", "Ensemble", "Extender", "Grower", "Seeder", "StageClock"]

STAGES: Final = ("seeding", "extend", "fitting", "ensemble")


class StageClock:
    """Adds up the seconds that each of STAGES takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count the time of a with-block as the stage's, save what compiling or loading kernels takes."""
        start = working_time()
        yield
        self.seconds[stage] += working_time() - start


class Seeder(Protocol):
    """Stage 1, seeding: free hits in, the beginnings of tracks out."""

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Find seeds among the free hits.

        Parameters
        ----------
        hits : Hits
        free : FreeHits
            Hits that no earlier pass took.
        found : Candidates
            The candidates of earlier passes, each pass's likeliest first.
        """
        ...


class Extender(Protocol):
    """A part of the grower by windows: five consecutive hits in, the hits that follow out, in batches."""

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict what follows each window.

        Parameters
        ----------
        hits : Hits
        windows : ndarray of shape (n_windows, 5), int32
            Hit rows in the direction of travel: from the inside outwards to extend outwards, the
            other way round to extend inwards.
        """
        ...


class Grower(Protocol):
    """Stages 2 and 3, extend and fitting: predict where seeds go on, snap to real hits, go on from there."""

    def grow(self, hits: Hits, seeds: Seeds, free: FreeHits, clock: StageClock) -> Candidates:
        """Grow seeds into candidates of free hits.

        Parameters
        ----------
        hits : Hits
        seeds : Seeds
        free : FreeHits
            Hits that may be taken.
        clock : StageClock
            Told of the time of "extend" and, where that is a step of its own, of "fitting".

        Returns
        -------
        Candidates
            Each with its hits from the inside outwards; of seeds that compete the best, the likeliest first.
        """
        ...

    def complete(self, hits: Hits, labels: Int32Array, free: FreeHits, clock: StageClock) -> Int32Array:
        """Return the labels of all passes, shape (n_hits,), with free hits that their tracks missed."""
        ...

    @property
    def windows(self) -> WindowGrower | None:
        """The grower itself where it extends windows of five hits, to measure and time one round of it."""
        ...

    @property
    def expectation(self) -> tuple[Motion, LoopNetwork] | None:
        """What predictions and their errors follow from, where it is a filter; to measure its pulls."""
        ...


class Ensemble(Protocol):
    """Stage 4, ensemble: competing candidates become one answer."""

    def resolve(self, hits: Hits, candidates: Sequence[Candidates], labels: Int32Array) -> Int32Array:
        """Return labels with the tracks of one more pass.

        Parameters
        ----------
        hits : Hits
        candidates : sequence of Candidates
            Sets of competing candidates of hits that are free, the most trusted set first.
        labels : ndarray of shape (n_hits,), int32
            Track of each hit from 1 after the passes before, 0 for free hits; left as it is.

        Returns
        -------
        ndarray of shape (n_hits,), int32
            The same labels where there were any; new tracks are numbered after them.
        """
        ...
