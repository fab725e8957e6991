"""The four stages as protocols; each has several implementations, chosen and configured by a preset.

Data flows one way: hits -> seeds -> predictions -> candidates -> labels.  A stage knows neither files nor
the stage after it, and sees `Hits` only, never the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from clew.arrays import BoolArray, Int32Array
from clew.event import Hits
from clew.tracks import Candidates, Predictions, Seeds

if TYPE_CHECKING:
    from clew.extend.growing.memory import Memory
    from clew.motion.state import Motion

__all__ = [
    "Ensemble",
    "Extender",
    "FilterExtender",
    "Fitter",
    "LoopExtender",
    "LoopFitter",
    "PassSeeder",
    "Seeder",
]


class Seeder(Protocol):
    """Stage 1, seeding: hits in, seeds of five hits out."""

    def seed(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event."""
        ...


@runtime_checkable
class PassSeeder(Protocol):
    """Stage 1 in passes: easy tracks first, then harder ones among the hits that are left."""

    def seed_free(self, hits: Hits, free: BoolArray, found: Candidates) -> Seeds:
        """Find seeds among the free hits.

        Parameters
        ----------
        hits : Hits
        free : ndarray of shape (n_hits,), bool
            Hits that no earlier pass took.
        found : Candidates
            The candidates of earlier passes, each pass's likeliest first.
        """
        ...


@runtime_checkable
class LoopExtender(Protocol):
    """Stages 2 and 3 in one loop: predict the next hit, snap to a real one, learn from it."""

    @property
    def takes(self) -> type[Any]:
        """Which kind of snapping it grows by, that of the LoopFitter that fits it."""
        ...

    def grow(self, hits: Hits, seeds: Seeds, free: BoolArray, snap: Any) -> Candidates:
        """Grow seeds into candidates, the likeliest first; of seeds with one first hit the best remains.

        `snap` is of the type that the extender `takes`.
        """
        ...


@runtime_checkable
class FilterExtender(LoopExtender, Protocol):
    """A LoopExtender that knows how far hits will be from its predictions."""

    @property
    def expectation(self) -> tuple[Motion, Memory]:
        """What predictions and their errors follow from; to measure them along true tracks."""
        ...


@runtime_checkable
class LoopFitter(Protocol):
    """Stage 3 for a LoopExtender: which real hit a prediction snaps to."""

    @property
    def snap(self) -> Any:
        """The settings of the snapping, as the extender's kernels take them."""
        ...


class Extender(Protocol):
    """Stage 2, extend: windows of five consecutive hits in, the hits that follow out, in batches."""

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


class Fitter(Protocol):
    """Stage 3, fitting: predictions snap to real hits."""

    def fit(self, hits: Hits, windows: Int32Array, predictions: Predictions, free: BoolArray) -> Candidates:
        """Return for each window the real hits that its predictions snap to, in order of travel.

        Parameters
        ----------
        hits : Hits
        windows : ndarray of shape (n_windows, 5), int32
            What the predictions continue.
        predictions : Predictions
            One row per window.
        free : ndarray of shape (n_hits,), bool
            Hits that may be taken.

        Returns
        -------
        Candidates
            One row per window, empty where nothing matched.  No hit is in two rows.
        """
        ...


class Ensemble(Protocol):
    """Stage 4, ensemble: several models become one answer."""

    def combine(self, predictions: Sequence[Predictions]) -> Predictions:
        """Merge the predictions of several extenders for the same windows."""
        ...

    def resolve(self, hits: Hits, candidates: Sequence[Candidates]) -> Int32Array:
        """Return one label per hit, shape (n_hits,), int32: 0 for none, else a track number from 1.

        `candidates` are sets of competing candidates, the most trusted set first.
        """
        ...
