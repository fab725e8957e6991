"""How much passive material a path meets, and where it is used up: straight legs through one surface each."""

from __future__ import annotations

import numpy as np
import pytest

from clew.records import record_dtype
from clew.simulation.interactions import Cylinder, Disc, _between, _follow, _Leg, _Material, _Paths

# radius 10 mm, half length 50 mm, half an interaction length; discs at 80 mm from r = 5 mm to 100 mm
MATERIAL = _Material(
    np.array([(10.0, 50.0, 0.5, 5.0)], dtype=record_dtype(Cylinder)),
    np.array([(80.0, 5.0, 100.0, 0.25)], dtype=record_dtype(Disc)),
)


def straight(begin: tuple[float, float, float], end: tuple[float, float, float]) -> _Leg:
    a, b = np.array(begin), np.array(end)
    return _Leg(a, b - a, b, b - a)


@pytest.mark.parametrize(
    ("begin", "end", "used"),
    [
        ((0, 0, 0), (20, 0, 0), 0.5),
        ((0, 0, 0), (0, 20, 20), 0.5 * np.sqrt(2.0)),  # more of it where it is crossed at a slant
        ((0, 0, 0), (12, 0, 48), 0.5 * np.sqrt(17.0)),
        ((0, 0, 0), (20, 0, 120), 0.25 * np.sqrt(37.0) / 6.0),  # past the cylinder's end, through the disc
        ((8, 0, 0), (8, 0, -90), 0.25),  # discs are on both sides
        ((2, 0, 0), (2, 0, 90), 0.0),  # through the hole in it
        ((12, 0, 0), (20, 0, 0), 0.0),
    ],
)
def test_material_that_a_leg_meets(
    begin: tuple[float, float, float], end: tuple[float, float, float], used: float
) -> None:
    left = _between(straight(begin, end), MATERIAL, 10.0, np.empty(3))
    assert 10.0 - left == pytest.approx(used, rel=1e-4, abs=1e-12)


def test_a_path_that_is_used_up_ends_on_the_surface() -> None:
    spot = np.empty(3)
    assert _between(straight((0, 0, 0), (16, 12, 0)), MATERIAL, 0.4, spot) < 0.0
    np.testing.assert_allclose(spot, [8.0, 6.0, 0.0], atol=1e-3)


def test_particles_keep_the_crossings_before_their_end() -> None:
    # three alike that cross modules at r = 5, 15 and 25 mm, with 0.1 interaction lengths in each
    start, ahead = np.zeros((3, 3)), np.tile([1.0, 0.0, 0.0], (3, 1))
    position = np.tile([[5.0, 0, 0], [15.0, 0, 0], [25.0, 0, 0]], (3, 1))
    paths = _Paths(start, ahead, np.array([0, 3, 6, 9]), position, np.tile(ahead, (3, 1)), np.full(9, 0.1))
    end, vertex, momentum = _follow(paths, MATERIAL, np.array([np.inf, 0.3, 0.65]))
    assert end.tolist() == [3, 1, 2]
    assert vertex[0, 2] == 1e10  # it goes on
    np.testing.assert_allclose(vertex[1:], [[10.0, 0.0, 0.0], [15.0, 0.0, 0.0]], atol=1e-3)
    np.testing.assert_allclose(momentum[1:], ahead[1:])
