"""The likeliest triplets of each first hit: trying all doublets and thirds gives the same ranking."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clew.detector import Detector
from clew.event import Hits
from clew.hits.space import SearchSpace, whole_space
from clew.records import new_record
from clew.seeding.doublets import DOUBLET, DoubletCuts, cuts_of, find_thirds, make_doublet
from clew.seeding.ranked.search import search_triplets
from clew.seeding.shortlist import Triplets, insert_triplet

N_TRACKS, RADII = 30, (32.0, 72.0, 116.0, 172.0)


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return the four cylinders of the pixel barrel."""
    return in_uniform_field(7, 8, 9, 10)


@pytest.fixture(scope="module")
def cuts(detector: Detector) -> DoubletCuts:
    return cuts_of(
        detector, least_pt=0.3, most_z0=150.0, beam_error=0.05, pull=5.0, least_gain=-3.0, scattering=1.0
    )


@pytest.fixture(scope="module")
def space(detector: Detector, hits_on: Callable[..., Hits]) -> SearchSpace:
    """Return the hits of helices from the beam line, number i the rows 4 i to 4 i + 3, and 300 others."""
    rng = np.random.default_rng(6)
    rows = []
    for _ in range(N_TRACKS):
        h, phi0 = rng.uniform(-7e-4, 7e-4), rng.uniform(-np.pi, np.pi)
        slope, z0 = rng.uniform(-1.5, 1.5), rng.normal(0, 30.0)
        for layer, r in enumerate(RADII):
            arc = np.arcsin(h * r) / h
            phi = phi0 + h * arc
            rows.append((r * np.cos(phi), r * np.sin(phi), z0 + slope * arc, layer))
    for layer in rng.integers(0, 4, 300):  # close together, so that many make triplets
        r, phi = RADII[layer] + rng.uniform(-1, 1), rng.uniform(-0.1, 0.1)
        rows.append((r * np.cos(phi), r * np.sin(phi), rng.uniform(-15, 15), layer))
    return whole_space(hits_on(detector, rows))


def search(
    space: SearchSpace, detector: Detector, cuts: DoubletCuts, width: int, skipped: int = 0
) -> Triplets:
    firsts = np.flatnonzero(space.points["layer"] == 0)
    layers = detector.following(0), detector.following(skipped)
    return search_triplets(space, *layers, firsts, cuts, 0.0, width)


def tried_one_by_one(
    space: SearchSpace, detector: Detector, cuts: DoubletCuts, first: int, skipped: int
) -> list[tuple[float, tuple[int, int, int]]]:
    """Return gain and hits of all triplets of a first hit, the likeliest first."""
    points, triplets = space.points, []
    doublet, found, gains = new_record(DOUBLET), np.zeros(99, dtype=np.int32), np.zeros(99)
    start = points[first]
    for second in np.flatnonzero(points["layer"] == start.layer + 1).tolist():
        slope = abs(points[second].z - start.z) / (points[second].r - start.r)
        fits = (space.slopes[[first, second], 0] <= slope) & (slope <= space.slopes[[first, second], 1])
        if not fits.all() or not make_doublet(start, points[second], detector.surfaces, cuts, doublet):
            continue
        for layer in range(start.layer + 2, min(start.layer + 3 + skipped, 4)):
            n = find_thirds(space, layer, doublet, cuts, found, gains)
            for third, gain in zip(found[:n].tolist(), gains[:n].tolist(), strict=True):
                if space.slopes[third, 0] <= slope <= space.slopes[third, 1]:
                    triplets.append((gain, (first, second, third)))
    return sorted(triplets, reverse=True)


