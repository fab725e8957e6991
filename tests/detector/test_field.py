"""The tabulated field against the formula, and what it does to a track."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector import Solenoid, trackml
from clew.detector.solenoid import axial_field, bending_and_tilt, relative_field

COIL = trackml().solenoid
FIELD, CENTRE = COIL.map, COIL.centre


@settings(deadline=None)  # the first example waits for the compiler
@given(st.floats(0.0, 1100.0), st.floats(-2900.0, 3100.0))
def test_the_table_is_the_coils_field(rho: float, height: float) -> None:
    radial, axial = COIL.field(np.array([rho]), np.array([height]))
    found = relative_field(FIELD, rho, height)
    assert found == pytest.approx((axial[0] / COIL.strength, radial[0] / COIL.strength), abs=2e-3)


def test_the_centre_has_the_nominal_field() -> None:
    assert relative_field(FIELD, 0.0, 0.0) == pytest.approx((1.0, 0.0), abs=1e-4)


def test_a_flat_track_is_bent_by_the_axial_field_alone() -> None:
    bending, tilt = bending_and_tilt(FIELD, 300.0, 200.0, -150.0, (np.cos(1.0), np.sin(1.0)), 0.0)
    rho = float(np.hypot(300.0 - CENTRE[0], 200.0 - CENTRE[1]))
    assert bending == pytest.approx(relative_field(FIELD, rho, 0.0)[0])
    assert tilt == pytest.approx(0.0, abs=1e-4)  # no radial field in the plane of the centre


@pytest.mark.parametrize("slope", [-3.0, 0.5, 3.0])
def test_bending_and_tilt_are_the_lorentz_force(slope: float) -> None:
    x, y, z, psi = 500.0, -300.0, 2000.0, 0.7
    dx, dy = x - CENTRE[0], y - CENTRE[1]
    rho = float(np.hypot(dx, dy))
    axial, radial = relative_field(FIELD, rho, z - CENTRE[2])
    field = np.array([radial * dx / rho, radial * dy / rho, axial])
    ahead = np.array([np.cos(psi), np.sin(psi), slope])
    # a force F = -v x B turns the direction; its parts across the track and along z, per transverse arc
    force = -np.cross(ahead, field)
    across = force @ np.array([-np.sin(psi), np.cos(psi), 0.0])
    along = force @ np.array([np.cos(psi), np.sin(psi), 0.0])
    bending, tilt = bending_and_tilt(FIELD, x, y, z, (np.cos(psi), np.sin(psi)), slope)
    assert bending == pytest.approx(across, rel=1e-6)
    assert tilt == pytest.approx(force[2] - slope * along, rel=1e-6)


def test_on_the_axis_the_field_is_that_of_a_finite_coil() -> None:
    coil = Solenoid(2.0, 1000.0, 3000.0)
    ends = np.array([0.0, 3000.0, -3000.0, 5000.0])
    known = [0.5 * sum((3000 + s * z) / np.hypot(3000 + s * z, 1000) for s in (1, -1)) for z in ends]
    found = np.array([axial_field(coil.map, z, 0.0) for z in ends])
    np.testing.assert_allclose(found, np.array(known) / known[0], rtol=1e-12)
    _, axial = coil.field(np.zeros(4), ends)
    np.testing.assert_allclose(axial, 2.0 * found, rtol=1e-4)


def test_an_endless_coil_has_the_same_field_everywhere() -> None:
    coil = Solenoid.uniform(1.5)
    radial, axial = coil.field(np.array([0.0, 900.0]), np.array([-2000.0, 50.0]))
    assert radial.tolist() == [0.0, 0.0]
    assert axial.tolist() == [1.5, 1.5]
    assert relative_field(coil.map, 700.0, 1234.0) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert axial_field(coil.map, 2500.0, 0.0) == pytest.approx(1.0, abs=1e-12)
    # pT [GeV] = 0.3 B [T] R [m]
    assert 1000.0 * coil.bending == pytest.approx(0.299792458 * 1.5)
