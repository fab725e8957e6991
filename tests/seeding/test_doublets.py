"""Doublets by hand: the helix of two exact hits, its errors, and the third hits near it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector import Detector
from clew.detector.material import scattering_angle
from clew.event import Hits
from clew.hits.space import SearchSpace, whole_space
from clew.records import new_record
from clew.seeding.doublets import (
    DOUBLET,
    DoubletCuts,
    cuts_of,
    doublet_window,
    find_thirds,
    height_error,
    make_doublet,
)

FIRST, SECOND, THIRD, NEAR, FAR = range(5)  # cylinders of 32, 72 and 116 mm, discs at z = 600 and 700 mm
RADII, HEIGHTS = (32.0, 72.0, 116.0), (600.0, 700.0)


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    return in_uniform_field(7, 8, 9, 11, 12)


@pytest.fixture(scope="module")
def cuts(detector: Detector) -> DoubletCuts:
    return cuts_of(
        detector, least_pt=0.4, most_z0=100.0, beam_error=0.05, pull=4.0, least_gain=1.0, scattering=1.2
    )


def place(h: float, phi0: float, slope: float, z0: float, layer: int) -> tuple[float, float, float]:
    """Return x, y, z where a helix from the beam line meets a layer; h is half its curvature."""
    if layer <= THIRD:
        r = RADII[layer]
        arc = np.arcsin(h * r) / h
    else:
        arc = (HEIGHTS[layer - NEAR] - z0) / slope
        r = np.sin(h * arc) / h
    phi = phi0 + h * arc
    return r * np.cos(phi), r * np.sin(phi), z0 + slope * arc


def doublet_of(first: Any, second: Any, detector: Detector, cuts: DoubletCuts) -> Any:
    doublet = new_record(DOUBLET)
    assert make_doublet(first, second, detector.surfaces, cuts, doublet)
    return doublet


def test_cuts_are_those_of_field_and_detector(detector: Detector, cuts: DoubletCuts) -> None:
    assert cuts.most_curvature == pytest.approx(2.0 * 2.99792458e-4 / 0.4)
    assert (cuts.pull, cuts.least_gain, cuts.most_z0, cuts.beam_error) == (4.0, 1.0, 100.0, 0.05)
    assert (cuts.across, cuts.unseen) == (detector.seed_lengths.across, detector.seed_lengths.unseen)


@pytest.mark.parametrize("phi0", [0.3, np.pi - 0.005, -3.1])
@pytest.mark.parametrize("h", [6e-4, -6e-4, 1e-7])
def test_two_exact_hits_give_the_helix(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any], h: float, phi0: float
) -> None:
    points = [hit_point(*place(h, phi0, 0.8, -20.0, layer), layer) for layer in (FIRST, SECOND)]
    doublet = doublet_of(*points, detector, cuts)
    arcs = [np.arcsin(h * r) / h for r in (32.0, 72.0)]
    assert doublet.h == pytest.approx(h, rel=1e-4, abs=1e-12)
    assert doublet.slope == pytest.approx(0.8, rel=1e-5)
    assert doublet.z - doublet.slope * doublet.arc == pytest.approx(-20.0, abs=1e-3)
    assert (doublet.arc, doublet.gap) == pytest.approx((arcs[1], arcs[1] - arcs[0]), rel=1e-5)
    assert (doublet.r, doublet.phi, doublet.z) == (points[1].r, points[1].phi, points[1].z)


def test_a_doublet_knows_its_errors(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any]
) -> None:
    first, second = (hit_point(*place(5e-4, 0.3, 0.8, 0.0, layer), layer) for layer in (FIRST, SECOND))
    doublet = doublet_of(first, second, detector, cuts)
    theta = 1.2 * scattering_angle(1e-3, 0.8, detector.surfaces[SECOND], cuts.bending)
    assert doublet.theta == pytest.approx(theta, rel=1e-4)
    # a kink before the first hit moves the track by its angle times the arc to it
    kinks = (0.5 + 32.0 / 150.0) * (theta * 32.0) ** 2 * 1.64
    assert doublet.beam_error == pytest.approx(np.sqrt(0.05**2 + kinks), rel=1e-3)
    assert doublet.slope_error == pytest.approx(np.sqrt(2.0) * 0.02 / doublet.gap)
    assert doublet.gap == pytest.approx(40.0, rel=1e-3)


def test_tracks_pass_the_beam_line_nearer_than_a_quarter_of_their_first_hit(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any]
) -> None:
    points = [hit_point(*place(1e-7, 0.3, 0.0, 0.0, layer), layer) for layer in (FIRST, SECOND)]
    far = doublet_of(*points, detector, cuts._replace(beam_error=50.0))
    assert far.beam_error == pytest.approx(8.0, rel=1e-3)


def test_a_discs_hits_are_as_high_as_their_r_tells(detector: Detector) -> None:
    assert height_error(detector.surfaces[FIRST], -3.0) == 0.02
    assert height_error(detector.surfaces[NEAR], -3.0) == pytest.approx(0.02 * 3.0 + 0.02)


@pytest.mark.parametrize(("z0", "kept"), [(99.9, True), (100.1, False), (-99.9, True), (-100.1, False)])
def test_doublets_point_to_the_beam_line_within_the_most_z0(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any], z0: float, kept: bool
) -> None:
    points = [hit_point(*place(5e-4, 0.3, 0.8, z0, layer), layer) for layer in (FIRST, SECOND)]
    assert make_doublet(*points, detector.surfaces, cuts, new_record(DOUBLET)) == kept


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(("more", "kept"), [(0.98, True), (1.02, False)])
def test_doublets_bend_no_more_than_the_least_pt_allows(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any], side: float, more: float, kept: bool
) -> None:
    # the helix may miss the beam line by its error, which bends it by that over both radii
    limit = 0.5 * cuts.most_curvature + 0.05 / (32.0 * 72.0)
    turn = side * more * limit * 40.0
    second = hit_point(72.0 * np.cos(turn), 72.0 * np.sin(turn), 0.0, SECOND)
    assert make_doublet(
        hit_point(32.0, 0.0, 0.0, FIRST), second, detector.surfaces, cuts, new_record(DOUBLET)
    ) == kept  # fmt: skip


@pytest.mark.parametrize(("r", "kept"), [(34.9, False), (35.1, True), (28.0, False)])
def test_the_hits_of_a_doublet_are_apart(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any], r: float, kept: bool
) -> None:
    points = hit_point(32.0, 0.0, 0.0, FIRST), hit_point(r, 0.0, 0.0, SECOND)
    assert make_doublet(*points, detector.surfaces, cuts, new_record(DOUBLET)) == kept


@pytest.fixture(scope="module")
def space_of(detector: Detector, hits_on: Callable[..., Hits]) -> Callable[..., SearchSpace]:
    """Return a function that makes the space of hits, with few others on each layer, for its range."""
    around = [(-r, 0.0, z, layer) for layer, r in enumerate(RADII) for z in (-400.0, 480.0)]
    around += [(-r, 0.0, z, NEAR + k) for k, z in enumerate(HEIGHTS) for r in (31.0, 170.0)]
    return lambda rows: whole_space(hits_on(detector, [*rows, *around]))


def thirds(
    space: SearchSpace, layer: int, doublet: Any, cuts: DoubletCuts, most: int = 16
) -> dict[int, float]:
    """Return the third hits on a layer, by their row in the event, and their gains."""
    found, gains = np.full(most, -7, dtype=np.int32), np.zeros(most)
    n = find_thirds(space, layer, doublet, cuts, found, gains)
    assert (found[n:] == -7).all()
    return {int(space.row[hit]): float(gain) for hit, gain in zip(found[:n], gains[:n], strict=True)}


def spread_by_hand(doublet: Any, detector: Detector, layer: int, arc: float) -> tuple[float, float]:
    """Return the expected deviations across and in z, of a parabola through beam line and two hits."""
    nodes = np.array([-doublet.arc, -doublet.gap, 0.0])  # arcs from the second hit
    weights = [np.prod([(arc - m) / (n - m) for m in nodes if m != n]) for n in nodes]
    own = detector.seed_lengths.across
    errors = np.array([doublet.beam_error, own, own])
    theta, sec2 = doublet.theta, 1.0 + doublet.slope**2
    # a kink in the first layer moves the second hit, too, which the parabola follows in part
    kinks = theta * np.sqrt(sec2) * np.array([doublet.gap + arc - weights[2] * doublet.gap, arc])
    across = np.sqrt(own**2 + np.sum((weights * errors) ** 2) + np.sum(kinks**2))
    along = height_error(detector.surfaces[layer], doublet.slope) ** 2 + (doublet.slope_error * arc) ** 2
    return float(across), float(np.sqrt(along + (theta * sec2 * arc) ** 2 + 1e-4))


COURSES = [
    ((FIRST, SECOND, THIRD), 5e-4, 0.8, -20.0),
    ((FIRST, SECOND, THIRD), -7e-4, -2.0, 10.0),
    ((FIRST, NEAR, FAR), 3e-4, 12.0, 5.0),
    ((FIRST, NEAR, FAR), -5e-4, 5.0, -60.0),
]


@pytest.mark.parametrize(("layers", "h", "slope", "z0"), COURSES)
def test_the_exact_third_hit_is_found_and_gains_what_chance_does_not(
    detector: Detector,
    cuts: DoubletCuts,
    space_of: Callable[..., SearchSpace],
    hit_point: Callable[..., Any],
    layers: tuple[int, int, int],
    h: float,
    slope: float,
    z0: float,
) -> None:
    first, second, third = (place(h, 2.9, slope, z0, layer) for layer in layers)
    doublet = doublet_of(hit_point(*first, layers[0]), hit_point(*second, layers[1]), detector, cuts)
    space = space_of([(*third, layers[2])])
    surface = space.surfaces[layers[2]]
    found = thirds(space, layers[2], doublet, cuts)
    assert list(found) == [0]
    middle = 0.5 * (surface.r_low + surface.r_high) if surface.barrel else float(np.hypot(*third[:2]))
    arc = np.arcsin(h * middle) / h - doublet.arc
    across, along = spread_by_hand(doublet, detector, layers[2], arc)
    density = surface.density if surface.barrel else surface.density / (middle**2 * abs(slope))
    expected = -np.log(2 * np.pi * across * along * density + 1e-9)
    assert found[0] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("pulls", "kept"), [(3.9, True), (4.1, False), (-3.9, True), (-4.1, False)])
@pytest.mark.parametrize("direction", ["across", "along"])
def test_third_hits_lose_half_their_squared_pull_and_none_is_beyond_the_most(
    detector: Detector,
    cuts: DoubletCuts,
    space_of: Callable[..., SearchSpace],
    hit_point: Callable[..., Any],
    direction: str,
    pulls: float,
    kept: bool,
) -> None:
    first, second, third = (place(5e-4, 0.3, 0.8, -20.0, layer) for layer in (FIRST, SECOND, THIRD))
    doublet = doublet_of(hit_point(*first, FIRST), hit_point(*second, SECOND), detector, cuts)
    arc = np.arcsin(5e-4 * 116.0) / 5e-4 - doublet.arc
    across, along = spread_by_hand(doublet, detector, THIRD, arc)
    x, y, z = third
    phi = np.arctan2(y, x) + (pulls * across / 116.0 if direction == "across" else 0.0)
    moved = 116.0 * np.cos(phi), 116.0 * np.sin(phi), z + (pulls * along if direction == "along" else 0.0)
    cuts = cuts._replace(least_gain=-50.0)
    best = thirds(space_of([(*third, THIRD)]), THIRD, doublet, cuts)[0]
    found = thirds(space_of([(*moved, THIRD)]), THIRD, doublet, cuts)
    assert list(found) == ([0] if kept else [])
    if kept:
        assert best - found[0] == pytest.approx(0.5 * pulls**2, rel=0.02)


def test_third_hits_that_gain_too_little_are_left_out(
    detector: Detector, cuts: DoubletCuts, space_of: Callable[..., SearchSpace], hit_point: Callable[..., Any]
) -> None:
    first, second, third = (place(5e-4, 0.3, 0.8, -20.0, layer) for layer in (FIRST, SECOND, THIRD))
    doublet = doublet_of(hit_point(*first, FIRST), hit_point(*second, SECOND), detector, cuts)
    near = 116.0 * np.cos(1e-3 + np.arctan2(third[1], third[0]))
    beside = near, np.sqrt(116.0**2 - near**2), third[2]
    space = space_of([(*third, THIRD), (*beside, THIRD)])
    one, other = thirds(space, THIRD, doublet, cuts).values()
    assert min(one, other) > 1.0
    for less, n in ((-1e-6, 2), (1e-6, 1)):
        assert len(thirds(space, THIRD, doublet, cuts._replace(least_gain=min(one, other) + less))) == n
    assert thirds(space, THIRD, doublet, cuts._replace(least_gain=max(one, other) + 1.0)) == {}


def test_no_more_thirds_are_written_than_there_is_room_for(
    detector: Detector, cuts: DoubletCuts, space_of: Callable[..., SearchSpace], hit_point: Callable[..., Any]
) -> None:
    first, second, third = (place(5e-4, 0.3, 0.8, -20.0, layer) for layer in (FIRST, SECOND, THIRD))
    doublet = doublet_of(hit_point(*first, FIRST), hit_point(*second, SECOND), detector, cuts)
    space = space_of([(*third, THIRD)] * 5)
    assert len(thirds(space, THIRD, doublet, cuts, most=3)) == 3
    assert sorted(thirds(space, THIRD, doublet, cuts)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("layer", "slope", "z0"),
    [
        (THIRD, 8.0, 0.0),  # above the cylinder's hits
        (THIRD, -8.0, 0.0),
        (FAR, 0.04, 0.0),  # too flat for discs
        (FAR, -8.0, 0.0),  # on the other side
        (FAR, 3.0, 0.0),  # outside of the disc's hits
        (FAR, 30.0, 0.0),  # inside of them
    ],
)
def test_layers_that_the_helix_does_not_meet_have_no_third_hit(
    detector: Detector,
    cuts: DoubletCuts,
    space_of: Callable[..., SearchSpace],
    hit_point: Callable[..., Any],
    layer: int,
    slope: float,
    z0: float,
) -> None:
    first, second = (place(1e-5, 0.3, slope, z0, own) for own in (FIRST, SECOND))
    doublet = doublet_of(hit_point(*first, FIRST), hit_point(*second, SECOND), detector, cuts)
    assert thirds(space_of([]), layer, doublet, cuts) == {}


@settings(deadline=None)
@given(
    h=st.floats(1e-5, 7e-4),
    left=st.booleans(),
    phi0=st.floats(-np.pi, np.pi),
    z0=st.floats(-99.0, 99.0),
    cot=st.floats(-6.0, 6.0),
    barrel=st.booleans(),
)
def test_second_hits_of_wanted_tracks_are_in_the_window(
    detector: Detector,
    cuts: DoubletCuts,
    space_of: Callable[..., SearchSpace],
    hit_point: Callable[..., Any],
    h: float,
    left: bool,
    phi0: float,
    z0: float,
    cot: float,
    barrel: bool,
) -> None:
    layer, slope = (SECOND, cot) if barrel else (NEAR, 5.0 + abs(cot))
    h = h if left else -h
    first, second = place(h, phi0, slope, z0, FIRST), place(h, phi0, slope, z0, layer)
    surface = space_of([]).surfaces[layer]
    r, z = np.hypot(*second[:2]), second[2]
    if not (surface.r_low <= r <= surface.r_high and surface.z_low <= z <= surface.z_high):
        return
    one = hit_point(*first, FIRST)
    half, low, high = doublet_window(one, surface, cuts)
    away = (np.arctan2(second[1], second[0]) - one.phi + np.pi) % (2 * np.pi) - np.pi
    assert abs(away) <= half
    assert low <= z / r <= high


def test_the_window_of_a_cylinder_by_hand(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any]
) -> None:
    surface = detector.surfaces[SECOND].copy()
    surface.r_low, surface.r_high, surface.z_low, surface.z_high = 71.0, 73.0, -490.0, 490.0
    half, low, high = doublet_window(hit_point(32.0, 0.0, 50.0, FIRST), surface, cuts)
    most = 0.5 * cuts.most_curvature
    bent = np.arcsin(most * 73.0) - np.arcsin(most * 32.0)
    assert half == pytest.approx(bent + 3.0 * 0.05 * (1 / 32.0 - 1 / 73.0) + 1e-3, rel=1e-4)
    # from z = 100 and -100 on the beam line through z = 50
    assert low == pytest.approx((50.0 - 50.0 * 41.0 / 32.0) / 71.0)
    assert high == pytest.approx((50.0 + 150.0 * 41.0 / 32.0) / 71.0)


def test_the_window_of_a_disc_by_hand(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any]
) -> None:
    surface = detector.surfaces[NEAR].copy()
    surface.r_low, surface.r_high, surface.z_low, surface.z_high = 31.0, 170.0, 598.0, 602.0
    _, low, high = doublet_window(hit_point(32.0, 0.0, 300.0, FIRST), surface, cuts)
    near = 0.98 * 32.0 * (1.0 + 298.0 / 400.0)
    far = 32.0 * (1.0 + 302.0 / 200.0)
    assert (low, high) == pytest.approx((598.0 / far, 602.0 / near))
    mirrored = surface.copy()
    mirrored.z_low, mirrored.z_high = -602.0, -598.0
    _, other_low, other_high = doublet_window(hit_point(32.0, 0.0, -300.0, FIRST), mirrored, cuts)
    assert (other_low, other_high) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("z", "layer", "disc_z"), [(-101.0, NEAR, 600.0), (101.0, NEAR, -600.0), (603.0, NEAR, 600.0)]
)
def test_no_track_from_the_collisions_goes_back(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any], z: float, layer: int, disc_z: float
) -> None:
    surface = detector.surfaces[layer].copy()
    surface.r_low, surface.r_high = 31.0, 170.0
    surface.z_low, surface.z_high = disc_z - 2.0, disc_z + 2.0
    half, _, _ = doublet_window(hit_point(32.0, 0.0, z, FIRST), surface, cuts)
    assert half < 0.0


def test_second_hits_are_farther_out(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any]
) -> None:
    surface = detector.surfaces[FIRST].copy()
    surface.r_low, surface.r_high, surface.z_low, surface.z_high = 31.0, 33.0, -490.0, 490.0
    assert doublet_window(hit_point(72.0, 0.0, 0.0, SECOND), surface, cuts)[0] < 0.0


def test_a_longer_way_before_the_first_hit_scatters_more(
    detector: Detector, cuts: DoubletCuts, hit_point: Callable[..., Any]
) -> None:
    points = [hit_point(*place(5e-4, 0.3, 0.8, 0.0, layer), layer) for layer in (SECOND, THIRD)]
    near = doublet_of(*points, detector, cuts._replace(unseen=1e9))
    far = doublet_of(*points, detector, cuts._replace(unseen=72.0))
    kink = (near.theta * np.arcsin(5e-4 * 72.0) / 5e-4) ** 2 * 1.64
    assert far.beam_error**2 - near.beam_error**2 == pytest.approx(kink, rel=1e-2)
