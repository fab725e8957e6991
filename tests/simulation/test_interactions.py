"""How much passive material a path meets, and where it is used up: straight legs through one surface each."""

from __future__ import annotations

import numpy as np
import pytest

from clew.detector import Modules
from clew.records import record_dtype
from clew.simulation.generator import Generated, particle_number
from clew.simulation.interactions import _between, _follow, _Leg, _Paths, beyond_first_layer
from clew.simulation.material import Cylinder, Disc, Material
from clew.simulation.transport import Crossings

# radius 10 mm, half length 50 mm, half an interaction length; discs at 80 mm from r = 5 mm to 100 mm
MATERIAL = Material(
    np.array([(10.0, 50.0, 0.5)], dtype=record_dtype(Cylinder)),
    np.array([(80.0, 5.0, 100.0, 0.25)], dtype=record_dtype(Disc)),
)


def straight(
    begin: tuple[float, float, float], end: tuple[float, float, float], leaves_layer: bool = False
) -> _Leg:
    a, b = np.array(begin), np.array(end)
    return _Leg(a, b - a, b, b - a, leaves_layer)


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


@pytest.mark.parametrize(
    ("begin", "end", "used"),
    [
        ((8, 0, 0), (25, 0, 0), 0.0),
        ((15, 0, 0), (0, 0, 0), 0.0),
        ((25, 0, 0), (0, 0, 0), 0.5),  # another layer's
        ((50, 0, 75), (50, 0, 90), 0.0),
        ((50, 0, 60), (50, 0, 90), 0.25),
    ],
)
def test_the_layer_that_a_secondary_leaves_counts_no_more(
    begin: tuple[float, float, float], end: tuple[float, float, float], used: float
) -> None:
    left = _between(straight(begin, end, leaves_layer=True), MATERIAL, 10.0, np.empty(3))
    assert 10.0 - left == pytest.approx(used, rel=1e-4, abs=1e-12)


def test_particles_keep_the_crossings_before_their_end() -> None:
    # three alike that cross modules at r = 5, 15 and 25 mm, with 0.1 interaction lengths in each
    start, ahead = np.zeros((3, 3)), np.tile([1.0, 0.0, 0.0], (3, 1))
    position = np.tile([[5.0, 0, 0], [15.0, 0, 0], [25.0, 0, 0]], (3, 1))
    paths = _Paths(
        start,
        ahead,
        np.zeros(3, dtype=bool),
        np.array([0, 3, 6, 9]),
        position,
        np.tile(ahead, (3, 1)),
        np.full(9, 0.1),
    )
    end, vertex, momentum = _follow(paths, MATERIAL, np.array([np.inf, 0.3, 0.65]), 0.0)
    assert end.tolist() == [3, 1, 2]
    assert vertex[0, 2] == 1e10  # it goes on
    np.testing.assert_allclose(vertex[1:], [[10.0, 0.0, 0.0], [15.0, 0.0, 0.0]], atol=1e-3)
    np.testing.assert_allclose(momentum[1:], ahead[1:])


@pytest.mark.parametrize(
    ("start", "momentum", "hits"),
    [
        (12.0, 1.0, 2),
        (12.0, 0.14, 0),  # the beam pipe is the first material
        (-12.0, 0.14, 1),  # it is missed on the way in
        (16.0, 0.14, 1),  # a module is the first material
        (16.0, 0.155, 1),  # slow behind the module
        (16.0, 0.17, 2),
        (-25.0, 0.14, 0),  # only the beam pipe is missed
    ],
)
def test_slow_particles_stop_at_the_first_material(start: float, momentum: float, hits: int) -> None:
    # along x: modules at 20 and 40 mm take 10 MeV each, the beam pipe is at 14 mm, a support at 22 mm
    cylinders = np.array([(14.0, 50.0, 0.5), (22.0, 50.0, 0.5)], dtype=record_dtype(Cylinder))
    material = Material(cylinders, np.zeros(0, dtype=record_dtype(Disc)))
    position = np.array([(20.0, 0, 0), (40.0, 0, 0)])
    after = np.array([(momentum - 0.01, 0, 0), (momentum - 0.02, 0, 0)])
    begin, ahead = np.array([(start, 0.0, 0.0)]), np.array([(momentum, 0.0, 0.0)])
    paths = _Paths(begin, ahead, np.zeros(1, dtype=bool), np.array([0, 2]), position, after, np.full(2, 0.1))
    end, vertex, _ = _follow(paths, material, np.array([np.inf]), 0.15)
    assert end.tolist() == [hits]
    assert vertex[0, 2] == 1e10  # nothing comes out


def modules_of(volumes: tuple[int, ...]) -> Modules:
    n = len(volumes)
    one, vector = np.ones(n, np.int32), np.zeros((n, 3), np.float32)
    turn, size, pitch = (
        np.zeros((n, 3, 3), np.float32),
        np.zeros((n, 4), np.float32),
        np.zeros((n, 2), np.float32),
    )
    return Modules(np.array(volumes, np.int32), one, one, vector, turn, size, pitch)


@pytest.mark.parametrize(
    ("volume", "start", "momentum", "path", "kept"),
    [
        (8, (32, 0, 0), (-0.3, 0, 0), [(30, 0, 0), (-31, 0, 0), (-72, 0, 0)], [False, False, True]),
        (8, (32, 0, 0), (0.3, 0, 0), [(33, 0, 0), (72, 0, 0)], [True, True]),
        (8, (32, 0, 0), (0.14, 0, 0), [(33, 0, 0), (72, 0, 0)], [False, True]),
        (8, (72, 0, 0), (-0.3, 0, 0), [(32, 0, 0), (-32, 0, 0), (-72, 0, 0)], [True, True, True]),
        (9, (90, 0, 600), (0.1, 0, 0.3), [(91, 0, 602), (120, 0, 698)], [False, True]),
    ],
)
def test_secondaries_leave_no_hit_in_their_own_layer(
    volume: int,
    start: tuple[float, ...],
    momentum: tuple[float, ...],
    path: list[tuple[float, ...]],
    kept: list[bool],
) -> None:
    one = np.ones(1, dtype=np.int64)
    begin, ahead = np.array([start], float), np.array([momentum], float)
    particle = Generated(particle_number(1, 1, 1, 1), 211 * one, begin, ahead, one)
    zero = np.zeros(len(path), dtype=np.int64)
    crossings = Crossings(zero, zero.astype(np.int32), np.array(path, float), np.tile(ahead, (len(path), 1)))
    found = beyond_first_layer(particle, crossings, modules_of((volume,)), 0.15)
    assert found.tolist() == kept
