"""The tabulated field against the formula, and what it does to a track."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.detector import FIELD_STRENGTH
from clew.detector.field import CENTRE, bending_and_tilt, field_of_coil, relative_field


@given(st.floats(0.0, 1100.0), st.floats(-2900.0, 3100.0))
def test_the_table_is_the_coils_field(rho: float, height: float) -> None:
    radial, axial = field_of_coil(np.array([rho]), np.array([height]))
    found = relative_field(rho, height)
    assert found == pytest.approx((axial[0] / FIELD_STRENGTH, radial[0] / FIELD_STRENGTH), abs=2e-3)


def test_the_centre_has_the_nominal_field() -> None:
    assert relative_field(0.0, 0.0) == pytest.approx((1.0, 0.0), abs=1e-4)


def test_a_flat_track_is_bent_by_the_axial_field_alone() -> None:
    bending, tilt = bending_and_tilt(300.0, 200.0, -150.0, 1.0, 0.0)
    rho = float(np.hypot(300.0 - CENTRE[0], 200.0 - CENTRE[1]))
    assert bending == pytest.approx(relative_field(rho, 0.0)[0])
    assert tilt == pytest.approx(0.0, abs=1e-4)  # no radial field in the plane of the centre


@pytest.mark.parametrize("slope", [-3.0, 0.5, 3.0])
def test_bending_and_tilt_are_the_lorentz_force(slope: float) -> None:
    x, y, z, psi = 500.0, -300.0, 2000.0, 0.7
    dx, dy = x - CENTRE[0], y - CENTRE[1]
    rho = float(np.hypot(dx, dy))
    axial, radial = relative_field(rho, z - float(CENTRE[2]))
    field = np.array([radial * dx / rho, radial * dy / rho, axial])
    ahead = np.array([np.cos(psi), np.sin(psi), slope])
    # a force F = -v x B turns the direction; its parts across the track and along z, per transverse arc
    force = -np.cross(ahead, field)
    across = force @ np.array([-np.sin(psi), np.cos(psi), 0.0])
    along = force @ np.array([np.cos(psi), np.sin(psi), 0.0])
    bending, tilt = bending_and_tilt(x, y, z, psi, slope)
    assert bending == pytest.approx(across, rel=1e-6)
    assert tilt == pytest.approx(force[2] - slope * along, rel=1e-6)
