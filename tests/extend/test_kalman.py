"""The Kalman filter: its steps by hand, its way through the field, and its pulls on simulated tracks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clew.detector import trackml
from clew.detector.solenoid import bending_and_tilt
from clew.event import Event
from clew.hits.index import HIT_POINT
from clew.hits.space import whole_space
from clew.io import read_event
from clew.motion.measurement import RESIDUAL, chi2_and_determinant, measure, update
from clew.motion.state import STATE, Motion, scatter, start_state
from clew.motion.transport import PATH, may_reach, transport, transport_covariance
from clew.records import new_record

MOTION = Motion(scattering=1.3, supports=1.5, energy_loss=0.01)
SURFACES, FIELD = trackml().surfaces, trackml().solenoid.map
INNERMOST, SECOND = trackml().select(["pixel barrel 1-2"])
STRIPS = trackml().select(["short strip barrel 1"])[0]
FIRST_DISC = trackml().select(["pixel endcap 1"])[-1]


def at_origin(slope: float = 0.5, kappa: float = 1e-4) -> Any:
    state = new_record(STATE)
    state.x, state.kappa, state.slope = 32.0, kappa, slope
    return state


def transported(state: Any, layer: int, target: Any, path: Any) -> float:
    return transport(state, SURFACES[layer], layer == INNERMOST, FIELD, target, path)


def integrated(state: Any, radius: float, step: float = 0.005) -> np.ndarray:
    """Follow a track to a radius in small steps through the field, at second order."""
    x, y, z, psi, kappa, slope = state.x, state.y, state.z, state.psi, state.kappa, state.slope
    while np.hypot(x, y) < radius:
        bending, tilt = bending_and_tilt(FIELD, x, y, z, (np.cos(psi), np.sin(psi)), slope)
        middle, inclined = psi + 0.5 * step * kappa * bending, slope + 0.5 * step * kappa * tilt
        x, y, z = x + step * np.cos(middle), y + step * np.sin(middle), z + step * inclined
        psi, slope = psi + step * kappa * bending, slope + step * kappa * tilt
    return np.array([x, y, z, psi, kappa, slope])


@pytest.mark.parametrize("slope", [0.0, 1.0, -2.0])
@pytest.mark.parametrize("kappa", [FIELD.bending / 0.5, -FIELD.bending / 3.0])
def test_transport_is_what_small_steps_give(slope: float, kappa: float) -> None:
    state, target, path = at_origin(slope, kappa), new_record(STATE), new_record(PATH)
    assert transported(state, SECOND, target, path) == pytest.approx(40.0, rel=0.01)
    found = [target.x, target.y, target.z, target.psi, target.kappa, target.slope]
    assert found == pytest.approx(integrated(state, 72.0), abs=0.03)


def test_a_layer_that_is_not_met_is_infinitely_far() -> None:
    assert transported(at_origin(kappa=1 / 100.0), STRIPS, new_record(STATE), new_record(PATH)) == np.inf
    assert not may_reach(at_origin(slope=-0.5), SURFACES[FIRST_DISC], np.inf)  # it is on the other side
    assert may_reach(at_origin(), SURFACES[SECOND], 45.0)
    assert not may_reach(at_origin(), SURFACES[SECOND], 35.0)  # it is 40 mm away


def test_an_error_of_direction_grows_with_the_path() -> None:
    state, target, path = at_origin(slope=0.5), new_record(STATE), new_record(PATH)
    state.pp, state.ss = 1e-6, 4e-6
    arc = transported(state, SECOND, target, path)
    transport_covariance(state, path, target)
    assert np.sqrt(target.aa) == pytest.approx(1e-3 * arc, rel=1e-3)
    assert np.sqrt(target.zz) == pytest.approx(2e-3 * arc, rel=1e-3)
    assert target.pp == pytest.approx(1e-6)


@pytest.mark.parametrize(("moved", "step"), [("psi", 1e-6), ("kappa", 1e-9), ("slope", 1e-6)])
def test_the_covariance_follows_numerical_derivatives(moved: str, step: float) -> None:
    """Of a state that is sure but for one parameter: the crossing's variance is the square of its shift."""
    variance = {"psi": "pp", "kappa": "kk", "slope": "ss"}[moved]
    state, target, path, shifted = at_origin(), new_record(STATE), new_record(PATH), new_record(STATE)
    state[variance] = step**2
    transported(state, SECOND, target, path)
    transport_covariance(state, path, target)
    state[moved] += step
    transported(state, SECOND, shifted, new_record(PATH))
    dx, dy, dz = shifted.x - target.x, shifted.y - target.y, shifted.z - target.z
    ahead, across = dx * path.cos + dy * path.sin, dy * path.cos - dx * path.sin
    little = 2e-3 * np.sqrt(dx * dx + dy * dy + dz * dz)  # to first order
    assert np.sqrt(target.aa) == pytest.approx(abs(across), rel=0.01, abs=little)
    assert np.sqrt(target.zz) == pytest.approx(abs(dz - ahead * target.slope), rel=0.01, abs=little)


def straight_path() -> Any:
    """Return a path along x that does not bend, at whose end hits have their usual errors."""
    path = new_record(PATH)
    path.cos, path.across_factor, path.along_factor = 1.0, 1.0, 1.0
    return path


def point(x: float, y: float, z: float, layer: int = INNERMOST) -> Any:
    """Return a hit whose module points along its own azimuth."""
    hit = new_record(HIT_POINT)
    hit.x, hit.y, hit.z, hit.layer = x, y, z, layer
    hit.r, hit.phi = np.hypot(x, y), np.arctan2(y, x)
    hit.z_over_r, hit.axis_cos, hit.axis_sin = z / hit.r, np.cos(hit.phi), np.sin(hit.phi)
    return hit


