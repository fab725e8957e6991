"""The likeliest hit on a layer: its gain by hand, the window in which it is sought, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.detector import Detector
from clew.event import Hits
from clew.fitting.likelihood import (
    LikelihoodConfig,
    Snap,
    hit_density,
    hit_window,
    most_likely_hit,
    snap_of,
)
from clew.hits.space import SearchSpace, whole_space
from clew.motion.measurement import RESIDUAL, chi2_and_determinant, measure
from clew.motion.state import STATE
from clew.motion.transport import PATH
from clew.records import new_record

CYLINDER, DISC = range(2)  # r = 172 mm; z = 1220 mm, of strips
NONE = np.zeros(0, dtype=np.int32)
SNAP = Snap(pull=5.0, least_gain=-2.5, clusters=0.0)
CROSSING = {CYLINDER: (172.0, 0.0, 50.0), DISC: (400.0, 0.0, 1220.0)}


@pytest.fixture(scope="module")
def space_of(
    in_uniform_field: Callable[..., Detector], hits_on: Callable[..., Hits]
) -> Callable[..., SearchSpace]:
    """Return a function that makes the space of hits: rows (x, y, z, layer[, module])."""
    detector = in_uniform_field(10, 30)
    return lambda rows: whole_space(hits_on(detector, rows))


def at_crossing(layer: int, slope: float = 0.3, psi: float = 0.0, aa: float = 0.04, zz: float = 0.09) -> Any:
    """Return a state on the x axis with errors of its place of 0.2 mm across and 0.3 mm in z."""
    state = new_record(STATE)
    state.x, state.y, state.z = CROSSING[layer]
    state.psi, state.kappa, state.slope, state.aa, state.zz = psi, 1e-4, slope, aa, zz
    return state


def straight(state: Any, bent: float = 0.0) -> Any:
    path = new_record(PATH)
    path.cos, path.sin, path.bent = np.cos(state.psi), np.sin(state.psi), bent
    path.across_factor = path.along_factor = 1.0
    return path


def likeliest(
    space: SearchSpace, layer: int, state: Any, snap: Snap = SNAP, met: np.ndarray = NONE
) -> tuple[int, float]:
    """Return the event's row of the likeliest hit, -1 if there is none, and its gain."""
    hit, gain = most_likely_hit(space, layer, state, straight(state), snap, met, new_record(RESIDUAL))
    return int(space.row[hit]) if hit >= 0 else -1, gain


FAR = [(-172.0, 0.0, -350.0, CYLINDER), (0.0, 172.0, 250.0, CYLINDER), (-400.0, 0.0, 1220.0, DISC)]


def gain_by_hand(one: float, other: float, variance1: float, variance2: float, density: float) -> float:
    chi2 = one**2 / variance1 + other**2 / variance2
    return float(-0.5 * chi2 - np.log(2 * np.pi * np.sqrt(variance1 * variance2) * density + 1e-9))


def test_a_hits_gain_on_a_cylinder_by_hand(space_of: Callable[..., SearchSpace]) -> None:
    space = space_of([*FAR, (172.0, 0.3, 50.5, CYLINDER)])
    surface = space.surfaces[CYLINDER]
    density = 3 / (2 * np.pi * 172.0 * 2 * 491.0)  # of the layer's whole area
    expected = gain_by_hand(0.3, 0.5, 0.04 + surface.across**2, 0.09 + surface.along**2, density)
    assert expected > 5.0
    assert likeliest(space, CYLINDER, at_crossing(CYLINDER)) == (3, pytest.approx(expected, abs=1e-4))


def test_a_hits_gain_on_a_disc_by_hand(space_of: Callable[..., SearchSpace]) -> None:
    space = space_of([*FAR, (400.4, 0.3, 1220.0, DISC, 3)])
    space.points["axis_cos"], space.points["axis_sin"] = 1.0, 0.0  # strips along x
    surface = space.surfaces[DISC]
    density = 2 / (2 * np.pi * np.log(701.0 / 240.0)) / (400.0**2 + 1.0)  # per r2, as tracks are
    # along the strips a deviation of 0.3 mm in z is one of 0.3 / 1.5 mm
    variances = 0.04 + surface.across**2, 0.09 / 1.5**2 + surface.along**2
    expected = gain_by_hand(0.3, 0.4, *variances, density)
    assert likeliest(space, DISC, at_crossing(DISC, 1.5)) == (3, pytest.approx(expected, abs=1e-3))