@pytest.mark.parametrize(("width", "skipped"), [(1, 0), (3, 0), (8, 1)])
def test_the_best_triplets_are_those_that_trying_all_finds(
    space: SearchSpace, detector: Detector, cuts: DoubletCuts, width: int, skipped: int
) -> None:
    found = search(space, detector, cuts, width, skipped)
    firsts = np.flatnonzero(space.points["layer"] == 0)
    assert found.hits.shape == (len(firsts), width, 3)
    most = 0
    for first, hits, gains in zip(firsts.tolist(), found.hits, found.gains, strict=True):
        expected = tried_one_by_one(space, detector, cuts, first, skipped)
        most = max(most, len(expected))
        n = min(width, len(expected))
        assert list(map(tuple, hits[:n].tolist())) == [triplet for _, triplet in expected[:n]]
        assert gains[:n] == pytest.approx([gain for gain, _ in expected[:n]])
        assert (hits[n:] == -1).all()
        assert (gains[n:] == -np.inf).all()
    assert most >= 5  # some first hits have more than is kept


def test_each_track_is_the_best_triplet_of_its_first_hit(
    space: SearchSpace, detector: Detector, cuts: DoubletCuts
) -> None:
    best = search(space, detector, cuts, 1).hits[:, 0]
    found = {tuple(space.row[hits].tolist()) for hits in best if hits[0] >= 0}
    true = {(row, row + 1, row + 2) for row in range(0, 4 * N_TRACKS, 4)}
    assert len(true & found) > 0.85 * N_TRACKS


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("low", "high"), [(1.0, 2.0), (-0.01, 0.4)])
def test_hits_whose_clusters_tell_another_slope_are_left_out(
    detector: Detector,
    cuts: DoubletCuts,
    hits_on: Callable[..., Hits],
    place: int,
    low: float,
    high: float,
) -> None:
    track = [(r, 0.0, 0.7 * r, layer) for layer, r in enumerate(RADII[:3])]
    others = [(-r, 0.0, z, layer) for layer, r in enumerate(RADII[1:3], start=1) for z in (-400.0, 400.0)]
    space = whole_space(hits_on(detector, [*track, *others]))
    assert (search(space, detector, cuts, 1).hits >= 0).all()
    slopes = space.slopes.copy()
    slopes[space.row == place] = low, high
    assert (search(space._replace(slopes=slopes), detector, cuts, 1).hits < 0).all()


def test_triplets_do_not_depend_on_the_order_of_the_hits(
    detector: Detector, cuts: DoubletCuts, hits_on: Callable[..., Hits], space: SearchSpace
) -> None:
    points = space.points[np.random.default_rng(9).permutation(len(space.row))]
    other = whole_space(hits_on(detector, [(point.x, point.y, point.z, point.layer) for point in points]))
    for one, two in zip(search(space, detector, cuts, 4), search(other, detector, cuts, 4), strict=True):
        np.testing.assert_array_equal(one, two)


def ranked(gains: list[float], width: int) -> tuple[list[list[int]], list[float]]:
    """Insert triplets (10 i, 10 i + 1, 10 i + 2) with gains; return hits and gains as they are ranked."""
    hits, kept = np.full((width, 3), -1, dtype=np.int32), np.full(width, -np.inf)
    for i, gain in enumerate(gains):
        insert_triplet(hits, kept, (10 * i, 10 * i + 1, 10 * i + 2), gain)
    return hits.tolist(), kept.tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [1, 2, 5])
def test_the_best_are_kept_in_order_and_the_worst_falls_out(seed: int, width: int) -> None:
    gains = np.random.default_rng(seed).permutation(9).astype(float).tolist()
    order = np.argsort(gains)[::-1][:width]
    hits, kept = ranked(gains, width)
    assert kept == sorted(gains, reverse=True)[:width]
    assert hits == [[10 * i, 10 * i + 1, 10 * i + 2] for i in order.tolist()]


def test_of_equals_the_first_stays_first() -> None:
    hits, kept = ranked([2.0, 3.0, 2.0, 3.0, 2.0], 3)
    assert kept == [3.0, 3.0, 2.0]
    assert [own[0] for own in hits] == [10, 30, 0]


def test_fewer_than_there_is_room_for_leave_the_rest_empty() -> None:
    assert ranked([1.0, 2.0], 3) == ([[10, 11, 12], [0, 1, 2], [-1, -1, -1]], [2.0, 1.0, -np.inf])
