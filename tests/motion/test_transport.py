"""States on their way to layers: circles by hand, the field half way, and the covariance by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.motion.transport import PATH, may_reach, on_layer, transport, transport_covariance
from clew.records import new_record

SURFACES = trackml().surfaces
INNERMOST, SECOND, FOURTH, STRIPS, DISC = 7, 8, 10, 24, 11  # r = 32, 72, 172, 260 mm; z = 600 mm
UNIFORM = Solenoid.uniform(2.0).map
WEAKER = UNIFORM._replace(table=0.7 * UNIFORM.table)


def carried(state: Any, layer: int, state_at: Callable[..., Any], field: Any = UNIFORM) -> tuple[Any, Any]:
    """Return a state at a layer, with covariance, and its path there."""
    target, path = state_at(0, 0, 0, 0, 0, 0), new_record(PATH)
    arc = transport(state, SURFACES[layer], False, field, target, path)
    assert arc == path.arc
    transport_covariance(state, path, target)
    return target, path


def on_circle(state: Any, arc: float) -> tuple[float, ...]:
    """Return x, y, z, psi after an arc of a helix."""
    turned = state.psi + arc * state.kappa
    return (
        state.x + (np.sin(turned) - np.sin(state.psi)) / state.kappa,
        state.y - (np.cos(turned) - np.cos(state.psi)) / state.kappa,
        state.z + arc * state.slope,
        turned,
    )


@pytest.mark.parametrize("kappa", [1e-3, -1e-3, 3e-3])
@pytest.mark.parametrize(("psi", "r", "layer"), [(0.6, 32.0, SECOND), (-0.3, 32.0, FOURTH), (3.0, 72.0, 7)])
def test_a_helix_arrives_at_a_cylinder(
    kappa: float, psi: float, r: float, layer: int, state_at: Callable[..., Any]
) -> None:
    state = state_at(r, 0.0, -20.0, psi, kappa, 1.5)
    target, path = carried(state, layer, state_at)
    found = (target.x, target.y, target.z, target.psi)
    assert found == pytest.approx(on_circle(state, path.arc), rel=1e-9)
    assert np.hypot(target.x, target.y) == pytest.approx(float(SURFACES[layer].position), rel=1e-9)
    assert (target.kappa, target.slope) == pytest.approx((kappa, 1.5))
    # the first time: half way it is still between the two cylinders
    x, y, *_ = on_circle(state, 0.5 * path.arc)
    low, high = sorted((r, float(SURFACES[layer].position)))
    assert low < np.hypot(x, y) < high


@pytest.mark.parametrize("kappa", [1e-3, -1e-3])
def test_a_helix_arrives_at_a_disc(kappa: float, state_at: Callable[..., Any]) -> None:
    state = state_at(10.0, 60.0, 400.0, 1.2, kappa, 2.5)
    target, path = carried(state, DISC, state_at)
    assert path.arc == pytest.approx(200.0 / 2.5)
    assert (target.x, target.y, target.z, target.psi) == pytest.approx(on_circle(state, 80.0), rel=1e-9)


def test_a_straight_track_arrives_straight(state_at: Callable[..., Any]) -> None:
    target, path = carried(state_at(32.0, 0.0, 0.0, 0.0, 1e-12, 0.5), SECOND, state_at)
    assert (target.x, target.y, target.z) == pytest.approx((72.0, 0.0, 20.0), abs=1e-4)
    assert path.chord == pytest.approx(40.0, abs=1e-4)


def test_the_path_tells_its_end(state_at: Callable[..., Any]) -> None:
    state = state_at(32.0, 0.0, 0.0, 0.2, 2e-3, 0.5)
    target, path = carried(state, FOURTH, state_at)
    assert (path.cos, path.sin) == pytest.approx((np.cos(target.psi), np.sin(target.psi)))
    ahead = (target.x - state.x) * path.cos + (target.y - state.y) * path.sin
    assert path.chord == pytest.approx(ahead)
    assert (path.bent, path.across_factor, path.along_factor) == pytest.approx((2e-3, 1.0, 1.0))


def test_the_field_half_way_bends_and_tilts(state_at: Callable[..., Any]) -> None:
    """A field that grows along the axis and away from it, so that its value tells where it was looked up."""
    rho = np.arange(UNIFORM.table.shape[0]) / UNIFORM.per_rho
    height = np.arange(UNIFORM.table.shape[1]) / UNIFORM.per_height + UNIFORM.lowest
    table = np.empty_like(UNIFORM.table)
    table[..., 0] = 1.0 + 1e-3 * rho[:, None] + 5e-4 * height
    table[..., 1] = 2e-3 * rho[:, None]
    field = UNIFORM._replace(table=table, x=5.0, y=-3.0, z=50.0)
    psi, kappa, slope = 0.4, 1e-3, 0.8
    state = state_at(32.0, 0.0, 10.0, psi, kappa, slope)
    target, path = carried(state, FOURTH, state_at, field)
    gap = 172.0 - 32.0
    half_way = psi + 0.25 * kappa * gap
    dx, dy = 32.0 + 0.5 * gap * np.cos(half_way) - 5.0, 0.5 * gap * np.sin(half_way) + 3.0
    rho_there, z_there = np.hypot(dx, dy), 10.0 + 0.5 * slope * gap - 50.0
    axial, radial = 1.0 + 1e-3 * rho_there + 5e-4 * z_there, 2e-3 * rho_there
    along = (dx * np.cos(half_way) + dy * np.sin(half_way)) / rho_there
    across = (dy * np.cos(half_way) - dx * np.sin(half_way)) / rho_there
    tilt = -radial * across * (1 + slope**2)
    assert path.bent == pytest.approx(kappa * (axial - slope * radial * along), rel=1e-8)
    assert target.slope == pytest.approx(slope + kappa * tilt * path.arc, rel=1e-8)
    assert target.z == pytest.approx(10.0 + (slope + 0.5 * kappa * tilt * gap) * path.arc, rel=1e-8)
    assert target.psi == pytest.approx(psi + path.bent * path.arc, rel=1e-8)
    assert target.kappa == kappa


def test_the_field_is_looked_up_no_farther_than_a_step_ahead(state_at: Callable[..., Any]) -> None:
    height = np.arange(UNIFORM.table.shape[1]) / UNIFORM.per_height + UNIFORM.lowest
    table = UNIFORM.table.copy()
    table[..., 0] = 1.0 + 1e-4 * height
    state = state_at(50.0, 0.0, -500.0, 0.3, 1e-4, 1.0)
    _, path = carried(state, DISC, state_at, UNIFORM._replace(table=table))
    assert path.arc == pytest.approx(1100.0)
    assert path.bent == pytest.approx(1e-4 * (1.0 + 1e-4 * (-500.0 + 0.5 * 600.0)), rel=1e-6)


@pytest.mark.parametrize(
    ("layer", "z", "psi", "kappa", "slope"),
    [
        (STRIPS, 0.0, 0.0, 1 / 100.0, 0.0),  # a circle of 200 mm at most
        (DISC, 0.0, 0.0, 1e-4, 0.39),  # 1538 mm away
        (DISC, 0.0, 0.0, 1e-4, -1.0),
        (DISC, 0.0, 0.0, 5.1e-3, 1.0),  # it turns by 3.06 rad until there
    ],
)
def test_a_layer_that_is_not_met_is_infinitely_far(
    layer: int, z: float, psi: float, kappa: float, slope: float, state_at: Callable[..., Any]
) -> None:
    state, target = state_at(32.0, 0.0, z, psi, kappa, slope), state_at(0, 0, 0, 0, 0, 0)
    assert transport(state, SURFACES[layer], False, UNIFORM, target, new_record(PATH)) == np.inf


@pytest.mark.parametrize(("kappa", "slope"), [(1e-4, 0.41), (4.9e-3, 1.0)])
def test_a_layer_just_within_the_limits_is_met(
    kappa: float, slope: float, state_at: Callable[..., Any]
) -> None:
    state, target = state_at(32.0, 0.0, 0.0, 0.0, kappa, slope), state_at(0, 0, 0, 0, 0, 0)
    arc = transport(state, SURFACES[DISC], False, UNIFORM, target, new_record(PATH))
    assert arc == pytest.approx(600.0 / slope)


def test_a_track_comes_back_to_its_own_layer_after_a_longer_way(state_at: Callable[..., Any]) -> None:
    # it leaves the cylinder nearly along it, on a circle of 50 mm
    state, target = state_at(72.0, 0.0, 0.0, 1.3, 0.02, 0.0), state_at(0, 0, 0, 0, 0, 0)
    path = new_record(PATH)
    arc = transport(state, SURFACES[SECOND], True, UNIFORM, target, path)
    assert 30.0 < arc < 3.0 / 0.02
    assert np.hypot(target.x, target.y) == pytest.approx(72.0, rel=1e-9)
    assert (target.x, target.y) == pytest.approx(on_circle(state, arc)[:2], rel=1e-9)


def moved(state: Any, number: int, step: float, state_at: Callable[..., Any]) -> Any:
    """Return a state one of whose five parameters is changed by a step."""
    change = np.zeros(5)
    change[number] = step
    a, p, k, z, s = change
    return state_at(
        state.x - a * np.sin(state.psi),
        state.y + a * np.cos(state.psi),
        state.z + z,
        state.psi + p,
        state.kappa + k,
        state.slope + s,
    )


def jacobian(
    state: Any, layer: int, scales: np.ndarray, field: Any, state_at: Callable[..., Any]
) -> np.ndarray:
    """Return how the five parameters at a layer depend on those before, by finite differences.

    Both are taken at the same arc: a state that meets the layer earlier is moved on along its track.
    """
    end, path = carried(state, layer, state_at, field)
    columns = []
    for number in range(5):
        both = []
        for sign in (1.0, -1.0):
            step = sign * 1e-4 * scales[number]
            other, _ = carried(moved(state, number, step, state_at), layer, state_at, field)
            dx, dy = other.x - end.x, other.y - end.y
            ahead = dx * path.cos + dy * path.sin
            both.append(
                np.array(
                    [
                        dy * path.cos - dx * path.sin,
                        other.psi - end.psi - path.bent * ahead,
                        other.kappa - end.kappa,
                        other.z - end.z - end.slope * ahead,
                        other.slope - end.slope,
                    ]
                )
            )
        columns.append((both[0] - both[1]) / (2e-4 * scales[number]))
    return np.array(columns).T


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("field", [UNIFORM, WEAKER], ids=["uniform", "weaker"])
@pytest.mark.parametrize(
    ("start", "layer"),
    [((32.0, 0.0, 20.0, 0.1, 2e-5, 0.6), SECOND), ((10.0, 60.0, 560.0, 1.2, -3e-5, 1.1), DISC)],
    ids=["cylinder", "disc"],
)
def test_the_covariance_is_carried_by_the_derivatives(
    start: tuple[float, ...],
    layer: int,
    field: Any,
    seed: int,
    state_at: Callable[..., Any],
    matrix_of: Callable[[Any], np.ndarray],
    random_covariance: Callable[..., np.ndarray],
) -> None:
    # deviations by which each parameter moves the track by about 0.1 mm over the 40 mm of the path
    scales = 0.1 * np.array([1.0, 1 / 40.0, 2 / 40.0**2, 1.0, 1 / 40.0])
    covariance = random_covariance(seed, *scales)
    state = state_at(*start, covariance)
    target, _ = carried(state, layer, state_at, field)
    turn = jacobian(state, layer, scales, field, state_at)
    expected = turn @ covariance @ turn.T
    np.testing.assert_allclose(
        matrix_of(target) / np.outer(scales, scales), expected / np.outer(scales, scales), atol=5e-3
    )


@pytest.mark.parametrize(
    ("x", "z", "slope", "zz", "layer", "expected"),
    [
        (32.0, 496.9, 1.0, 0.0, INNERMOST, True),  # it ends at 491 mm, 6 mm are allowed
        (32.0, 497.1, 1.0, 0.0, INNERMOST, False),
        (32.0, -497.1, 1.0, 0.0, INNERMOST, False),
        (32.0, -502.9, 1.0, 4.0, INNERMOST, True),  # and three deviations of 2 mm
        (32.0, 503.1, 1.0, 4.0, INNERMOST, False),
        (32.0, 526.9, 1.0, 400.0, INNERMOST, True),  # but not more than 30 mm
        (32.0, 527.1, 1.0, 400.0, INNERMOST, False),
        (24.1, 600.0, 2.0, 0.0, DISC, True),  # from 30 mm to 176.5 mm
        (23.9, 600.0, 2.0, 0.0, DISC, False),
        (182.4, 600.0, 2.0, 0.0, DISC, True),
        (182.6, 600.0, 2.0, 0.0, DISC, False),
        (185.4, 600.0, -2.0, 4.0, DISC, True),  # 2 mm in z are 1 mm in r
        (185.6, 600.0, -2.0, 4.0, DISC, False),
        (188.4, 600.0, 0.05, 0.04, DISC, True),  # no track is flatter than 0.1
        (188.6, 600.0, 0.05, 0.04, DISC, False),
    ],
)
def test_a_crossing_is_on_the_layer_within_its_error(
    x: float, z: float, slope: float, zz: float, layer: int, expected: bool, state_at: Callable[..., Any]
) -> None:
    state = state_at(0.6 * x, 0.8 * x, z, 0.0, 1e-4, slope)
    state.zz = zz
    assert on_layer(state, SURFACES[layer]) == expected


@pytest.mark.parametrize(
    ("x", "z", "slope", "layer", "nearer_than", "expected"),
    [
        (32.0, 0.0, 0.5, SECOND, 40.1, True),
        (32.0, 0.0, 0.5, SECOND, 39.9, False),
        (72.0, 0.0, 0.5, INNERMOST, 40.1, True),
        (72.0, 0.0, 0.5, INNERMOST, 39.9, False),
        (32.0, 0.0, 14.2, SECOND, np.inf, True),  # it ends at 491 mm, 80 mm are allowed
        (32.0, 0.0, 14.4, SECOND, np.inf, False),
        (32.0, 0.0, -14.4, SECOND, np.inf, False),
        (32.0, -600.0, 1.0, SECOND, np.inf, True),  # it comes nearer
        (32.0, 600.0, 1.0, SECOND, np.inf, False),
        (32.0, 500.0, 2.0, DISC, 46.0, True),  # 50 mm away
        (32.0, 500.0, 2.0, DISC, 45.0, False),
        (32.0, 500.0, -2.0, DISC, np.inf, False),
        (32.0, 700.0, -2.0, DISC, np.inf, True),
        (32.0, 599.9995, 9e-4, DISC, np.inf, False),  # too flat
        (1.0, 600.0 - 9.1, 1.0, DISC, np.inf, True),  # it begins at 30 mm, 20 mm are allowed
        (1.0, 600.0 - 8.9, 1.0, DISC, np.inf, False),
    ],
)
def test_a_straight_line_tells_which_layers_are_out_of_reach(
    x: float,
    z: float,
    slope: float,
    layer: int,
    nearer_than: float,
    expected: bool,
    state_at: Callable[..., Any],
) -> None:
    state = state_at(0.8 * x, 0.6 * x, z, 0.0, 1e-4, slope)
    assert may_reach(state, SURFACES[layer], nearer_than) == expected