def test_fewer_hits_on_the_layer_make_one_likelier(space_of: Callable[..., SearchSpace]) -> None:
    space = space_of([*FAR, (172.0, 0.3, 50.5, CYLINDER)])
    _, before = likeliest(space, CYLINDER, at_crossing(CYLINDER))
    space.surfaces[CYLINDER].density *= 0.25
    _, after = likeliest(space, CYLINDER, at_crossing(CYLINDER))
    assert after - before == pytest.approx(np.log(4.0), abs=3e-3)


@pytest.mark.parametrize(("pulls", "found"), [(3.99, 0), (4.01, -1)])
@pytest.mark.parametrize("axis", [1, 2])
def test_hits_farther_than_the_pull_are_left_out(
    space_of: Callable[..., SearchSpace], pulls: float, found: int, axis: int
) -> None:
    state = at_crossing(CYLINDER)
    surface = space_of(FAR).surfaces[CYLINDER]
    place = np.array([172.0, 0.0, 50.0])
    error = np.sqrt((0.04, 0.09)[axis - 1] + (surface.across, surface.along)[axis - 1] ** 2)
    place[axis] += pulls * error
    space = space_of([(*place, CYLINDER)])
    assert likeliest(space, CYLINDER, state, Snap(4.0, -50.0, 0.0))[0] == found


@pytest.mark.parametrize(("less", "found"), [(1e-6, 3), (-1e-6, -1)])
def test_hits_that_gain_too_little_are_not_taken(
    space_of: Callable[..., SearchSpace], less: float, found: int
) -> None:
    space = space_of([*FAR, (172.0, 0.3, 50.5, CYLINDER)])
    _, gain = likeliest(space, CYLINDER, at_crossing(CYLINDER))
    assert likeliest(space, CYLINDER, at_crossing(CYLINDER), Snap(5.0, gain - less, 0.0))[0] == found


def test_the_likeliest_of_several_is_taken_the_first_by_place_of_equals(
    space_of: Callable[..., SearchSpace],
) -> None:
    rows = [(172.0, 0.3, 50.0, CYLINDER), (172.0, 0.1, 50.0, CYLINDER), (172.0, -0.2, 50.0, CYLINDER)]
    assert likeliest(space_of(rows), CYLINDER, at_crossing(CYLINDER))[0] == 1
    equal = [(172.0, 0.2, 50.0, CYLINDER), (172.0, -0.2, 50.0, CYLINDER)]
    assert likeliest(space_of(equal), CYLINDER, at_crossing(CYLINDER))[0] == 1
    assert likeliest(space_of(equal[::-1]), CYLINDER, at_crossing(CYLINDER))[0] == 0


def test_hits_on_modules_that_the_track_has_met_are_left_out(space_of: Callable[..., SearchSpace]) -> None:
    near = [(172.0, 0.0, 50.0, CYLINDER, 4), (172.0, 0.2, 50.0, CYLINDER, 5), (172.0, 0.4, 50.0, CYLINDER, 6)]
    space = space_of(near)
    entry = np.argsort(space.row).astype(np.int32)
    state = at_crossing(CYLINDER)
    assert likeliest(space, CYLINDER, state)[0] == 0
    assert likeliest(space, CYLINDER, state, met=entry[:1])[0] == 1
    assert likeliest(space, CYLINDER, state, met=entry[:2])[0] == 2
    assert likeliest(space, CYLINDER, state, met=entry[[2, 0]])[0] == 1
    assert likeliest(space, CYLINDER, state, met=entry)[0] == -1


