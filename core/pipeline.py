"""The pipeline composes the four stages: hits of one event in, one track label per hit out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Int32Array
from clew.event import Hits
from clew.preset import DEFAULT_PRESET, FollowConfig, Preset
from clew.stages import Ensemble, Extender, Fitter, Seeder
from clew.tracks import NO_HIT, SEED_LENGTH, Candidates, Seeds

__all__ = ["STAGES", "Pipeline", "Reconstruction"]

STAGES: Final = ("seeding", "extend", "fitting", "ensemble")


class StageClock:
    """Adds up the seconds that each stage takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count the time of a with-block as the stage's."""
        start = perf_counter()
        yield
        self.seconds[stage] += perf_counter() - start


@dataclass(frozen=True)
class Reconstruction:
    """What the pipeline made of one event.

    Attributes
    ----------
    labels : ndarray of shape (n_hits,), int32
        Track number of each hit from 1, 0 for hits without a track.
    seeds : Seeds
    candidates : Candidates
        The followed seeds before the ensemble decided, one per seed.
    seconds : dict
        Wall time of each of STAGES.
    """

    labels: Int32Array
    seeds: Seeds
    candidates: Candidates
    seconds: dict[str, float]

    @property
    def n_tracks(self) -> int:
        """Number of tracks that hold at least one hit."""
        return len(np.unique(self.labels[self.labels > 0]))


@dataclass(frozen=True)
class Pipeline:
    """Seeding, then extend and fitting in turn until tracks end, then the ensemble's decision."""

    seeder: Seeder
    extenders: Sequence[Extender]
    fitter: Fitter
    ensemble: Ensemble
    follow: FollowConfig = field(default_factory=FollowConfig)

    @classmethod
    def from_preset(cls, preset: str | Path | Preset = DEFAULT_PRESET) -> Pipeline:
        """Build the pipeline of a preset, given by name, by path of its TOML file, or as read."""
        chosen = preset if isinstance(preset, Preset) else Preset.load(preset)
        return cls(
            chosen.build_seeder(),
            chosen.build_extenders(),
            chosen.build_fitter(),
            chosen.build_ensemble(),
            chosen.follow,
        )

    def reconstruct(self, hits: Hits) -> Reconstruction:
        """Find the tracks among the hits of one event."""
        clock = StageClock()
        with clock("seeding"):
            seeds = self.seeder.seed(hits)
        free = np.ones(len(hits), dtype=np.bool_)
        free[seeds.hits] = False
        tracks = self._follow(hits, Candidates.from_rows(seeds.hits), free, clock)
        with clock("ensemble"):
            labels = self.ensemble.resolve(hits, [tracks, seeds.found])
        return Reconstruction(labels, seeds, tracks, clock.seconds)

    def _follow(self, hits: Hits, tracks: Candidates, free: BoolArray, clock: StageClock) -> Candidates:
        """Follow all tracks outwards, then inwards; hits that a track takes stop being free."""
        outward = self._rounds(hits, tracks, self.follow.outward, free, clock)
        inward = self._rounds(hits, tracks.reversed(), self.follow.inward, free, clock)
        return tracks.extended(outward, inward)

    def _rounds(
        self, hits: Hits, tracks: Candidates, rounds: int, free: BoolArray, clock: StageClock
    ) -> Candidates:
        """Return the hits that follow each track's last ones, in order of travel."""
        n = len(tracks)
        found = Candidates.empty(n)
        active = np.arange(n)
        for _ in range(rounds):
            windows = tracks.extended(found).tail(SEED_LENGTH)[active]
            complete = (windows != NO_HIT).all(axis=1)
            active, windows = active[complete], windows[complete]
            new = self.extend_once(hits, windows, free, clock)
            free[new.hits] = False
            found = found.extended(new.spread(active, n))
            active = active[new.lengths > 0]
            if len(active) == 0:
                break
        return found

    def extend_once(
        self, hits: Hits, windows: Int32Array, free: BoolArray, clock: StageClock | None = None
    ) -> Candidates:
        """Predict and fit the hits after each window of five hits, one row per window."""
        clock = clock or StageClock()
        with clock("extend"):
            predictions = self.ensemble.combine(
                [extender.extend(hits, windows) for extender in self.extenders]
            )
        with clock("fitting"):
            return self.fitter.fit(hits, windows, predictions, free)
