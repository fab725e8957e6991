"""Steps by hand: a circle, planes and lines; their derivatives by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.motion.state import STATE
from clew.motion.stepping import STEP, step_along, step_to_line, step_to_plane
from clew.records import new_record

UNIFORM, REAL = Solenoid.uniform(2.0).map, trackml().solenoid.map
NUMBERS = ("aa", "ap", "ak", "pa", "pk", "za", "zp", "zk", "sk")
PLACES = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (3, 0), (3, 1), (3, 2), (4, 2))


def state_of(*values: float) -> Any:
    state = new_record(STATE)
    state.x, state.y, state.z, state.psi, state.kappa, state.slope = values
    return state


@pytest.mark.parametrize("kappa", [1e-3, -1e-3, 1e-9])
def test_a_step_goes_along_the_circle(kappa: float) -> None:
    state, target, step = state_of(30.0, 5.0, -20.0, 0.4, kappa, 1.5), new_record(STATE), new_record(STEP)
    step_along(state, 300.0, UNIFORM, target, step)
    turned = 0.4 + 300.0 * kappa
    x = 30.0 + (np.sin(turned) - np.sin(0.4)) / kappa
    y = 5.0 - (np.cos(turned) - np.cos(0.4)) / kappa
    assert (target.x, target.y, target.z) == pytest.approx((x, y, 430.0), abs=1e-3)
    assert (target.psi, target.kappa, target.slope) == pytest.approx((turned, kappa, 1.5))


def test_a_track_meets_planes_and_lines() -> None:
    state, target, step = state_of(30.0, 5.0, -20.0, 0.4, 1e-3, 1.5), new_record(STATE), new_record(STEP)
    assert step_to_plane(state, (70.0, 20.0, 0.0), (0.8, 0.6, 0.0), UNIFORM, target, step)
    assert 0.8 * target.x + 0.6 * target.y == pytest.approx(0.8 * 70.0 + 0.6 * 20.0, abs=1e-5)
    assert step_to_plane(state, (70.0, 20.0, 400.0), (0.0, 0.0, 1.0), UNIFORM, target, step)
    assert target.z == pytest.approx(400.0, abs=1e-5)
    assert step_to_line(state, (0.0, 0.0), UNIFORM, target, step)
    assert target.x * np.cos(target.psi) + target.y * np.sin(target.psi) == pytest.approx(0.0, abs=1e-5)


def moved(state: Any, number: int, by: float) -> Any:
    """Return a state one of whose parameters a, p, k, z, s is changed."""
    values = [state.x, state.y, state.z, state.psi, state.kappa, state.slope]
    if number == 0:
        values[0] -= by * np.sin(state.psi)
        values[1] += by * np.cos(state.psi)
    else:
        values[{1: 3, 2: 4, 3: 2, 4: 5}[number]] += by
    return state_of(*values)


@pytest.mark.parametrize(("field", "tolerance"), [(UNIFORM, 1e-5), (REAL, 2e-2)], ids=["uniform", "real"])
@pytest.mark.parametrize("kappa", [2e-3, -5e-4, 1e-6])
@pytest.mark.parametrize("arc", [200.0, -150.0])
def test_the_derivatives_are_those_by_differences(
    field: Any, tolerance: float, kappa: float, arc: float
) -> None:
    state, end, step = state_of(60.0, 20.0, 100.0, 0.5, kappa, 0.8), new_record(STATE), new_record(STEP)
    step_along(state, arc, field, end, step)
    scales = np.array([1.0, 1 / abs(arc), 2 / arc**2, 1.0, 1 / abs(arc)])
    numeric = np.zeros((5, 5))
    for number in range(5):
        both = []
        for by in (1e-3 * scales[number], -1e-3 * scales[number]):
            other, unused = new_record(STATE), new_record(STEP)
            step_along(moved(state, number, by), arc, field, other, unused)
            # back to the plane across the track at its end
            dx, dy = other.x - end.x, other.y - end.y
            ahead = dx * step.cos + dy * step.sin
            rest = other.psi - end.psi - step.bent * ahead
            across, height = dy * step.cos - dx * step.sin, other.z - end.z - end.slope * ahead
            both.append([across, rest, other.kappa - end.kappa, height, other.slope - end.slope])
        numeric[:, number] = (np.array(both[0]) - both[1]) / (2e-3 * scales[number])
    expected = np.eye(5)
    expected[1, 1], expected[3, 4] = step.aa, step.arc
    for name, place in zip(NUMBERS, PLACES, strict=True):
        expected[place] = getattr(step, name)
    size = np.outer(scales, 1 / scales)
    np.testing.assert_allclose(numeric / size, expected / size, atol=tolerance)