def test_a_hit_is_found_across_the_end_of_the_turn(space_of: Callable[..., SearchSpace]) -> None:
    space = space_of([(-172.0, -0.1, 50.0, CYLINDER)])
    state = at_crossing(CYLINDER, psi=np.pi)
    state.x, state.y = -172.0, 0.1
    assert likeliest(space, CYLINDER, state)[0] == 0


@pytest.mark.parametrize("layer", [CYLINDER, DISC])
@pytest.mark.parametrize("pull", [3.0, 6.0])
def test_the_likeliest_hit_of_all_is_in_the_window(
    space_of: Callable[..., SearchSpace], layer: int, pull: float
) -> None:
    rng = np.random.default_rng(int(pull) + layer)
    x, y, z = CROSSING[layer]
    n, far = 300, (2.0, 3.0)[layer]
    off = rng.normal(0, (1.0, 3.0, 3.0) if layer == CYLINDER else (3.0, 3.0, 1.0), (n, 3))
    rows = [(x + dx, y + dy, z + dz, layer, k) for k, (dx, dy, dz) in enumerate(off.clip(-far * 3, far * 3))]
    space, residual, n_found = space_of(rows), new_record(RESIDUAL), 0
    surface = space.surfaces[layer]
    for _ in range(60):
        state = at_crossing(layer, rng.choice((-1, 1)) * rng.uniform(0.2, 2.5), rng.uniform(-0.9, 0.9))
        state.aa, state.zz = rng.uniform(0.05, 0.8, 2) ** 2
        path, gains = straight(state, 1e-4), np.full(n, -np.inf)
        for hit in range(n):
            measure(space.points[hit], surface, state, path, residual)
            chi2, determinant = chi2_and_determinant(state, residual)
            if chi2 < pull**2:
                density = hit_density(surface, state)
                gains[hit] = -0.5 * chi2 - np.log(2 * np.pi * np.sqrt(determinant) * density + 1e-9)
        snap = Snap(pull, -np.inf, 0.0)
        hit, gain = most_likely_hit(space, layer, state, path, snap, NONE, residual)
        assert hit == (-1 if gains.max() == -np.inf else gains.argmax())
        if hit >= 0:
            assert gain == pytest.approx(gains.max(), abs=1e-5)
            n_found += 1
    assert n_found > 20


def staggered(space_of: Callable[..., SearchSpace], layer: int, low: float, high: float) -> Any:
    """Return the surface of a layer whose hits are up to `low` before and `high` behind the crossing."""
    x, y, z = CROSSING[layer]
    low, high = low - 0.01, high - 0.01  # for rounding, the range of a layer's hits is so much wider
    both = [(x - low, y, z, layer), (x + high, y, z, layer)]
    if layer == DISC:
        both = [(x, y, z - low, layer), (x, y, z + high, layer)]
    return space_of(both).surfaces[layer]


def test_the_window_on_a_cylinder_by_hand(space_of: Callable[..., SearchSpace]) -> None:
    surface = staggered(space_of, CYLINDER, 1.0, 2.0)
    state = at_crossing(CYLINDER, slope=-0.5, psi=0.6)
    phi, half, low, high = hit_window(surface, state, straight(state), 4.0)
    depth = 2.0 / np.cos(0.6)
    across = 4.0 * np.sqrt(0.04 + surface.across**2) / np.cos(0.6)
    height = 4.0 * np.sqrt(0.09 + surface.along**2)
    assert phi == 0.0
    assert half == pytest.approx((across + depth * np.sin(0.6)) / 172.0, rel=1e-5)
    assert low == pytest.approx((50.0 - height - 0.5 * depth) / 174.0)
    assert high == pytest.approx((50.0 + height + 0.5 * depth) / 171.0)


def test_below_the_middle_the_window_on_a_cylinder_is_the_other_way_round(
    space_of: Callable[..., SearchSpace],
) -> None:
    surface = staggered(space_of, CYLINDER, 3.0, 2.0)
    state = at_crossing(CYLINDER, slope=0.0, psi=0.0)
    state.z = -50.0
    _, _, low, high = hit_window(surface, state, straight(state), 4.0)
    height = 4.0 * np.sqrt(0.09 + surface.along**2)
    assert (low, high) == pytest.approx(((-50.0 - height) / 169.0, (-50.0 + height) / 174.0))


