"""Residuals, chi2 and update against the Kalman filter in its textbook form, with matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.detector.material import scattering_angle
from clew.motion.measurement import (
    RESIDUAL,
    chi2_and_determinant,
    covariance,
    head,
    measure,
    place_at,
    update,
)
from clew.motion.state import STATE, Motion, scatter, start_state
from clew.motion.transport import PATH, transport, transport_covariance
from clew.records import new_record

DETECTOR = trackml()
SURFACES = DETECTOR.surfaces
FIELD = Solenoid.uniform(2.0).map
BARREL, DISC = 10, 30  # r = 172 mm; z = 1220 mm, strips
DEVIATIONS = (0.05, 2e-3, 3e-5, 0.4, 4e-3)


@pytest.fixture
def case(
    state_at: Callable[..., Any],
    hit_point: Callable[..., Any],
    random_covariance: Callable[..., np.ndarray],
) -> Callable[..., tuple[Any, Any, Any]]:
    """Return a function that makes a state with its covariance, its path, and a hit ahead of it."""

    def make(layer: int, seed: int = 0) -> tuple[Any, Any, Any]:
        matrix = random_covariance(seed, *DEVIATIONS)
        state = state_at(150.0, 80.0, 300.0, 0.7, -1e-3, 1.4, matrix)
        path = new_record(PATH)
        path.cos, path.sin, path.bent = np.cos(0.7), np.sin(0.7), -8e-4
        path.across_factor, path.along_factor = 1.2, 0.9
        return state, path, hit_point(152.1, 82.3, 304.5, layer, 1, 0.45)

    return make


def rows_of(residual: Any) -> np.ndarray:
    """Return how the two residuals depend on a, p, k, z, s at the hit's place along the track."""
    return np.array([[residual.a1, 0, 0, residual.z1, 0], [residual.a2, 0, 0, residual.z2, 0]])


def moved_on(matrix: np.ndarray, ahead: float) -> np.ndarray:
    """Return the covariance a little further along a straight line."""
    step = np.eye(5)
    step[0, 1] = step[3, 4] = ahead
    return step @ matrix @ step.T


def measured(state: Any, path: Any, point: Any) -> Any:
    residual = new_record(RESIDUAL)
    measure(point, SURFACES[point.layer], state, path, residual)
    return residual


def test_on_a_cylinder_a_hit_is_measured_across_and_in_z(case: Callable[..., Any]) -> None:
    state, path, point = case(BARREL)
    residual = measured(state, path, point)
    ahead = 2.1 * np.cos(0.7) + 2.3 * np.sin(0.7)
    across = 2.3 * np.cos(0.7) - 2.1 * np.sin(0.7)
    assert residual.ahead == pytest.approx(ahead)
    assert residual.r1 == pytest.approx(across + 0.5 * 8e-4 * ahead**2)  # the track bends to the right
    assert residual.r2 == pytest.approx(4.5 - 1.4 * ahead)
    assert (residual.a1, residual.z1, residual.a2, residual.z2) == (1.0, 0.0, 0.0, 1.0)
    surface = SURFACES[BARREL]
    assert (residual.e1, residual.e2) == pytest.approx((1.2 * surface.across, 0.9 * surface.along))


@pytest.mark.parametrize("slope", [1.4, -1.4])
def test_on_a_disc_a_hit_is_measured_in_the_plane_where_its_z_is_met(
    case: Callable[..., Any], slope: float
) -> None:
    state, path, point = case(DISC)
    state.slope, path.bent = slope, 0.0
    residual = measured(state, path, point)
    arc = 4.5 / slope
    met = np.array([150.0 + arc * np.cos(0.7), 80.0 + arc * np.sin(0.7)])
    off = np.array([152.1, 82.3]) - met
    assert residual.r1 == pytest.approx(off @ [-np.sin(0.45), np.cos(0.45)])
    assert residual.r2 == pytest.approx(off @ [np.cos(0.45), np.sin(0.45)])
    surface = SURFACES[DISC]
    assert (residual.e1, residual.e2) == pytest.approx((1.2 * surface.across, 0.9 * surface.along))


