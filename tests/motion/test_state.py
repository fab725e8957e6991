"""States that three hits start: circles by hand, scattering by Highland's formula, errors by differences."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.detector.material import scattering_angle
from clew.motion.state import Motion, scatter, start_state

SURFACES = trackml().surfaces
BARREL, DISC, STRIP_DISC = 8, 11, 30  # the last one stands behind supports
UNIFORM = Solenoid.uniform(2.0).map
WEAKER = UNIFORM._replace(table=0.7 * UNIFORM.table)
MOTION = Motion(scattering=1.3, supports=1.5, energy_loss=0.01)

PION, HIGHLAND, THICKNESS = 0.13957, 0.0136, 0.015  # GeV, GeV, radiation lengths


def highland(pt: float, slope: float, obliquity: float) -> float:
    momentum = pt * np.sqrt(1 + slope**2)
    beta = momentum / np.sqrt(momentum**2 + PION**2)
    return float(HIGHLAND / (beta * momentum) * np.sqrt(THICKNESS * obliquity))


@pytest.mark.parametrize(
    ("layer", "slope", "obliquity"),
    [
        (BARREL, 0.0, 1.0),
        (BARREL, -0.75, 1.25),
        (BARREL, 8.0, 6.0),  # no layer counts as more than six
        (DISC, 0.75, 1.25 / 0.75),
        (DISC, -2.0, 5**0.5 / 2.0),
        (DISC, 1e-4, 6.0),
    ],
)
@pytest.mark.parametrize("pt", [0.2, 3.0])
def test_a_layer_scatters_by_highlands_formula(layer: int, slope: float, obliquity: float, pt: float) -> None:
    found = scattering_angle(-UNIFORM.bending / pt, slope, SURFACES[layer], UNIFORM.bending)
    assert found == pytest.approx(highland(pt, slope, obliquity), rel=1e-9)


def test_very_straight_tracks_scatter_as_those_of_the_least_curvature() -> None:
    bending = UNIFORM.bending
    least, none = (scattering_angle(kappa, 0.0, SURFACES[BARREL], bending) for kappa in (2e-5, 0.0))
    assert none == least
    assert scattering_angle(2.1e-5, 0.0, SURFACES[BARREL], bending) > least


@pytest.mark.parametrize(("layer", "factor", "obliquity"), [(BARREL, 1.3, 1.25), (STRIP_DISC, 1.95, 5 / 3)])
def test_scattering_widens_direction_slope_and_curvature(
    layer: int,
    factor: float,
    obliquity: float,
    state_at: Callable[..., Any],
    matrix_of: Callable[[Any], np.ndarray],
    random_covariance: Callable[..., np.ndarray],
) -> None:
    before = random_covariance(0, 0.1, 0.001, 1e-5, 0.1, 0.001)
    kappa, slope = -UNIFORM.bending / 0.5, -0.75
    state = state_at(1.0, 2.0, 3.0, 0.1, kappa, slope, before)
    scatter(state, SURFACES[layer], MOTION, UNIFORM.bending)
    theta, sec2 = factor * highland(0.5, slope, obliquity), 1 + slope**2
    added = np.diag([0.0, theta**2 * sec2, (0.01 * kappa) ** 2, 0.0, (theta * sec2) ** 2])
    np.testing.assert_allclose(matrix_of(state), before + added, rtol=1e-9, atol=1e-20)
    assert (state.x, state.y, state.z, state.psi, state.kappa, state.slope) == (1, 2, 3, 0.1, kappa, slope)


@pytest.mark.parametrize("radius", [700.0, -300.0, 90.0])
@pytest.mark.parametrize("field", [UNIFORM, WEAKER], ids=["uniform", "weaker"])
def test_three_hits_on_a_helix_start_on_it(
    radius: float, field: Any, state_at: Callable[..., Any], hit_point: Callable[..., Any]
) -> None:
    turned = 0.3 + np.array([30.0, 75.0, 130.0]) / radius
    points = [
        hit_point(radius * (np.sin(t) - np.sin(0.3)), -radius * (np.cos(t) - np.cos(0.3)), 0.7 * arc, layer)
        for t, arc, layer in zip(turned, (30.0, 75.0, 130.0), (7, 8, 9), strict=True)
    ]
    state, strength = state_at(0, 0, 0, 0, 0, 0), field.table[0, 0, 0]
    assert start_state(*points, SURFACES, MOTION, field, state)
    assert (state.x, state.y, state.z) == (points[2].x, points[2].y, points[2].z)
    assert state.psi == pytest.approx(turned[2], abs=1e-9)
    assert state.kappa == pytest.approx(1 / (radius * strength), rel=1e-9)
    assert state.slope == pytest.approx(0.7, rel=1e-3)  # the arc to the third power of its turn


def test_a_straight_line_starts_with_the_least_curvature(
    state_at: Callable[..., Any], hit_point: Callable[..., Any]
) -> None:
    points = [hit_point(x, 0.5 * x, 0.1 * x, layer) for x, layer in ((30.0, 7), (70.0, 8), (110.0, 9))]
    state = state_at(0, 0, 0, 0, 0, 0)
    assert start_state(*points, SURFACES, MOTION, UNIFORM, state)
    assert state.kappa == 1e-9
    assert (state.psi, state.slope) == pytest.approx((np.arctan(0.5), 0.1 / 1.25**0.5))


@pytest.mark.parametrize("same", [(0, 1), (1, 2), (0, 2)])
def test_hits_at_one_place_start_nothing(
    same: tuple[int, int], state_at: Callable[..., Any], hit_point: Callable[..., Any]
) -> None:
    points = [hit_point(32.0, 0.0, 0.0, 7), hit_point(72.0, 5.0, 0.0, 8), hit_point(116.0, 0.0, 9.0, 9)]
    points[same[1]].x, points[same[1]].y = points[same[0]].x + 9e-4, points[same[0]].y
    state = state_at(0, 0, 0, 0, 0, 0)
    assert not start_state(*points, SURFACES, MOTION, UNIFORM, state)


HITS = {
    # x, y, z, layer and azimuth of the strips; all three courses bend little
    "barrel": [(32.0, 1.0, 5.0, 7, 0.0), (72.0, 2.5, 30.0, 8, 0.0), (116.0, 4.5, 60.0, 9, 0.0)],
    "discs": [(60.0, 1.0, 1220.0, 30, 0.2), (77.0, 2.1, 1500.0, 31, -0.3), (95.0, 3.4, 1800.0, 32, 0.15)],
    "both": [(100.0, 2.0, 380.0, 9, 0.0), (158.0, 3.4, 600.0, 11, 0.25), (184.0, 4.2, 700.0, 12, -0.1)],
}


def errors_of(state: Any, x: float, y: float, layer: int, axis: float) -> tuple[float, float]:
    """Return the errors of a hit across a track's direction, and of its z at that place along the track."""
    surface = SURFACES[layer]
    if surface.barrel:
        return float(surface.across), float(surface.along)
    askew = np.sin(state.psi - axis)
    return float(np.hypot(surface.across, surface.along * askew)), surface.along * abs(state.slope) + 0.01


