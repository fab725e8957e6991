"""The pipeline composes the stages: hits of one event in, one track label per hit out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.display import Displayed
from clew.errors import ConfigError
from clew.event import Event, Hits
from clew.hits.free import FreeHits
from clew.kernels import refuse_after_fork
from clew.pipeline.preset import DEFAULT_PRESET, Preset
from clew.stages import Ensemble, Grower, Seeder, StageClock
from clew.tracks import Candidates, Seeds

if TYPE_CHECKING:
    import pandas as pd

    from clew.trackfit import Tracks

__all__ = ["Pipeline", "Reconstruction"]


@dataclass(frozen=True, repr=False)
class Reconstruction(Displayed):
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
    hit_id : ndarray of shape (n_hits,), int64
        The identity of each hit in files.
    """

    labels: Int32Array
    seeds: Seeds
    candidates: Candidates
    seconds: dict[str, float]
    hit_id: Int64Array

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        counts = {
            "hits": len(self.labels),
            "tracks": self.n_tracks,
            "on_tracks": int((self.labels > 0).sum()),
        }
        return counts | {"seeds": len(self.seeds), "seconds": round(sum(self.seconds.values()), 3)}

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame of the columns hit_id and track_id, 0 for hits without a track."""
        import pandas as pd

        return pd.DataFrame({"hit_id": self.hit_id, "track_id": self.labels})

    def fit(self, hits: Hits) -> Tracks:
        """Fit the tracks: parameters with covariance at the perigee; see `clew.trackfit.fit_tracks`.

        `hits` are those that were reconstructed.

        Raises
        ------
        ValueError
            For other hits.
        """
        from clew.trackfit import fit_tracks  # most runs fit nothing, and start sooner without it

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

    def reconstruct(self, event: Event | Hits | pd.DataFrame) -> Reconstruction:
        """Find the tracks among the hits of one event.

        A data frame of hits has the columns of the TrackML format; `clew.Event.from_pandas` takes cells, too.

        Raises
        ------
        TypeError
            For anything but an Event, its Hits or a data frame.
        InputError
            For a data frame that is not one of hits, naming column or row.
        RunError
            In a process that was forked from one that had reconstructed: see `clew.kernels`.
        """
        refuse_after_fork()
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
        return Reconstruction(labels, Seeds.concatenate(all_seeds), found, clock.seconds, hits.hit_id)


def _hits_of(event: Event | Hits | pd.DataFrame) -> Hits:
    """Return the hits without what was computed from them before: that is part of the work."""
    if isinstance(event, Event):
        return replace(event.hits)
    if isinstance(event, Hits):
        return replace(event)
    import pandas as pd

    if isinstance(event, pd.DataFrame):
        return Event.from_pandas(event).hits
    raise TypeError(
        f"reconstruct takes an Event, its Hits or a DataFrame of hits, not a {type(event).__name__}: "
        "read events with clew.read_event, or make clew.Hits of the columns"
    )
