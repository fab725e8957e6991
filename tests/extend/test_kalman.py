"""The Kalman filter: its steps by hand, its way through the field, and its pulls on simulated tracks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from clew.detector.field import bending_and_tilt
from clew.detector.solenoid import BENDING
from clew.detector.transitions import next_layers
from clew.event import Event
from clew.hits.space import whole_space
from clew.io import read_event
from clew.motion import state as s
from clew.motion.measurement import N_RESIDUAL, chi2_and_spread, measure, update
from clew.motion.state import LENGTH_ERROR, N_STATE, Motion, scatter, start_state
from clew.motion.transport import N_WAY, arrive, carry_covariance, may_reach

MOTION = Motion(scattering=1.3, strip_discs=1.5, energy_loss=0.01)
INNERMOST, SECOND, STRIPS = 7, 8, 24


def at_origin(slope: float = 0.5, kappa: float = 1e-4) -> np.ndarray:
    state = np.zeros(N_STATE)
    state[s.X], state[s.KAPPA], state[s.SLOPE] = 32.0, kappa, slope
    return state


def integrated(state: np.ndarray, radius: float, step: float = 0.005) -> np.ndarray:
    """Follow a track to a radius in small steps through the field, at second order."""
    x, y, z, psi, kappa, slope = state[:6]
    while np.hypot(x, y) < radius:
        bending, tilt = bending_and_tilt(x, y, z, psi, slope)
        middle, inclined = psi + 0.5 * step * kappa * bending, slope + 0.5 * step * kappa * tilt
        x, y, z = x + step * np.cos(middle), y + step * np.sin(middle), z + step * inclined
        psi, slope = psi + step * kappa * bending, slope + step * kappa * tilt
    return np.array([x, y, z, psi, kappa, slope])


@pytest.mark.parametrize("slope", [0.0, 1.0, -2.0])
@pytest.mark.parametrize("kappa", [BENDING / 0.5, -BENDING / 3.0])
def test_arriving_is_what_small_steps_give(slope: float, kappa: float) -> None:
    state, target, way = at_origin(slope, kappa), np.empty(N_STATE), np.empty(N_WAY)
    assert arrive(state, SECOND, INNERMOST, target, way) == pytest.approx(40.0, rel=0.01)
    assert target[:6] == pytest.approx(integrated(state, 72.0), abs=0.03)


def test_a_layer_that_is_not_met_is_infinitely_far() -> None:
    state, target, way = at_origin(kappa=1 / 100.0), np.empty(N_STATE), np.empty(N_WAY)
    assert arrive(state, STRIPS, INNERMOST, target, way) == np.inf
    assert not may_reach(at_origin(slope=-0.5), 11, np.inf)  # the first disc on the other side
    assert may_reach(at_origin(), SECOND, 45.0)
    assert not may_reach(at_origin(), SECOND, 35.0)  # it is 40 mm away


def test_an_error_of_direction_grows_with_the_way() -> None:
    state, target, way = at_origin(slope=0.5), np.empty(N_STATE), np.empty(N_WAY)
    state[s.PP], state[s.SS] = 1e-6, 4e-6
    arc = arrive(state, SECOND, INNERMOST, target, way)
    carry_covariance(state, way, target)
    assert np.sqrt(target[s.AA]) == pytest.approx(1e-3 * arc, rel=1e-3)
    assert np.sqrt(target[s.ZZ]) == pytest.approx(2e-3 * arc, rel=1e-3)
    assert target[s.PP] == pytest.approx(1e-6)


def straight_way() -> np.ndarray:
    """Return a way along x that does not bend, at whose end hits have their usual errors."""
    return np.array([1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0])


def point(x: float, y: float, z: float) -> np.ndarray:
    """Return one row of a search space's points."""
    r, phi = np.hypot(x, y), np.arctan2(y, x)
    return np.array([[x, y, z, z / r, phi, r, np.cos(phi), np.sin(phi)]])


def test_a_hit_pulls_the_state_by_the_ratio_of_errors() -> None:
    state, way = at_origin(slope=0.0, kappa=1e-9), straight_way()
    error = float(LENGTH_ERROR[INNERMOST])
    state[s.ZZ] = error**2
    update(point(32.0, 0.0, 1.0), 0, INNERMOST, state, way, np.empty(N_RESIDUAL))
    assert state[s.Z] == pytest.approx(0.5)
    assert state[s.ZZ] == pytest.approx(0.5 * error**2)
    assert state[s.Y] == 0.0


