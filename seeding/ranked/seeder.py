"""The ranked triplet seeder: the likeliest triplets from each free hit of some layers, for one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from clew.event import Hits
from clew.hits.free import FreeHits
from clew.seeding.doublets import cuts_of
from clew.seeding.luminous import luminous_reach
from clew.seeding.ranked.search import search_triplets
from clew.seeding.shortlist import first_hits, seeds_of
from clew.settings import Switch, listed, within
from clew.tracks import Candidates, Seeds

__all__ = ["RankedTripletConfig", "RankedTripletSeeder"]


@dataclass(frozen=True)
class RankedTripletConfig:
    """Settings of one pass of the ranked triplet seeder.

    Attributes
    ----------
    least_pt : float, GeV
    first_layers : tuple of str
        Where seeds may begin; see `clew.detector.Detector.select`.
    least_hits : int
        Fewest hits of a track that these seeds may become.
    least_track : float
        What such a track must gain.
    beam_error : float, mm
        Expected distance of the tracks from the beam line.
    most_z0 : float, mm
        Doublets that point to a larger |z| on the beam line are left out.
    luminous : bool
        Whether to leave out also those that point to where tracks of earlier passes do not begin.
    margin : float, mm
        How far beyond that region they may point.
    width : int
        Most triplets of a first hit.
    skipped : int
        Most layers without a hit between the second and the third hit.
    pull, least_gain : float
        Third hits farther from their place, in expected deviations, or gaining less (see
        clew.fitting.likelihood) make no triplet.
    clusters : float
        Weight of what clusters gain (see `clew.hits.clusters`) in the order of triplets.
    scattering : float
        Factor of the expected multiple scattering.
    most_firsts : int
        With more free hits on the first layers the pass finds nothing: it would take too long.
    """

    least_pt: Annotated[float, within(0.05, 100)] = 0.4
    first_layers: Annotated[tuple[str, ...], listed(1, 100)] = ("pixel barrel 1",)
    least_hits: Annotated[int, within(1, 100)] = 6
    least_track: Annotated[float, within(-1000, 1000)] = 0.0
    beam_error: Annotated[float, within(0.001, 1000)] = 0.05
    most_z0: Annotated[float, within(0.1, 10_000)] = 165.0
    luminous: Switch = False
    margin: Annotated[float, within(0, 1000)] = 10.0
    width: Annotated[int, within(1, 64)] = 2
    skipped: Annotated[int, within(0, 5)] = 1
    pull: Annotated[float, within(0.1, 20)] = 4.0
    least_gain: Annotated[float, within(-1000, 1000)] = 2.0
    clusters: Annotated[float, within(0, 10)] = 0.7
    scattering: Annotated[float, within(0, 10)] = 1.0
    most_firsts: Annotated[int, within(0, 10_000_000)] = 1_000_000


@dataclass(frozen=True)
class RankedTripletSeeder:
    """Seeds of three hits for one pass over the hits still free; see `clew.stages.Seeder`."""

    config: RankedTripletConfig = field(default_factory=RankedTripletConfig)

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Return the best triplets of each free hit of the first layers, those of one hit together."""
        c = self.config
        space, detector = free.space, hits.detector
        firsts = first_hits(space, detector, c.first_layers, c.most_firsts)
        most_z0 = min(c.most_z0, luminous_reach(hits, found) + c.margin) if c.luminous else c.most_z0
        cuts = cuts_of(
            detector,
            least_pt=c.least_pt,
            most_z0=most_z0,
            beam_error=c.beam_error,
            pull=c.pull,
            least_gain=c.least_gain,
            scattering=c.scattering,
        )
        layers = detector.following(0), detector.following(c.skipped)
        triplets = search_triplets(space, *layers, firsts, cuts, c.clusters, c.width)
        return seeds_of(space, triplets, c.least_hits, c.least_track)
