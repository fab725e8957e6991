"""The overlap seeder: tracks of four hits on two layers, which need no growing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from clew.event import Hits
from clew.hits.free import FreeHits
from clew.seeding.doublets import cuts_of
from clew.seeding.overlaps.search import OverlapCuts, search_overlaps
from clew.settings import listed, within
from clew.tracks import Candidates, Seeds

__all__ = ["OverlapConfig", "OverlapSeeder"]


@dataclass(frozen=True)
class OverlapConfig:
    """Settings of the overlap seeder.

    Attributes
    ----------
    layers : tuple of str
        On which pairs are looked for; see `clew.detector.Detector.select`.
    least_pt : float, GeV
    beam_error : float, mm
        Expected distance of the tracks from the beam line.
    most_z0 : float, mm
        Tracks that point to a larger |z| on the beam line are left out.
    apart : float, mm
        Largest distance of the hits of a pair.
    error : float, mm
        Expected deviation of a hit from the track, across it and along the beam.
    most_chi2 : float
        Of the four hits of a track.
    least_clusters : float
        What their clusters must gain; see `clew.hits.clusters`.
    """

    layers: Annotated[tuple[str, ...], listed(1, 100)] = ("pixel",)
    least_pt: Annotated[float, within(0.05, 100)] = 0.12
    beam_error: Annotated[float, within(0.001, 1000)] = 1.0
    most_z0: Annotated[float, within(0.1, 10_000)] = 165.0
    apart: Annotated[float, within(0.1, 100)] = 14.0
    error: Annotated[float, within(0.001, 10)] = 0.1
    most_chi2: Annotated[float, within(0.1, 1000)] = 30.0
    least_clusters: Annotated[float, within(-1000, 1000)] = 0.0


@dataclass(frozen=True)
class OverlapSeeder:
    """Whole tracks on two layers of the hits still free; see `clew.stages.Seeder`."""

    config: OverlapConfig = field(default_factory=OverlapConfig)

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Return no seeds, but the tracks, the likeliest first."""
        c, space, detector = self.config, free.space, hits.detector
        cuts = cuts_of(
            detector,
            least_pt=c.least_pt,
            most_z0=c.most_z0,
            beam_error=c.beam_error,
            pull=0.0,
            least_gain=0.0,
            scattering=1.0,
        )
        own = OverlapCuts(c.apart, c.error, c.most_chi2, c.least_clusters)
        wanted = np.zeros(len(detector), dtype=np.bool_)
        wanted[list(detector.select(c.layers))] = True
        tracks = search_overlaps(space, wanted, detector.following(0), cuts, own)
        none = np.empty((0, 3), dtype=np.int32)
        return Seeds(none, Candidates.from_rows(space.row[tracks]), np.empty(0))
