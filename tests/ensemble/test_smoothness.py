"""The deviation from a helix: zero on one, and the size of what is off."""

from __future__ import annotations

import numpy as np
import pytest

from clew.ensemble.smoothness import helix_deviation


def helix(n=10, radius=800.0, slope=0.7, turned=1.0, start=(3.0, -2.0, 15.0)):
    turn = np.linspace(0.05, turned, n)
    x, y = radius * np.sin(turn), radius * (1 - np.cos(turn))
    return np.stack([x, y, slope * radius * turn], axis=1) + start


@pytest.mark.parametrize("turned", [0.2, 1.0, 2.5])
@pytest.mark.parametrize("slope", [0.0, -0.7, 8.0])
def test_helices_do_not_deviate(turned, slope):
    across, along = helix_deviation(helix(turned=turned, slope=slope))
    assert across < 1e-4
    assert along < 1e-4


def test_hits_out_of_order_do_not_deviate_either():
    assert max(helix_deviation(helix()[[0, 1, 3, 2, 4, 6, 5, 7, 9, 8]])) < 1e-4


def test_straight_lines_do_not_deviate():
    points = np.outer(np.linspace(30, 1000, 8), (0.6, 0.8, 0.5))
    assert max(helix_deviation(points)) < 1e-4


def test_deviations_across_and_along_are_told_apart():
    rng = np.random.default_rng(0)
    for axis, size in ((0, 2.0), (1, 2.0)):
        points = helix(n=200, slope=0.0)
        off = rng.normal(0, size, 200)
        centre = np.array([3.0, 798.0])
        if axis == 0:
            outward = (points[:, :2] - centre) / 800.0
            points[:, :2] += off[:, None] * outward
        else:
            points[:, 2] += off
        deviations = helix_deviation(points)
        assert deviations[axis] == pytest.approx(size, rel=0.15)
        assert deviations[1 - axis] < 0.1 * size


def test_three_points_always_lie_on_a_helix():
    assert helix_deviation(np.array([[1.0, 2, 3], [100, -5, 7], [30, 60, 2]])) == (0.0, 0.0)