def test_a_hit_pulls_the_state_by_the_ratio_of_errors() -> None:
    state, surface = at_origin(slope=0.0, kappa=1e-9), SURFACES[INNERMOST]
    state.zz = surface.along**2
    update(point(32.0, 0.0, 1.0), surface, state, straight_path(), new_record(RESIDUAL))
    assert state.z == pytest.approx(0.5)
    assert state.zz == pytest.approx(0.5 * surface.along**2)
    assert state.y == 0.0


def test_chi2_of_a_hit_is_its_distance_in_errors() -> None:
    state, surface, residual = at_origin(slope=0.0), SURFACES[INNERMOST], new_record(RESIDUAL)
    state.zz = 3.0 * surface.along**2
    measure(point(32.0, 0.0, 4.0 * surface.along), surface, state, straight_path(), residual)
    chi2, _ = chi2_and_determinant(state, residual)
    assert chi2 == pytest.approx(4.0)


def test_three_hits_on_a_circle_start_on_it() -> None:
    radius, state = 700.0, new_record(STATE)
    hits = []
    for layer, r in zip(trackml().select(["pixel barrel 1-3"]), (32.0, 72.0, 116.0), strict=True):
        phi = np.arcsin(r / (2 * radius))
        hits.append(point(r * np.cos(phi), r * np.sin(phi), 0.7 * 2 * radius * phi, layer))
    assert start_state(*hits, SURFACES, MOTION, FIELD, state)
    second = hits[1]
    psi = 2 * np.arcsin(72 / (2 * radius))
    heading = np.cos(psi), np.sin(psi)
    bending, _ = bending_and_tilt(FIELD, second.x, second.y, second.z, heading, 0.7)
    assert state.kappa * bending == pytest.approx(1 / radius, rel=1e-4)
    assert state.psi == pytest.approx(2 * np.arcsin(116 / (2 * radius)), abs=1e-5)
    assert state.slope == pytest.approx(0.7, rel=1e-4)
    assert not start_state(hits[0], hits[0], second, SURFACES, MOTION, FIELD, state)


def test_scattering_widens_slow_tracks_more() -> None:
    fast, slow = at_origin(kappa=FIELD.bending / 5.0), at_origin(kappa=FIELD.bending / 0.3)
    scatter(fast, SURFACES[INNERMOST], MOTION, FIELD.bending)
    scatter(slow, SURFACES[INNERMOST], MOTION, FIELD.bending)
    assert slow.pp > 50 * fast.pp > 0


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(Path("data/events/event000000003"))


def true_tracks(event: Event, least_pt: float) -> list[np.ndarray]:
    """Return the hits of true tracks, one per layer, inside out, as entries of the search space."""
    assert event.truth is not None
    assert event.particles is not None
    space = whole_space(event.hits)
    pid = event.truth.particle_id[space.row]
    layer, distance = space.points["layer"], np.hypot(space.points["r"], space.points["z"])
    prompt = np.hypot(*event.particles.vertex[:, :2].T) < 1.0
    chosen = event.particles.particle_id[prompt & (event.particles.pt > least_pt)]
    tracks = []
    for particle in chosen[:400]:
        rows = np.flatnonzero(pid == particle)
        rows = rows[np.argsort(distance[rows])]
        _, first = np.unique(layer[rows], return_index=True)
        rows = rows[np.sort(first)]
        if len(rows) >= 6 and layer[rows[0]] == INNERMOST:
            tracks.append(rows)
    return tracks


def pulls(event: Event, least_pt: float) -> np.ndarray:
    """Return the residuals of true next hits over their expected deviations, shape (n, 2)."""
    space, following = whole_space(event.hits), event.hits.detector.following(1)
    points, state, target = space.points, new_record(STATE), new_record(STATE)
    path, residual, found = new_record(PATH), new_record(RESIDUAL), []
    for rows in true_tracks(event, least_pt):
        if not start_state(*(points[row] for row in rows[:3]), space.surfaces, MOTION, FIELD, state):
            continue
        for last, hit in pairwise(rows[2:]):
            surface, last_layer = space.surfaces[points[hit].layer], points[last].layer
            if points[hit].layer not in following[last_layer]:
                break
            if transport(state, surface, points[hit].layer == last_layer, FIELD, target, path) == np.inf:
                break
            transport_covariance(state, path, target)
            measure(points[hit], surface, target, path, residual)
            one, other = residual.r1, residual.r2
            residual.r2 = 0.0
            first, _ = chi2_and_determinant(target, residual)
            residual.r1, residual.r2 = 0.0, other
            second, _ = chi2_and_determinant(target, residual)
            found.append((np.copysign(np.sqrt(first), one), np.copysign(np.sqrt(second), other)))
            update(points[hit], surface, target, path, residual)
            scatter(target, surface, MOTION, FIELD.bending)
            state, target = target, state
    return np.array(found)


def width(values: np.ndarray) -> float:
    low, high = np.quantile(values, [0.16, 0.84])
    return float(high - low) / 2


@pytest.mark.parametrize("least_pt", [0.3, 1.0])
def test_pulls_on_simulated_tracks_are_centred_and_of_width_one(event: Event, least_pt: float) -> None:
    across, along = pulls(event, least_pt).T
    assert len(across) > 500
    for part in (across, along):
        assert abs(np.median(part)) < 0.1
        assert 0.55 < width(part) < 1.1