@pytest.mark.parametrize("layer", [BARREL, DISC])
def test_residuals_depend_on_the_state_as_they_say(case: Callable[..., Any], layer: int) -> None:
    state, path, point = case(layer)
    before = measured(state, path, point)
    state.x, state.y = state.x - 1e-3 * path.sin, state.y + 1e-3 * path.cos
    aside = measured(state, path, point)
    assert (before.r1 - aside.r1) / 1e-3 == pytest.approx(before.a1, abs=1e-9)
    assert (before.r2 - aside.r2) / 1e-3 == pytest.approx(before.a2, abs=1e-9)
    state.z += 1e-3
    higher = measured(state, path, point)
    assert (aside.r1 - higher.r1) / 1e-3 == pytest.approx(before.z1, abs=1e-9)
    assert (aside.r2 - higher.r2) / 1e-3 == pytest.approx(before.z2, abs=1e-9)


@pytest.mark.parametrize(("slope", "per_slope"), [(0.001, 50.0), (-0.001, -50.0), (0.1, 10.0)])
def test_no_track_is_flatter_than_a_fiftieth_against_a_disc(
    case: Callable[..., Any], slope: float, per_slope: float
) -> None:
    state, path, point = case(DISC)
    state.slope = slope
    assert measured(state, path, point).z2 == pytest.approx(-np.cos(0.45 - 0.7) * per_slope)


