"""Stage 1, seeding: free hits in, seeds of five hits or, for growers in a loop, of three out."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["METHODS"]

_IN_A_LOOP: Final = ("kalman", "recurrent", "tracknet")

METHODS: Final[dict[str, Method]] = {
    "condensation": Method(
        "clew.seeding.condensation.seeder", "CondensationSeeder", "CondensationSeederConfig"
    ),
    "condensation-triplets": Method(
        "clew.seeding.condensation.seeder",
        "CondensationTripletSeeder",
        "CondensationSeederConfig",
        _IN_A_LOOP,
    ),
    "graph": Method("clew.seeding.graph.seeder", "GraphSeeder", "GraphSeederConfig"),
    "displaced-triplets": Method(
        "clew.seeding.displaced.seeder", "DisplacedTripletSeeder", "DisplacedTripletConfig", _IN_A_LOOP
    ),
    "overlaps": Method("clew.seeding.overlaps.seeder", "OverlapSeeder", "OverlapConfig", _IN_A_LOOP),
    "ranked-triplets": Method(
        "clew.seeding.ranked.seeder", "RankedTripletSeeder", "RankedTripletConfig", _IN_A_LOOP
    ),
    "triplets": Method("clew.seeding.triplets.seeder", "TripletSeeder", "TripletConfig"),
    "unrolled": Method("clew.seeding.unrolled.seeder", "UnrolledSeeder", "UnrolledConfig"),
}
