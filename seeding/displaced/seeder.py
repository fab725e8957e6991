"""The displaced triplet seeder: the likeliest triplets that need not point to the beam line, for one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from clew.detector import Detector
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.seeding.displaced.search import DisplacedCuts, search_displaced
from clew.seeding.shortlist import first_hits, seeds_of
from clew.settings import listed, within
from clew.tracks import Candidates, Seeds

__all__ = ["DisplacedTripletConfig", "DisplacedTripletSeeder"]


@dataclass(frozen=True)
class DisplacedTripletConfig:
    """Settings of one pass of the displaced triplet seeder.

    Attributes
    ----------
    least_pt : float, GeV
    first_layers : tuple of str
        Where seeds may begin; see `clew.detector.Detector.select`.
    least_hits : int
        Fewest hits of a track that these seeds may become.
    least_track : float
        What such a track must gain.
    most_aside : float
        Tangent of the largest angle between a track and the radius at its first hit.
    most_slope : float
        Largest abs(dz/dr) of its first two hits.
    width : int
        Most triplets of a first hit.
    skipped : tuple of two ints
        Most layers without a hit between the first and the second hit, and between it and the third.
    pull : float
        Third hits farther from the line through the others in z, in expected deviations, make no triplet.
    least_chord : float
        What the clusters of the first two hits must gain; see `clew.hits.clusters`.
    least_gain : float
        What a triplet must gain.
    clusters : float
        Weight of what its clusters gain.
    longest : float, mm
        Longest way from the second hit to the third.
    most_firsts : int
        With more free hits on the first layers the pass finds nothing: it would take too long.
    """

    least_pt: Annotated[float, within(0.05, 100)] = 0.12
    first_layers: Annotated[tuple[str, ...], listed(1, 100)] = ("pixel",)
    least_hits: Annotated[int, within(1, 100)] = 4
    least_track: Annotated[float, within(-1000, 1000)] = 8.0
    most_aside: Annotated[float, within(0.001, 10)] = 1.0
    most_slope: Annotated[float, within(0.001, 100)] = 3.0
    width: Annotated[int, within(1, 64)] = 2
    skipped: tuple[Annotated[int, within(0, 5)], Annotated[int, within(0, 5)]] = (0, 0)
    pull: Annotated[float, within(0.1, 20)] = 3.0
    least_chord: Annotated[float, within(-1000, 1000)] = -2.0
    least_gain: Annotated[float, within(-1000, 1000)] = 2.0
    clusters: Annotated[float, within(0, 10)] = 1.0
    longest: Annotated[float, within(1, 10_000)] = 450.0
    most_firsts: Annotated[int, within(0, 10_000_000)] = 1_000_000


@dataclass(frozen=True)
class DisplacedTripletSeeder:
    """Seeds of three hits for one pass over the hits still free; see `clew.stages.Seeder`."""

    config: DisplacedTripletConfig = field(default_factory=DisplacedTripletConfig)

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Return the best triplets of each free hit of the first layers, those of one hit together."""
        c = self.config
        space, detector = free.space, hits.detector
        firsts = first_hits(space, detector, c.first_layers, c.most_firsts)
        layers = detector.following(c.skipped[0]), detector.following(c.skipped[1])
        triplets = search_displaced(space, layers, firsts, _cuts(c, detector), c.width)
        return seeds_of(space, triplets, c.least_hits, c.least_track)


def _cuts(config: DisplacedTripletConfig, detector: Detector) -> DisplacedCuts:
    bending, lengths = detector.solenoid.bending, detector.seed_lengths
    return DisplacedCuts(
        bending / config.least_pt,
        config.most_aside,
        config.most_slope,
        config.pull,
        config.least_chord,
        config.least_gain,
        config.clusters,
        config.longest,
        bending,
        lengths.least_gap,
        lengths.least_arc,
        lengths.loose,
        lengths.slack,
    )
