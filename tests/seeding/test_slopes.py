"""Where second hits may be by the first one's cluster: nothing is left out, and little is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector.surface import SURFACE
from clew.hits.index import HIT_POINT
from clew.records import new_record
from clew.seeding.slopes import slope_windows


def hit(r: float, z: float) -> Any:
    point = new_record(HIT_POINT)
    point.r, point.z = r, z
    return point


def layer(barrel: bool, r: tuple[float, float], z: tuple[float, float]) -> Any:
    surface = new_record(SURFACE)
    surface.barrel = barrel
    surface.r_low, surface.r_high = r
    surface.z_low, surface.z_high = z
    return surface


def test_a_cylinder_has_a_window_on_either_side() -> None:
    # 40 mm further out, by slopes of 1 to 2: z = 10 + 40 to 80 and 10 - 80 to 40
    (low, high), (low2, high2) = slope_windows(
        hit(30.0, 10.0), layer(True, (70.0, 70.0), (-500.0, 500.0)), 1.0, 2.0
    )
    np.testing.assert_allclose([low, high], [-70 / 70, -30 / 70], atol=1e-8)
    np.testing.assert_allclose([low2, high2], [50 / 70, 90 / 70], atol=1e-8)


def test_windows_that_would_overlap_are_one() -> None:
    (low, high), other = slope_windows(hit(30.0, 10.0), layer(True, (70.0, 70.0), (-500.0, 500.0)), 0.0, 2.0)
    np.testing.assert_allclose([low, high], [-70 / 70, 90 / 70], atol=1e-8)
    assert other[0] > other[1]


@pytest.mark.parametrize("z", [100.0, -100.0])
def test_a_disc_is_met_on_a_ring(z: float) -> None:
    # 100 mm further on, by slopes of 2 to 4: 25 to 50 mm further out
    low, high = min(2 * z, 0.0), max(2 * z, 0.0)
    disc = layer(False, (20.0, 170.0), (2 * z, 2 * z))
    (low, high), other = slope_windows(hit(40.0, z), disc, 2.0, 4.0)
    expected = sorted((2 * z / 65.0, 2 * z / 90.0))
    np.testing.assert_allclose([low, high], expected, atol=1e-8)
    assert other[0] > other[1]


def test_what_is_inside_of_the_first_hit_is_nowhere() -> None:
    for found in slope_windows(hit(80.0, 10.0), layer(True, (68.0, 72.0), (-500.0, 500.0)), 0.0, 1000.0):
        assert found[0] > found[1]


@settings(deadline=None)
@given(
    barrel=st.booleans(),
    first=st.tuples(st.floats(30, 600), st.floats(-1000, 1000)),
    deep=st.tuples(st.floats(0, 10), st.floats(0, 10)),
    second=st.tuples(st.floats(31, 1000), st.floats(-3000, 3000)),
    slopes=st.tuples(st.sampled_from([0.0, 0.3, 2.0]), st.sampled_from([0.5, 3.0, 1000.0])),
)
def test_a_hit_whose_slope_is_allowed_lies_in_one_window(
    barrel: bool,
    first: tuple[float, float],
    deep: tuple[float, float],
    second: tuple[float, float],
    slopes: tuple[float, float],
) -> None:
    (r1, z1), (r2, z2) = first, second
    extent = (
        ((r2 - deep[0], r2 + deep[1]), (-3000.0, 3000.0))
        if barrel
        else ((30.0, 1000.0), (z2 - deep[0], z2 + deep[1]))
    )
    windows = slope_windows(hit(r1, z1), layer(barrel, *extent), *slopes)
    inside = [low <= z2 / r2 <= high for low, high in windows]
    assert sum(inside) <= 1
    if r2 > r1 + 0.1 and slopes[0] <= abs(z2 - z1) / (r2 - r1) <= slopes[1]:
        assert any(inside)
