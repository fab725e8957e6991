"""The pipeline composes the stages: hits of one event in, one track label per hit out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from clew.arrays import Int32Array
from clew.errors import ConfigError
from clew.event import Event, Hits
from clew.hits.free import FreeHits
from clew.pipeline.preset import DEFAULT_PRESET, Preset
from clew.stages import Ensemble, Grower, Seeder, StageClock
from clew.trackfit import Tracks, fit_tracks
from clew.tracks import Candidates, Seeds

__all__ = ["Pipeline", "Reconstruction"]


@dataclass(frozen=True)
class Reconstruction:
    """What the pipeline made of one event.

    Attributes
    ----------
    labels : ndarray of shape (n_hits,), int32
        Track number of each hit from 1, 0 for hits without a track.
    seeds : Seeds
        Of all passes.
    candidates : Candidates
        The grown seeds of all passes before the ensemble decided.
    seconds : dict
        Wall time of each of clew.stages.STAGES.
    """

    labels: Int32Array
    seeds: Seeds
    candidates: Candidates
    seconds: dict[str, float]

    def fit(self, hits: Hits) -> Tracks:
        """Fit the tracks: parameters with covariance at the perigee; see `clew.trackfit.fit_tracks`.

        `hits` are those that were reconstructed.

        Raises
        ------
        ValueError
            For other hits.
        """
        if len(hits) != len(self.labels):
            raise ValueError(f"{len(hits)} hits, but labels of {len(self.labels)}: give the event's own")
        return fit_tracks(hits, self.labels)

    @property
    def n_tracks(self) -> int:
        """Number of tracks that hold at least one hit."""
        return len(np.unique(self.labels[self.labels > 0]))


@dataclass(frozen=True)
class Pipeline:
    """Passes over the hits that are still free: seeding, growing, then the ensemble's decision.

    Attributes
    ----------
    seeders : sequence of Seeder
        One for each pass, easy tracks first.
    grower : Grower
    ensemble : Ensemble
    """

    seeders: Sequence[Seeder]
    grower: Grower
    ensemble: Ensemble

    def __post_init__(self) -> None:
        if not self.seeders:
            raise ConfigError("a pipeline without a seeder finds nothing: give one for each pass")

    @classmethod
    def from_preset(cls, preset: str | Path | Preset = DEFAULT_PRESET) -> Pipeline:
        """Build the pipeline of a preset, given by name, by path of its TOML file, or as read."""
        chosen = preset if isinstance(preset, Preset) else Preset.load(preset)
        return cls(chosen.build_seeders(), chosen.build_grower(), chosen.build_ensemble())

    def reconstruct(self, event: Event | Hits) -> Reconstruction:
        """Find the tracks among the hits of one event.

        Raises
        ------
        TypeError
            For anything but an Event or its Hits.
        """
        hits, clock = _hits_of(event), StageClock()
        free, labels = FreeHits.of(hits), np.zeros(len(hits), dtype=np.int32)
        all_seeds, found = [], Candidates.empty()
        for seeder in self.seeders:
            with clock("seeding"):
                seeds = seeder.seed(hits, free, found)
            tracks = self.grower.grow(hits, seeds, free, clock)
            with clock("ensemble"):
                labels = self.ensemble.resolve(hits, [tracks, seeds.found], labels)
            free = free.without(labels > 0)
            found = Candidates.concatenate([found, tracks])
            all_seeds.append(seeds)
        labels = self.grower.complete(hits, labels, free, clock)
        return Reconstruction(labels, Seeds.concatenate(all_seeds), found, clock.seconds)


def _hits_of(event: Event | Hits) -> Hits:
    """Return the hits without what was computed from them before: that is part of the work."""
    if isinstance(event, Event):
        return replace(event.hits)
    if isinstance(event, Hits):
        return replace(event)
    raise TypeError(
        f"reconstruct takes an Event or its Hits, not a {type(event).__name__}: "
        "read events with clew.read_event, or make clew.Hits of the columns"
    )
