"""The pipeline composes the four stages: hits of one event in, one track label per hit out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Int32Array
from clew.errors import ConfigError
from clew.event import Hits
from clew.pipeline.preset import DEFAULT_PRESET, FollowConfig, Preset
from clew.stages import Ensemble, Extender, Fitter, LoopExtender, LoopFitter, PassSeeder, Seeder
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
        The followed seeds before the ensemble decided, one per seed or, in passes, per first hit.
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
    """Seeding, then extend and fitting in turn until tracks end, then the ensemble's decision.

    With the seeders of several passes the stages run once for each, over the hits that are still free; a
    LoopExtender then extends and fits in one loop, whose time counts as that of extend.
    """

    seeder: Seeder | tuple[PassSeeder, ...]
    extenders: Sequence[Extender | LoopExtender]
    fitter: Fitter | LoopFitter
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

    def __post_init__(self) -> None:
        loop = [isinstance(extender, LoopExtender) for extender in self.extenders]
        if not isinstance(self.seeder, tuple):
            if any(loop) or isinstance(self.fitter, LoopFitter):
                raise ConfigError("this extend or fitting works in passes: use the seeding 'ranked-triplets'")
        elif not self._grows():
            raise ConfigError(
                "seeding in passes needs one extender 'kalman' or 'recurrent' and the fitting 'likelihood', "
                "or the extender 'tracknet' and the fitting 'ellipse'"
            )

    def _grows(self) -> bool:
        """Tell whether extender and fitter work in one loop, and fit each other."""
        if len(self.extenders) != 1 or not isinstance(self.fitter, LoopFitter):
            return False
        extender = self.extenders[0]
        return isinstance(extender, LoopExtender) and isinstance(self.fitter.snap, extender.takes)

    @property
    def window_stages(self) -> tuple[tuple[Extender, ...], Fitter] | None:
        """The extenders and the fitter of windows of five hits, None where the pipeline works in passes."""
        if isinstance(self.fitter, LoopFitter):
            return None
        return tuple(e for e in self.extenders if not isinstance(e, LoopExtender)), self.fitter

    def reconstruct(self, hits: Hits) -> Reconstruction:
        """Find the tracks among the hits of one event."""
        clock = StageClock()
        hits = replace(hits)  # what is computed from hits once is part of the work
        if isinstance(self.seeder, tuple):
            return self._in_passes(hits, self.seeder, clock)
        with clock("seeding"):
            seeds = self.seeder.seed(hits)
        free = np.ones(len(hits), dtype=np.bool_)
        free[seeds.hits] = False
        tracks = self._follow(hits, Candidates.from_rows(seeds.hits), free, clock)
        with clock("ensemble"):
            labels = self.ensemble.resolve(hits, [tracks, seeds.found])
        return Reconstruction(labels, seeds, tracks, clock.seconds)

    def _in_passes(self, hits: Hits, seeders: tuple[PassSeeder, ...], clock: StageClock) -> Reconstruction:
        """Seed, grow and claim once for each pass."""
        extender, fitter = self.extenders[0], self.fitter
        assert isinstance(extender, LoopExtender)
        assert isinstance(fitter, LoopFitter)
        labels = np.zeros(len(hits), dtype=np.int32)
        all_seeds, all_tracks = [], [Candidates.empty()]
        for seeder in seeders:
            free = labels == 0
            with clock("seeding"):
                seeds = seeder.seed_free(hits, free, Candidates.concatenate(all_tracks))
            with clock("extend"):
                tracks = extender.grow(hits, seeds, free, fitter.snap)
            with clock("ensemble"):
                new = self.ensemble.resolve(hits, [tracks])
                labels[new > 0] = new[new > 0] + labels.max(initial=0)
            all_seeds.append(seeds.hits)
            all_tracks.append(tracks)
        return Reconstruction(
            labels,
            Seeds(np.concatenate(all_seeds), Candidates.empty()),
            Candidates.concatenate(all_tracks),
            clock.seconds,
        )

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
        assert self.window_stages is not None
        extenders, fitter = self.window_stages
        with clock("extend"):
            predictions = self.ensemble.combine([extender.extend(hits, windows) for extender in extenders])
        with clock("fitting"):
            return fitter.fit(hits, windows, predictions, free)
