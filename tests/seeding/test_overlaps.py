"""Tracks of two pairs of hits: what lies on one helix from the beam line is found, what does not is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector import Detector
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.hits.index import HIT_POINT
from clew.records import new_record
from clew.seeding.doublets import cuts_of
from clew.seeding.overlaps.search import OverlapCuts, _chi2, _may_be_on_one_track
from clew.seeding.overlaps.seeder import OverlapConfig, OverlapSeeder
from clew.tracks import Candidates

CURVATURE_PER_GEV = 2.99792458e-4 * 2.0  # 1/mm, at 2 T
RADII = (31.0, 34.0, 71.0, 74.0)  # mm; of the four modules that a track crosses
Row = tuple[float, float, float, int, int]


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return the two inner cylinders of the pixel barrel."""
    return in_uniform_field(7, 8)


def crossings(pt: float = 1.0, phi0: float = 0.4, slope: float = 0.7, z0: float = 5.0) -> list[Row]:
    """Return four hits of a helix from the beam line, two on each cylinder, of modules 1 and 2."""
    h, rows = 0.5 * CURVATURE_PER_GEV / pt, []
    for number, r in enumerate(RADII):
        turned = np.arcsin(h * r)
        phi = phi0 + turned
        rows.append((r * np.cos(phi), r * np.sin(phi), z0 + slope * turned / h, number // 2, 1 + number % 2))
    return rows


def moved(row: Row, across: float = 0.0, along: float = 0.0) -> Row:
    """Return a hit moved across the radius, to the left, and along the beam [mm]."""
    x, y, z, layer, module = row
    r = float(np.hypot(x, y))
    return x - across * y / r, y + across * x / r, z + along, layer, module


@pytest.fixture(scope="module")
def find(detector: Detector, hits_on: Callable[..., Hits]) -> Callable[..., list[tuple[int, ...]]]:
    """Return a function that finds the tracks among hits, as tuples of their rows."""

    def run(rows: list[Row], config: OverlapConfig | None = None) -> list[tuple[int, ...]]:
        hits = hits_on(detector, rows)
        seeder = OverlapSeeder(config or OverlapConfig())
        seeds = seeder.seed(hits, FreeHits.of(hits), Candidates.empty())
        assert len(seeds) == 0
        return [tuple(seeds.found[i].tolist()) for i in range(len(seeds.found))]

    return run


@pytest.mark.parametrize("phi0", [0.4, np.pi - 0.007, -2.0])  # the second's pairs lie on both sides of pi
@pytest.mark.parametrize("slope", [0.7, -4.0, 0.0])
def test_two_pairs_on_a_helix_are_found_inside_out(
    find: Callable[..., list[tuple[int, ...]]], phi0: float, slope: float
) -> None:
    assert find(crossings(phi0=phi0, slope=slope)) == [(0, 1, 2, 3)]
    assert find(crossings(phi0=phi0, slope=slope)[::-1]) == [(3, 2, 1, 0)]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("way", [{"across": 1.2}, {"across": -1.2}, {"along": 1.2}, {"along": -1.2}])
def test_a_hit_off_the_helix_spoils_the_track(
    find: Callable[..., list[tuple[int, ...]]], number: int, way: dict[str, float]
) -> None:
    rows = crossings()
    rows[number] = moved(rows[number], **way)
    assert find(rows) == []
    assert find(rows, OverlapConfig(error=0.5)) == [(0, 1, 2, 3)]


@pytest.mark.parametrize("where", [0, 2])
def test_a_pair_is_of_two_modules(find: Callable[..., list[tuple[int, ...]]], where: int) -> None:
    rows = crossings()
    rows[where] = (*rows[where][:4], 2)
    assert find(rows) == []


def test_settings_say_what_is_too_far(find: Callable[..., list[tuple[int, ...]]]) -> None:
    rows = crossings()  # the hits of a pair are sqrt(3^2 + (0.7 * 3)^2) = 3.66 mm apart
    assert find(rows, OverlapConfig(apart=3.8)) == [(0, 1, 2, 3)]
    assert find(rows, OverlapConfig(apart=3.5)) == []
    assert find(rows, OverlapConfig(most_z0=5.5)) == [(0, 1, 2, 3)]
    assert find(rows, OverlapConfig(most_z0=4.5)) == []
    soft = crossings(pt=0.3)
    assert find(soft, OverlapConfig(least_pt=0.28, error=0.2)) == [(0, 1, 2, 3)]
    assert find(soft, OverlapConfig(least_pt=0.33, error=0.2)) == []


def test_the_likeliest_track_comes_first_and_each_pair_has_one(
    find: Callable[..., list[tuple[int, ...]]],
) -> None:
    good, worse = crossings(), crossings(phi0=2.0)
    worse[1] = moved(worse[1], across=0.2)
    assert find([*worse, *good]) == [(4, 5, 6, 7), (0, 1, 2, 3)]
    for others in ([moved(good[3], across=0.1)], [moved(good[3], across=-0.1)]):
        assert find([*good, *others]) == [(0, 1, 2, 3)]
    # neighbours in azimuth on either side are looked at before and after the right one
    rivals = [moved(good[3], across=0.1, along=-0.1), moved(good[3], across=-0.1, along=0.1)]
    assert find([*good[:3], *rivals, good[3]]) == [(0, 1, 2, 5)]


def test_what_steep_tracks_miss_along_the_beam_counts_across_them(
    find: Callable[..., list[tuple[int, ...]]],
) -> None:
    # 1.5 mm off in z: a third of it each for the other three; across a track of slope 4 that is 0.36 mm
    for slope, found in ((4.0, [(0, 1, 2, 3)]), (0.0, [])):
        rows = crossings(slope=slope)
        rows[3] = moved(rows[3], along=1.5)
        assert find(rows, OverlapConfig(most_chi2=60.0)) == found


def test_only_free_hits_make_tracks(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    hits = hits_on(detector, crossings())
    free = FreeHits.of(hits).without(np.array([False, True, False, False]))
    assert len(OverlapSeeder().seed(hits, free, Candidates.empty()).found) == 0


def test_clusters_may_speak_against_a_track(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    hits = hits_on(detector, crossings())
    # without cells no cluster gains anything
    for least, n in ((-0.5, 1), (0.5, 0)):
        seeder = OverlapSeeder(replace(OverlapConfig(), least_clusters=least))
        assert len(seeder.seed(hits, FreeHits.of(hits), Candidates.empty()).found) == n


def test_pairs_at_the_edge_of_what_chi2_allows_are_found(find: Callable[..., list[tuple[int, ...]]]) -> None:
    # chi2 of a pair pulled apart by d is 2 (d / 2)^2 / 0.1^2: 27 of 30
    for side in (-1.0, 1.0):
        rows = crossings(pt=side * 0.125)
        rows[0], rows[1] = moved(rows[0], across=-0.365 * side), moved(rows[1], across=0.365 * side)
        assert find(rows) == [(0, 1, 2, 3)]
        # along a steep track distances in z count less
        rows = crossings(slope=12.0 * side, z0=-164.9 * side)
        rows[0], rows[1] = moved(rows[0], along=-4.4 * side), moved(rows[1], along=4.4 * side)
        assert find(rows, OverlapConfig(apart=60.0)) == [(0, 1, 2, 3)]


small = st.floats(-1.5, 1.5)


@settings(deadline=None, max_examples=300)
@given(
    pt=st.floats(0.13, 2.0),
    side=st.sampled_from([-1.0, 1.0]),
    slope=st.floats(-5.0, 5.0),
    z0=st.floats(-165.0, 165.0),
    moves=st.tuples(*[st.tuples(small, small)] * 4),
    factor=st.floats(0.0, 0.3),
)
def test_no_pair_of_a_likely_track_is_left_out(
    detector: Detector,
    pt: float,
    side: float,
    slope: float,
    z0: float,
    moves: tuple[tuple[float, float], ...],
    factor: float,
) -> None:
    cuts = cuts_of(
        detector, least_pt=0.12, most_z0=165.0, beam_error=1.0, pull=0.0, least_gain=0.0, scattering=1.0
    )
    own = OverlapCuts(14.0, 0.1, 30.0, 0.0)
    points = []
    for row, (across, along) in zip(crossings(side * pt, 0.4, slope, z0), moves, strict=True):
        point = new_record(HIT_POINT)
        x, y, z, *_ = moved(row, factor * across, factor * along * (1.0 + abs(slope)))
        point.r, point.phi, point.z = np.hypot(x, y), np.arctan2(y, x), z
        points.append(point)
    if _chi2(*points, cuts, own.error) < own.most_chi2:
        assert _may_be_on_one_track(points[0], points[1], cuts, own)
        assert _may_be_on_one_track(points[2], points[3], cuts, own)


def test_pairs_by_chance_are_left_out(detector: Detector) -> None:
    cuts = cuts_of(
        detector, least_pt=0.12, most_z0=50.0, beam_error=1.0, pull=0.0, least_gain=0.0, scattering=1.0
    )
    own = OverlapCuts(14.0, 0.1, 30.0, 0.0)
    good = crossings(z0=0.0)[:2]
    for across, along, kept in ((0.0, 0.0, True), (3.0, 0.0, False), (-3.0, 0.0, False), (0.0, 8.0, False)):
        points = []
        for row in (good[0], moved(good[1], across, along)):
            point = new_record(HIT_POINT)
            point.r, point.phi, point.z = np.hypot(row[0], row[1]), np.arctan2(row[1], row[0]), row[2]
            points.append(point)
        assert _may_be_on_one_track(*points, cuts, own) == kept
