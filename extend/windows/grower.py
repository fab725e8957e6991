"""Growing by windows: rounds of predicting what follows the last five hits and snapping it to real hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from clew.arrays import BoolArray, Int32Array
from clew.event import Hits
from clew.extend.windows.mean import mean_predictions
from clew.fitting.nearest.fitter import NearestFitter
from clew.hits.free import FreeHits
from clew.settings import within
from clew.stages import Extender, StageClock
from clew.tracks import NO_HIT, SEED_LENGTH, Candidates, Predictions, Seeds

__all__ = ["FollowConfig", "WindowGrower"]


@dataclass(frozen=True)
class FollowConfig:
    """How far tracks are followed by extending and fitting again and again.

    Attributes
    ----------
    outward, inward : int
        Rounds at most in each direction; a track that found no hit in a round is not followed further.
    """

    outward: Annotated[int, within(0, 50)] = 4
    inward: Annotated[int, within(0, 50)] = 2


@dataclass(frozen=True)
class WindowGrower:
    """Extend and fitting in turn, all tracks at once, until they end; see `clew.stages.Grower`.

    Attributes
    ----------
    extenders : sequence of Extender
        At least one; their predictions for a window are averaged.
    fitter : NearestFitter
    follow : FollowConfig
    """

    extenders: Sequence[Extender]
    fitter: NearestFitter
    follow: FollowConfig = field(default_factory=FollowConfig)

    @property
    def windows(self) -> WindowGrower:
        """The grower itself."""
        return self

    @property
    def expectation(self) -> None:
        """None: it is no filter."""
        return None

    def complete(self, hits: Hits, labels: Int32Array, free: FreeHits, clock: StageClock) -> Int32Array:
        """Return the labels as they are: what a track misses is not looked for again."""
        return labels

    def grow(self, hits: Hits, seeds: Seeds, free: FreeHits, clock: StageClock) -> Candidates:
        """Follow all seeds outwards, then inwards; one candidate for each, in their order.

        Raises
        ------
        ValueError
            If the seeds are not of five hits.
        """
        if seeds.hits.shape[1] != SEED_LENGTH:
            raise ValueError(f"windows are of five hits, not {seeds.hits.shape[1]}: use another seeding")
        left = free.mask.copy()
        left[seeds.hits] = False
        tracks = Candidates.from_rows(seeds.hits)
        outward = self._rounds(hits, tracks, self.follow.outward, left, clock)
        inward = self._rounds(hits, tracks.reversed(), self.follow.inward, left, clock)
        return tracks.extended(outward, inward)

    def _rounds(
        self, hits: Hits, tracks: Candidates, rounds: int, left: BoolArray, clock: StageClock
    ) -> Candidates:
        """Return the hits that follow each track's last ones, in order of travel; they are left no more."""
        n = len(tracks)
        found = Candidates.empty(n)
        active = np.arange(n)
        for _ in range(rounds):
            windows = tracks.extended(found).tail(SEED_LENGTH)[active]
            complete = (windows != NO_HIT).all(axis=1)
            active, windows = active[complete], windows[complete]
            new = self.extend_once(hits, windows, left, clock)
            left[new.hits] = False
            found = found.extended(new.spread(active, n))
            active = active[new.lengths > 0]
            if len(active) == 0:
                break
        return found

    def extend_once(
        self, hits: Hits, windows: Int32Array, left: BoolArray, clock: StageClock | None = None
    ) -> Candidates:
        """Predict and fit the hits after each window once.

        Parameters
        ----------
        hits : Hits
        windows : ndarray of shape (n_windows, 5), int32
        left : ndarray of shape (n_hits,), bool
            Hits that may be taken.
        clock : StageClock, optional

        Returns
        -------
        Candidates
            One row per window, in order of travel.
        """
        clock = clock or StageClock()
        with clock("extend"):
            predictions = self.predict(hits, windows)
        with clock("fitting"):
            return self.fitter.fit(hits, windows, predictions, left)

    def predict(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Return the mean of the extenders' predictions of what follows windows of shape (n, 5)."""
        return mean_predictions([extender.extend(hits, windows) for extender in self.extenders])
