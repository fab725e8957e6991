"""What the clusters of three hits tell of the circle through them: along its tangents, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.detector import Detector
from clew.detector.clusters import N_ANGLES
from clew.event import Hits
from clew.hits.clusters import cluster_gain
from clew.hits.space import SearchSpace, whole_space
from clew.kernels import kernel
from clew.seeding.clusters import clusters_of_three


@kernel
def told(space: SearchSpace) -> float:
    points = space.points
    return clusters_of_three(space, points[0], points[1], points[2])


@pytest.fixture(scope="module")
def space(in_uniform_field: Callable[..., Detector], hits_on: Callable[..., Hits]) -> SearchSpace:
    """Return three hits on three cylinders, each with a row of the tables of its own."""
    rows = [(32.0, 0.0, 0.0, 0), (72.0, 0.0, 9.0, 1), (116.0, 0.0, 20.0, 2)]
    space = whole_space(hits_on(in_uniform_field(7, 8, 9), rows))
    space.points["across_row"] = space.points["along_row"] = [1, 2, 3]
    space.points["chance"] = 0.1
    return space._replace(shapes=np.zeros((2, 4, N_ANGLES), dtype=np.float32))


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("radius", [60.0, 150.0, 5000.0])
def test_the_directions_are_the_tangents_of_the_circle(
    space: SearchSpace, side: float, radius: float
) -> None:
    points: Any = space.points
    angles = np.array([0.1, 0.1 + 35.0 / radius, 0.1 + 90.0 / radius])
    points["x"], points["y"] = 30.0 + radius * np.sin(angles), side * radius * (1 - np.cos(angles))
    points["axis_cos"], points["axis_sin"] = np.cos([0.3, -0.2, 0.1]), np.sin([0.3, -0.2, 0.1])
    space.shapes[:] = 0.0
    space.shapes[0] = np.random.default_rng(1).normal(0.0, 1.0, space.shapes[0].shape)
    expected = 0.0
    for point, angle in zip(points, side * angles, strict=True):
        expected += cluster_gain(space.shapes, point, True, (np.cos(angle), np.sin(angle)), 0.0)
    assert told(space) == pytest.approx(expected)


def test_the_slope_is_that_of_the_first_two_hits(space: SearchSpace) -> None:
    points: Any = space.points
    points["x"], points["y"], points["z"] = [32.0, 72.0, 116.0], 0.0, [0.0, 60.0, 126.0]
    points["axis_cos"], points["axis_sin"] = 1.0, 0.0
    space.shapes[:] = 0.0
    space.shapes[1, 1:, int((1.5 / 2.5 + 1) * 64)] = 2.0  # slope 1.5 only
    assert told(space) == pytest.approx(3 * (2.0 - 0.1))
    points["z"][1] = 20.0
    assert told(space) == pytest.approx(3 * -0.1)


def test_no_more_than_so_much_is_told_against_a_triplet(space: SearchSpace) -> None:
    points: Any = space.points
    points["x"], points["y"] = [32.0, 72.0, 116.0], 0.0
    space.shapes[:] = -2.5
    assert told(space) == -12.0
    space.shapes[:] = 0.0
    points["x"] = [32.0, 32.0, 116.0]  # no circle
    assert told(space) == -12.0