@pytest.mark.parametrize("field", [UNIFORM, WEAKER], ids=["uniform", "weaker"])
@pytest.mark.parametrize("course", list(HITS))
def test_the_covariance_is_that_of_the_hits_errors_and_of_scattering(
    course: str,
    field: Any,
    state_at: Callable[..., Any],
    matrix_of: Callable[[Any], np.ndarray],
    hit_point: Callable[..., Any],
) -> None:
    places = np.array([row[:3] for row in HITS[course]])
    layers, axes = [row[3] for row in HITS[course]], [row[4] for row in HITS[course]]

    def started(rows: np.ndarray) -> Any:
        state = state_at(0, 0, 0, 0, 0, 0)
        points = [hit_point(*row, k, 1, axis) for row, k, axis in zip(rows, layers, axes, strict=True)]
        assert start_state(*points, SURFACES, MOTION, field, state)
        return state

    middle = started(places)
    cos, sin, slope = np.cos(middle.psi), np.sin(middle.psi), middle.slope
    sideways, upwards = np.array([-sin, cos, 0.0]), np.array([0.0, 0.0, 1.0])

    def change(moves: np.ndarray) -> np.ndarray:
        """Return how the five parameters change with moves of the hits, by a central difference."""
        up, down = started(places + 1e-4 * moves), started(places - 1e-4 * moves)
        across = (up.y - down.y) * cos - (up.x - down.x) * sin
        rest = up.psi - down.psi, up.kappa - down.kappa, up.z - down.z, up.slope - down.slope
        return np.array([across, *rest]) / 2e-4

    expected = np.zeros((5, 5))
    for hit, direction in product(range(3), (sideways, upwards)):
        move = np.zeros((3, 3))
        move[hit] = direction
        error = errors_of(middle, *places[hit, :2], layers[hit], axes[hit])[int(direction is upwards)]
        expected += error**2 * np.outer(change(move), change(move))
    # a kink in the second layer moves the third hit; the true direction then is the new one
    gap = np.hypot(*(places[2, :2] - places[1, :2]))
    sec2 = 1 + slope**2
    factor = 1.95 if SURFACES[layers[1]].supports else 1.3
    kink = factor * scattering_angle(middle.kappa, slope, SURFACES[layers[1]], UNIFORM.bending)
    for direction, angle, parameter in ((sideways, kink * np.sqrt(sec2), 1), (upwards, kink * sec2, 4)):
        move = np.zeros((3, 3))
        move[2] = gap * direction
        off = change(move)
        off[0] = off[3] = 0.0  # the place of the third hit is where the track is
        off[parameter] -= 1.0
        expected += angle**2 * np.outer(off, off)
    last = state_at(0, 0, 0, middle.psi, middle.kappa, slope)
    scatter(last, SURFACES[layers[2]], MOTION, UNIFORM.bending)
    expected += matrix_of(last)
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        matrix_of(middle) / np.outer(scale, scale), expected / np.outer(scale, scale), atol=3e-3
    )
