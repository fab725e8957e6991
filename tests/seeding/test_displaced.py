"""Triplets without a beam line: trying all triples, worked out by hand, finds the same ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.detector import Detector
from clew.detector.clusters import N_ANGLES
from clew.detector.material import scattering_angle
from clew.event import Hits
from clew.hits.clusters import cluster_gain
from clew.hits.space import SearchSpace, whole_space
from clew.kernels import kernel
from clew.seeding.clusters import clusters_of_three
from clew.seeding.displaced.search import DisplacedCuts, search_displaced
from clew.seeding.doublets import height_error
from clew.seeding.shortlist import Triplets

RADII = (32.0, 72.0, 116.0, 172.0, 260.0)
DISCS = (600.0, 700.0, 820.0, 960.0)
BENDING = 2.0 * 0.299792458e-3  # GeV/mm at 2 T
CUTS = DisplacedCuts(
    most_curvature=BENDING / 0.2,
    most_aside=2.0,
    most_slope=3.0,
    pull=3.0,
    least_chord=-2.0,
    least_gain=0.0,
    clusters=1.0,
    longest=450.0,
    bending=BENDING,
    least_gap=3.0,
    least_arc=4.0,
    loose=60.0,
    slack=30.0,
)


@kernel
def told_by_three(space: SearchSpace, i: int, j: int, k: int) -> float:
    return clusters_of_three(space, space.points[i], space.points[j], space.points[k])


@pytest.fixture(scope="module")
def cylinders(in_uniform_field: Callable[..., Detector]) -> Detector:
    return in_uniform_field(7, 8, 9, 10, 24)


@pytest.fixture(scope="module")
def discs(in_uniform_field: Callable[..., Detector]) -> Detector:
    return in_uniform_field(11, 12, 13, 14)


def displaced(
    offset: float, azimuth: float, half: float, slope: float, z0: float
) -> Callable[..., np.ndarray]:
    """Return a helix as a function of its arc: at arc 0 it is nearest to the beam line, `offset` away."""

    def at(arc: np.ndarray) -> np.ndarray:
        turned = azimuth + half * arc
        chord = arc * np.sinc(half * arc / np.pi)
        x = -offset * np.sin(azimuth) + chord * np.cos(turned)
        y = offset * np.cos(azimuth) + chord * np.sin(turned)
        return np.stack([x, y, z0 + slope * arc])

    return at


def crossings(helix: Callable[..., np.ndarray]) -> list[tuple[float, ...]]:
    """Return the hits of a helix on the cylinders, rows (x, y, z, layer)."""
    arcs = np.linspace(0.0, 400.0, 400_001)
    places, rows = helix(arcs), []
    r = np.hypot(places[0], places[1])
    for layer, radius in enumerate(RADII):
        if r[0] < radius:
            rows.append((*places[:, np.argmax(r >= radius)].tolist(), layer))
    return rows


def search(space: SearchSpace, detector: Detector, cuts: DisplacedCuts, width: int, skipped: int) -> Triplets:
    firsts = np.arange(len(space.row))
    return search_displaced(space, (detector.following(0), detector.following(skipped)), firsts, cuts, width)


def way_to(second: Any, cos: float, sin: float, slope: float, surface: Any) -> float:
    if not surface.barrel:
        return float((0.5 * (surface.z_low + surface.z_high) - second.z) / slope)
    radius = 0.5 * (surface.r_low + surface.r_high)
    along = second.x * cos + second.y * sin
    return float(-along + np.sqrt(along**2 - second.r**2 + radius**2))


def gain_by_hand(space: SearchSpace, i: int, j: int, k: int, cuts: DisplacedCuts) -> float:
    """Return what a triplet gains, -inf for none, with no window anywhere."""
    first, second, third = (space.points[entry] for entry in (i, j, k))
    one, two, three = (space.surfaces[point.layer] for point in (first, second, third))
    step = np.array([second.x - first.x, second.y - first.y])
    out = np.array([first.x, first.y]) / first.r
    ahead, aside = step @ out, abs(step[1] * out[0] - step[0] * out[1])
    length, rise = np.hypot(*step), second.z - first.z
    slope, (cos, sin) = rise / length, step / length
    if ahead < cuts.least_gap or aside / ahead > cuts.most_aside or abs(slope) > cuts.most_slope:
        return -np.inf
    told = cluster_gain(space.shapes, first, bool(one.barrel), (cos, sin), slope)
    told += cluster_gain(space.shapes, second, bool(two.barrel), (cos, sin), slope)
    way = way_to(second, cos, sin, slope, three)
    if told < cuts.least_chord or not cuts.least_arc <= way <= cuts.longest:
        return -np.inf
    x, y, z = second.x + way * cos, second.y + way * sin, second.z + way * slope
    r = np.hypot(x, y)
    if three.barrel and not three.z_low - cuts.loose <= z <= three.z_high + cuts.loose:
        return -np.inf
    if not three.barrel and not three.r_low - cuts.slack <= r <= three.r_high + cuts.slack:
        return -np.inf
    on = np.array([third.x - second.x, third.y - second.y])
    further = np.hypot(*on)
    whole = np.hypot(third.x - first.x, third.y - first.y)
    sine = (cos * on[1] - sin * on[0]) / further  # of the angle between the chords
    curvature = 2.0 * sine / whole
    turned = 0.5 * abs(curvature) * max(length, further)
    if further < cuts.least_gap or on @ step < 0 or abs(curvature) > cuts.most_curvature or turned > 0.9:
        return -np.inf
    arcs = [chord * (1 + (0.5 * curvature * chord) ** 2 / 6) for chord in (length, further)]
    miss = third.z - second.z - rise * arcs[1] / arcs[0]
    ratio = way / length
    errors = [height_error(surface, slope) for surface in (one, two, three)]
    variance = errors[2] ** 2 + ((1 + ratio) * errors[1]) ** 2 + (ratio * errors[0]) ** 2
    theta = scattering_angle(cuts.most_curvature, slope, two, cuts.bending)
    variance += (theta * (1 + slope**2) * way * curvature / cuts.most_curvature) ** 2
    bent = min(0.5 * cuts.most_curvature * way * (way + length), 0.7 * way)
    density = three.density if three.barrel else three.density / (r**2 * abs(slope))
    if miss**2 > cuts.pull**2 * variance:
        return -np.inf
    by_chance = np.sqrt(2 * np.pi * variance) * 2 * bent * density
    gain = -0.5 * miss**2 / variance - np.log(by_chance + 1e-9)
    gain += cuts.clusters * told_by_three(space, i, j, k)
    # before the last cluster is looked at, it is taken to gain 3 at the most
    most = -0.5 * miss**2 / variance - np.log(by_chance + 1e-9) + cuts.clusters * (told + 3.0)
    return float(gain) if gain > cuts.least_gain and most >= cuts.least_gain else -np.inf


def compare(space: SearchSpace, detector: Detector, cuts: DisplacedCuts, width: int, skipped: int) -> int:
    """Compare the search with trying all triples; return how many triplets there are."""
    layer, found, total = space.points["layer"], search(space, detector, cuts, width, skipped), 0
    seconds, thirds = detector.following(0), detector.following(skipped)
    for i in range(len(space.row)):
        triplets = []
        for j in np.flatnonzero(np.isin(layer, seconds[layer[i]])):
            for k in np.flatnonzero(np.isin(layer, thirds[layer[j]])):
                gain = gain_by_hand(space, i, int(j), int(k), cuts)
                if gain > -np.inf:
                    triplets.append((gain, [i, int(j), int(k)]))
        best = sorted(triplets, reverse=True)[:width]
        assert found.hits[i, : len(best)].tolist() == [hits for _, hits in best]
        assert found.gains[i, : len(best)] == pytest.approx([gain for gain, _ in best], abs=1e-5)
        assert (found.hits[i, len(best) :] == -1).all()
        total += len(triplets)
    return total


def with_shapes(space: SearchSpace, seed: int) -> SearchSpace:
    """Give the hits random clusters of two kinds."""
    rng = np.random.default_rng(seed)
    space.points["across_row"], space.points["along_row"] = rng.integers(0, 3, (2, len(space.row)))
    return space._replace(shapes=rng.normal(0.0, 0.7, (2, 3, N_ANGLES)).astype(np.float32))


@pytest.fixture(scope="module")
def barrel_event(cylinders: Detector, hits_on: Callable[..., Hits]) -> SearchSpace:
    """Return 12 displaced helices and 20 other hits."""
    rng, rows = np.random.default_rng(2), []
    for _ in range(12):
        half = rng.uniform(1e-4, 1.2e-3) * rng.choice((-1, 1))
        course = rng.uniform(0, 60), rng.uniform(-np.pi, np.pi), half, rng.uniform(-2, 2), rng.normal(0, 40)
        rows += crossings(displaced(*course))
    for layer in rng.integers(0, 5, 20):
        phi = rng.uniform(-np.pi, np.pi)
        rows.append((RADII[layer] * np.cos(phi), RADII[layer] * np.sin(phi), rng.uniform(-300, 300), layer))
    return with_shapes(whole_space(hits_on(cylinders, rows)), 3)


@pytest.fixture(scope="module")
def disc_event(discs: Detector, hits_on: Callable[..., Hits]) -> SearchSpace:
    """Return 25 displaced helices in the discs and 20 other hits."""
    rng, rows = np.random.default_rng(5), []
    for _ in range(25):
        half, slope = rng.uniform(1e-4, 8e-4) * rng.choice((-1, 1)), rng.uniform(4.0, 12.0)
        at = displaced(rng.uniform(0, 40), rng.uniform(-np.pi, np.pi), half, slope, rng.normal(0, 40))
        z0 = at(np.zeros(1))[2, 0]
        rows += [(*at(np.array([(z - z0) / slope]))[:, 0], layer) for layer, z in enumerate(DISCS)]
    for layer in rng.integers(0, 4, 20):
        r, phi = rng.uniform(40, 170), rng.uniform(-np.pi, np.pi)
        rows.append((r * np.cos(phi), r * np.sin(phi), DISCS[layer], layer))
    return with_shapes(whole_space(hits_on(discs, rows)), 6)


@pytest.mark.parametrize(
    ("changes", "width", "skipped"),
    [
        ({}, 3, 0),
        ({"most_aside": 0.5}, 2, 1),
        ({"most_slope": 0.8, "clusters": 0.3}, 9, 0),
        ({"most_curvature": BENDING / 0.6, "longest": 90.0}, 2, 1),
        ({"pull": 0.7, "least_chord": 0.3, "least_gain": 3.0}, 2, 0),
    ],
)
def test_the_search_on_cylinders_finds_what_trying_all_finds(
    barrel_event: SearchSpace, cylinders: Detector, changes: dict[str, float], width: int, skipped: int
) -> None:
    assert compare(barrel_event, cylinders, CUTS._replace(**changes), width, skipped) >= 4


@pytest.mark.parametrize(
    ("changes", "width"),
    [({"most_slope": 20.0}, 3), ({"most_slope": 8.0, "most_curvature": BENDING / 0.4, "pull": 1.0}, 2)],
)
def test_the_search_on_discs_finds_what_trying_all_finds(
    disc_event: SearchSpace, discs: Detector, changes: dict[str, float], width: int
) -> None:
    assert compare(disc_event, discs, CUTS._replace(**changes), width, 0) > 5


@pytest.mark.parametrize("half", [7e-4, -7e-4])
def test_a_helix_far_from_the_beam_line_is_the_best_triplet_of_its_first_hit(
    cylinders: Detector, hits_on: Callable[..., Hits], half: float
) -> None:
    track = crossings(displaced(60.0, 0.7, half, 0.8, 30.0))
    assert [row[3] for row in track] == [1, 2, 3, 4]
    rng = np.random.default_rng(8)
    others = []
    for layer in rng.integers(1, 5, 60):
        phi = rng.uniform(-np.pi, np.pi)
        others.append((RADII[layer] * np.cos(phi), RADII[layer] * np.sin(phi), rng.uniform(-400, 400), layer))
    space = whole_space(hits_on(cylinders, [*track, *others]))
    found = search(space, cylinders, CUTS._replace(least_gain=2.0), 1, 0)
    hits = {int(space.row[own[0]]): space.row[own].tolist() for own in found.hits[:, 0] if own[0] >= 0}
    assert hits[0] == [0, 1, 2]
    assert hits[1] == [1, 2, 3]
    assert sum(first >= 4 for first in hits) <= 3  # of 60 hits anywhere


@pytest.mark.parametrize("slope", [0.8, -0.8])
@pytest.mark.parametrize("name", ["most_aside", "most_slope", "most_curvature"])
def test_cuts_are_where_they_should_be(
    cylinders: Detector, hits_on: Callable[..., Hits], name: str, slope: float
) -> None:
    """A helix 60 mm from the beam line, with curvature 2 * 7e-4."""
    track = crossings(displaced(60.0, 0.7, 7e-4, slope, 30.0))[:3]
    (x1, y1, z1, _), (x2, y2, z2, _) = track[:2]
    angle = np.arctan2(y2 - y1, x2 - x1) - np.arctan2(y1, x1)
    limit = {
        "most_aside": abs(np.tan(angle)),
        "most_slope": abs(z2 - z1) / np.hypot(x2 - x1, y2 - y1),
        "most_curvature": 1.4e-3,
    }[name]
    far = [(-x, -y, z, layer) for x, y, _, layer in track for z in (-400.0, 400.0)]
    space = whole_space(hits_on(cylinders, [*track, *far]))
    first = int(np.flatnonzero(space.row == 0)[0])
    found = [
        search(space, cylinders, CUTS._replace(**{name: factor * limit}), 1, 0).hits[first, 0] >= 0
        for factor in (0.99, 1.01)
    ]
    assert [bool(one.all()) for one in found] == [False, True]


@pytest.mark.parametrize(("pulls", "found"), [(2.9, True), (3.1, False)])
def test_third_hits_farther_than_the_pull_are_left_out(
    cylinders: Detector, hits_on: Callable[..., Hits], pulls: float, found: bool
) -> None:
    rows = [(32.0, 0.0, 0.0, 0), (72.0, 0.0, 0.0, 1), (116.0, 0.0, 0.0, 2)]
    far = [(-x, 0.0, z, layer) for x, _, _, layer in rows for z in (-400.0, 400.0)]
    error = whole_space(hits_on(cylinders, rows)).surfaces[0].coarse_along
    ratio = 44.0 / 40.0
    rows[2] = (116.0, 0.0, pulls * error * np.sqrt(1 + ratio**2 + (1 + ratio) ** 2), 2)
    space = whole_space(hits_on(cylinders, [*rows, *far]))
    first = int(np.flatnonzero(space.row == 0)[0])
    assert (search(space, cylinders, CUTS, 1, 0).hits[first, 0, 0] >= 0) == found