def test_the_window_on_a_disc_by_hand(space_of: Callable[..., SearchSpace]) -> None:
    surface = staggered(space_of, DISC, 2.0, 5.0)
    state = at_crossing(DISC, slope=-1.6, psi=0.6)
    phi, half, low, high = hit_window(surface, state, straight(state), 4.0)
    askew = surface.along * (np.sin(0.6) + 0.07)
    across = 4.0 * np.sqrt(0.04 + surface.across**2 + askew**2)
    depth = 4.0 * np.sqrt(0.09 + (surface.along * 1.6) ** 2) / 1.6 + 5.0 / 1.6
    near = 400.0 - across * np.sin(0.6) - depth * np.cos(0.6)
    far = 400.0 + across * np.sin(0.6) + depth * np.cos(0.6)
    assert phi == 0.0
    assert half == pytest.approx((across + depth * np.sin(0.6)) / near)
    assert (low, high) == pytest.approx((1218.0 / far, 1225.0 / near))


def test_no_window_is_wider_or_deeper_than_the_layer_allows(space_of: Callable[..., SearchSpace]) -> None:
    surface = staggered(space_of, CYLINDER, 1.0, 2.0)
    lost = at_crossing(CYLINDER, slope=1.0, psi=0.5 * np.pi)
    lost.aa = 900.0
    _, half, low, high = hit_window(surface, lost, straight(lost), 5.0)
    assert half == 1.0  # rad
    height = 5.0 * np.sqrt(0.09 + surface.along**2)
    assert low == pytest.approx((50.0 - height - 12.0) / 174.0)  # modules stand 12 mm off at most
    assert high == pytest.approx((50.0 + height + 12.0) / 171.0)


def test_density_falls_with_the_square_of_r_on_a_disc(space_of: Callable[..., SearchSpace]) -> None:
    surfaces = space_of(FAR).surfaces
    assert hit_density(surfaces[CYLINDER], at_crossing(CYLINDER)) == surfaces[CYLINDER].density
    assert hit_density(surfaces[DISC], at_crossing(DISC)) == pytest.approx(surfaces[DISC].density / 160001)


def test_settings_are_handed_on() -> None:
    assert snap_of(LikelihoodConfig(pull=3.0, least_gain=1.0, clusters=0.5)) == Snap(3.0, 1.0, 0.5)


@pytest.mark.parametrize(("weight", "found"), [(0.0, 0), (0.5, 1)])
def test_clusters_count_by_their_weight(
    space_of: Callable[..., SearchSpace], weight: float, found: int
) -> None:
    space = space_of([(172.0, 0.1, 50.0, CYLINDER), (172.0, 0.2, 50.0, CYLINDER)])
    entry = np.argsort(space.row)
    space.points["across_row"][entry], space.points["along_row"][entry] = [1, 2], [1, 2]
    space.points["chance"][entry] = [0.25, -0.25]
    space.points["axis_cos"], space.points["axis_sin"] = 1.0, 0.0
    # only a straight track at its slope of 0.3 has clusters like the second
    space.shapes[:] = -1.0
    space.shapes[0, 2, 64], space.shapes[1, 2, int((0.3 / 1.3 + 1) * 64)] = 0.5, 0.75
    snap = Snap(5.0, -50.0, weight)
    plain = [likeliest(space, CYLINDER, at_crossing(CYLINDER), Snap(5.0, -50.0, 0.0))[1]]
    hit, gain = likeliest(space, CYLINDER, at_crossing(CYLINDER), snap)
    assert hit == found
    if weight:
        _, first = likeliest(space_of([(172.0, 0.1, 50.0, CYLINDER)] * 2), CYLINDER, at_crossing(CYLINDER))
        assert plain[0] == pytest.approx(first, abs=1e-3)
        lost = 0.5 * (0.2**2 - 0.1**2) / (0.04 + space.surfaces[CYLINDER].across ** 2)
        assert gain == pytest.approx(first - lost + weight * (0.5 + 0.75 + 0.25), abs=1e-3)