def test_chi2_of_a_hit_is_its_distance_in_errors() -> None:
    state, way, residual = at_origin(slope=0.0), straight_way(), np.empty(N_RESIDUAL)
    error = float(LENGTH_ERROR[INNERMOST])
    state[s.ZZ] = 3.0 * error**2
    measure(point(32.0, 0.0, 4.0 * error), 0, INNERMOST, state, way, residual)
    chi2, _ = chi2_and_spread(state, residual)
    assert chi2 == pytest.approx(4.0)


def test_three_hits_on_a_circle_start_on_it() -> None:
    radius = 700.0
    rows = []
    for r in (32.0, 72.0, 116.0):
        phi = np.arcsin(r / (2 * radius))
        arc = 2 * radius * phi
        rows.append(point(r * np.cos(phi), r * np.sin(phi), 0.7 * arc))
    points, state = np.concatenate(rows), np.empty(N_STATE)
    assert start_state(points, np.array([7, 8, 9], dtype=np.int32), 0, 1, 2, MOTION, state)
    bending, _ = bending_and_tilt(*points[1, :3], 2 * np.arcsin(72 / (2 * radius)), 0.7)
    assert state[s.KAPPA] * bending == pytest.approx(1 / radius, rel=1e-4)
    assert state[s.PSI] == pytest.approx(2 * np.arcsin(116 / (2 * radius)), abs=1e-5)
    assert state[s.SLOPE] == pytest.approx(0.7, rel=1e-4)
    assert not start_state(points[[0, 0, 1]], np.zeros(3, dtype=np.int32), 0, 1, 2, MOTION, state)


def test_scattering_widens_slow_tracks_more() -> None:
    fast, slow = at_origin(kappa=BENDING / 5.0), at_origin(kappa=BENDING / 0.3)
    scatter(fast, INNERMOST, MOTION)
    scatter(slow, INNERMOST, MOTION)
    assert slow[s.PP] > 50 * fast[s.PP] > 0


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(Path("data/events/event000000003"))


def true_tracks(event: Event, least_pt: float) -> list[np.ndarray]:
    """Return the hits of true tracks, one per layer, inside out, as rows of the search space."""
    assert event.truth is not None
    assert event.particles is not None
    space = whole_space(event.hits)
    pid = event.truth.particle_id[space.row]
    distance = np.hypot(space.points[:, 5], space.points[:, 2])
    prompt = np.hypot(*event.particles.vertex[:, :2].T) < 1.0
    chosen = event.particles.particle_id[prompt & (event.particles.pt > least_pt)]
    tracks = []
    for particle in chosen[:400]:
        rows = np.flatnonzero(pid == particle)
        rows = rows[np.argsort(distance[rows])]
        _, first = np.unique(space.layer[rows], return_index=True)
        rows = rows[np.sort(first)]
        if len(rows) >= 6 and space.layer[rows[0]] == INNERMOST:
            tracks.append(rows)
    return tracks


def pulls(event: Event, least_pt: float) -> np.ndarray:
    """Return the residuals of true next hits over their expected deviations, shape (n, 2)."""
    space = whole_space(event.hits)
    state, target, way, residual = np.empty(N_STATE), np.empty(N_STATE), np.empty(N_WAY), np.empty(N_RESIDUAL)
    found = []
    for rows in true_tracks(event, least_pt):
        if not start_state(space.points, space.layer, *rows[:3], MOTION, state):
            continue
        for last, hit in pairwise(rows[2:]):
            layer = space.layer[hit]
            if layer not in next_layers(1)[space.layer[last]]:
                break
            if arrive(state, layer, space.layer[last], target, way) == np.inf:
                break
            carry_covariance(state, way, target)
            measure(space.points, hit, layer, target, way, residual)
            one, other = residual[0], residual[4]
            residual[4] = 0.0
            first, _ = chi2_and_spread(target, residual)
            residual[0], residual[4] = 0.0, other
            second, _ = chi2_and_spread(target, residual)
            found.append((np.copysign(np.sqrt(first), one), np.copysign(np.sqrt(second), other)))
            state[:] = target
            update(space.points, hit, layer, state, way, residual)
            scatter(state, layer, MOTION)
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