def test_covariances_a_little_further_on_are_those_of_a_straight_line(
    case: Callable[..., Any], matrix_of: Callable[[Any], np.ndarray]
) -> None:
    state, _, _ = case(BARREL)
    further = moved_on(matrix_of(state), 7.0)
    assert place_at(state, 7.0) == pytest.approx((further[0, 0], further[0, 3], further[3, 3]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layer", [BARREL, DISC])
def test_chi2_and_determinant_are_those_of_the_matrix_form(
    case: Callable[..., Any], matrix_of: Callable[[Any], np.ndarray], layer: int, seed: int
) -> None:
    state, path, point = case(layer, seed)
    residual = measured(state, path, point)
    rows = rows_of(residual)
    matrix = rows @ moved_on(matrix_of(state), residual.ahead) @ rows.T
    matrix += np.diag([residual.e1**2, residual.e2**2])
    r = np.array([residual.r1, residual.r2])
    found = chi2_and_determinant(state, residual)
    assert found == pytest.approx((r @ np.linalg.solve(matrix, r), np.linalg.det(matrix)))
    assert covariance(state, residual) == pytest.approx((matrix[0, 0], matrix[0, 1], matrix[1, 1]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layer", [BARREL, DISC])
def test_the_update_is_the_kalman_filters(
    case: Callable[..., Any], matrix_of: Callable[[Any], np.ndarray], layer: int, seed: int
) -> None:
    state, path, point = case(layer, seed)
    residual = measured(state, path, point)
    rows, ahead = rows_of(residual), residual.ahead
    prior = moved_on(matrix_of(state), ahead)
    inner = rows @ prior @ rows.T + np.diag([residual.e1**2, residual.e2**2])
    gain = prior @ rows.T @ np.linalg.inv(inner)
    a, p, k, z, s = gain @ [residual.r1, residual.r2]
    posterior = (np.eye(5) - gain @ rows) @ prior
    aside = a + 0.5 * path.bent * ahead**2
    expected = (
        state.x + ahead * path.cos - aside * path.sin,
        state.y + ahead * path.sin + aside * path.cos,
        state.z + state.slope * ahead + z,
        state.psi + path.bent * ahead + p,
        state.kappa + k,
        state.slope + s,
    )
    update(point, SURFACES[layer], state, path, new_record(RESIDUAL))
    found = (state.x, state.y, state.z, state.psi, state.kappa, state.slope)
    assert found == pytest.approx(expected, rel=1e-12)
    scale = np.array(DEVIATIONS)
    np.testing.assert_allclose(
        matrix_of(state) / np.outer(scale, scale), posterior / np.outer(scale, scale), atol=1e-10
    )


def test_the_posterior_tells_how_far_the_state_is_from_the_truth(
    case: Callable[..., Any], matrix_of: Callable[[Any], np.ndarray], hit_point: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(11)
    pulls, chi2s = [], []
    truth, path, _ = case(DISC)
    path.bent, path.across_factor, path.along_factor = 0.0, 1.0, 1.0
    for a, p, k, z, s in rng.multivariate_normal(np.zeros(5), matrix_of(truth), 1000):
        path.cos, path.sin, state = np.cos(0.7), np.sin(0.7), truth.copy()
        state.x, state.y = truth.x - a * path.sin, truth.y + a * path.cos
        state.z, state.psi, state.kappa, state.slope = truth.z + z, 0.7 + p, truth.kappa + k, 1.4 + s
        path.cos, path.sin = np.cos(state.psi), np.sin(state.psi)
        noise = rng.normal(size=2) * (SURFACES[DISC].across, SURFACES[DISC].along)
        cos, sin = np.cos(0.45), np.sin(0.45)
        hit = truth.x - noise[0] * sin + noise[1] * cos, truth.y + noise[0] * cos + noise[1] * sin
        point = hit_point(*hit, truth.z, DISC, 1, 0.45)
        residual = measured(state, path, point)
        chi2s.append(chi2_and_determinant(state, residual)[0])
        update(point, SURFACES[DISC], state, path, residual)
        off = np.array([state.psi - 0.7, state.kappa - truth.kappa, state.slope - 1.4])
        pulls.append(off / np.sqrt([state.pp, state.kk, state.ss]))
    assert np.mean(chi2s) == pytest.approx(2.0, abs=0.15)
    assert np.std(pulls, axis=0) == pytest.approx(1.0, abs=0.06)


def test_the_head_of_a_state_is_its_direction_and_curvature(state_at: Callable[..., Any]) -> None:
    path = new_record(PATH)
    weaker = FIELD._replace(table=0.7 * FIELD.table)
    head(state_at(50.0, 20.0, 100.0, 2.1, -1e-3, 0.5), weaker, path)
    assert (path.cos, path.sin) == pytest.approx((np.cos(2.1), np.sin(2.1)))
    assert path.bent == pytest.approx(-7e-4)
    assert (path.across_factor, path.along_factor) == (1.0, 1.0)


def simulated(rng: np.random.Generator, layers: tuple[int, ...], hit_point: Callable[..., Any]) -> list[Any]:
    """Return the hits of a track of 0.5 GeV that layers scatter and that is measured with their errors."""
    state, target, path = new_record(STATE), new_record(STATE), new_record(PATH)
    state.kappa = rng.choice((-1, 1)) * FIELD.bending / 0.5
    state.psi, state.slope = rng.uniform(-3, 3), rng.uniform(-0.8, 0.8)
    hits = []
    for layer in layers:
        surface = SURFACES[layer]
        transport(state, surface, False, FIELD, target, path)
        x, y, z = target.x, target.y, target.z
        across, along = rng.normal(0, surface.across), rng.normal(0, surface.along)
        # along the cylinder, which the track crosses askew
        phi = np.arctan2(y, x)
        skew = across / np.cos(target.psi - phi)
        hits.append(hit_point(x - skew * np.sin(phi), y + skew * np.cos(phi), z + along, layer))
        state.x, state.y, state.z, state.psi = x, y, z, target.psi
        theta = scattering_angle(state.kappa, state.slope, surface, FIELD.bending)
        sec2 = 1 + state.slope**2
        state.psi += rng.normal(0, theta * np.sqrt(sec2))
        state.slope += rng.normal(0, theta * sec2)
    return hits


def test_pulls_of_filtered_tracks_have_width_one(hit_point: Callable[..., Any]) -> None:
    rng, motion = np.random.default_rng(5), Motion(scattering=1.0, supports=1.0, energy_loss=0.0)
    pulls = []
    for _ in range(300):
        hits = simulated(rng, (7, 8, 9, 10, 24, 25), hit_point)
        state, target = new_record(STATE), new_record(STATE)
        path, residual = new_record(PATH), new_record(RESIDUAL)
        start_state(*hits[:3], SURFACES, motion, FIELD, state)
        for hit in hits[3:]:
            surface = SURFACES[hit.layer]
            transport(state, surface, False, FIELD, target, path)
            transport_covariance(state, path, target)
            measure(hit, surface, target, path, residual)
            s11, _, s22 = covariance(target, residual)
            pulls.append((residual.r1 / np.sqrt(s11), residual.r2 / np.sqrt(s22)))
            update(hit, surface, target, path, residual)
            scatter(target, surface, motion, FIELD.bending)
            state, target = target, state
    assert np.std(pulls, axis=0) == pytest.approx(1.0, abs=0.07)
    assert np.mean(pulls, axis=0) == pytest.approx(0.0, abs=0.1)
