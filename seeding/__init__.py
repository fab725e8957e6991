"""Stage 1, seeding: hits in, seeds of five hits out."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["METHODS"]

METHODS: Final[dict[str, Method]] = {
    "condensation": Method(
        "clew.seeding.condensation.seeder", "CondensationSeeder", "CondensationSeederConfig"
    ),
    "condensation-triplets": Method(
        "clew.seeding.condensation.seeder", "CondensationTripletSeeder", "CondensationSeederConfig"
    ),
    "graph": Method("clew.seeding.graph.seeder", "GraphSeeder", "GraphSeederConfig"),
    "ranked-triplets": Method("clew.seeding.ranked.seeder", "RankedTripletSeeder", "RankedTripletConfig"),
    "triplets": Method("clew.seeding.triplets.seeder", "TripletSeeder", "TripletConfig"),
    "unrolled": Method("clew.seeding.unrolled.seeder", "UnrolledSeeder", "UnrolledConfig"),
}
