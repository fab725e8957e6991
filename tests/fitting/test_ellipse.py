"""Hits in an ellipse: those that a search through all hits of the layer finds, nearest first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.detector.transitions import next_layers
from clew.errors import ConfigError
from clew.extend.tracknet.quality import outward_paths
from clew.extend.tracknet.stations import cross
from clew.fitting.ellipse import EllipseConfig, hits_in_ellipse
from clew.hits.space import Ground, whole_space
from clew.io import read_event
from clew.motion.crossings import IS_BARREL
from clew.motion.measurement import N_RESIDUAL, R1, R2, measure, spreads
from clew.motion.state import KAPPA, SLOPE, Motion
from clew.tracksets import tracks_of

MOTION = Motion(1.3, 1.5, 0.01, filtered=False)


@pytest.fixture(scope="module")
def crowd() -> tuple[Ground, np.ndarray]:
    """Return the hits of a simulated event's tracks, and the first three of each."""
    tracks = tracks_of(read_event(Path("data/events/event000000003")))
    space = whole_space(tracks.hits)
    place = np.empty(len(tracks.hits), dtype=np.int32)
    place[space.row] = np.arange(len(place), dtype=np.int32)
    last = place[outward_paths(tracks)[:, :3]]
    return Ground(space.points, space.layer, space.module, space.starts, space.surfaces), last


def by_hand(
    ground: Ground, layer: int, state: np.ndarray, way: np.ndarray, ellipse: np.ndarray
) -> dict[int, float]:
    """Return the distance from the centre, in radii, of every hit of a layer that is inside."""
    side = np.copysign(1.0, state[KAPPA])
    end = np.copysign(1.0, state[SLOPE]) if IS_BARREL[layer] else 1.0
    residual, inside = np.empty(N_RESIDUAL), {}
    for hit in np.flatnonzero(ground.layer == layer):
        measure(ground.points, hit, layer, state, way, residual)
        s11, _, s22 = spreads(state, residual)
        place = np.array([side * residual[R1] / np.sqrt(s11), end * residual[R2] / np.sqrt(s22)])
        distance = float(np.hypot(*((place - ellipse[:2]) / ellipse[2:])))
        if distance <= 1 and abs(residual[-1]) < 8:
            inside[int(hit)] = distance
    return inside


@pytest.mark.parametrize("ellipse", [(0.0, 0.0, 3.0, 3.0), (2.0, -5.0, 6.0, 30.0)])
def test_all_hits_inside_are_found_nearest_first(
    crowd: tuple[Ground, np.ndarray], ellipse: tuple[float, ...]
) -> None:
    ground, last = crowd
    layers, _, states, ways = cross(ground, last, next_layers(1), False, MOTION)
    residual, shape, total = np.empty(N_RESIDUAL), np.array(ellipse, dtype=np.float32), 0
    for i in np.flatnonzero(layers[:, 0] >= 0)[:60]:
        layer, state, way = layers[i, 0], states[i, 0], ways[i, 0]
        found, near, area = np.full(64, -1, dtype=np.int32), np.zeros(64), np.zeros(64)
        n = hits_in_ellipse(ground, layer, state, way, shape, 1.0, residual, found, near, area)
        if n == len(found):  # of a soft track: farther ones are left out
            continue
        sought = by_hand(ground, layer, state, way, shape)
        assert set(sought) <= set(found[:n].tolist())
        assert (np.diff(near[:n]) >= 0).all()
        assert near[:n].max(initial=0) <= 1
        for hit, distance in zip(found[:n], near[:n], strict=True):
            if int(hit) in sought:
                assert distance == pytest.approx(sought[int(hit)], rel=1e-5)
        total += n
    assert total > 20


def test_the_nearest_remain_where_there_is_little_room(crowd: tuple[Ground, np.ndarray]) -> None:
    ground, last = crowd
    layers, _, states, ways = cross(ground, last, next_layers(1), False, MOTION)
    residual, ellipse, compared = np.empty(N_RESIDUAL), np.array([0, 0, 50, 50], dtype=np.float32), 0
    for i in np.flatnonzero(layers[:, 0] >= 0)[:100]:
        answers = []
        for room in (64, 2):
            found, near, area = np.full(room, -1, dtype=np.int32), np.zeros(room), np.zeros(room)
            n = hits_in_ellipse(
                ground, layers[i, 0], states[i, 0], ways[i, 0], ellipse, 1.0, residual, found, near, area
            )
            answers.append((n, found, near, area))
        (n, found, near, area), (few, nearest, _, _) = answers
        assert few == min(n, 2)
        np.testing.assert_array_equal(nearest[:few], found[:few])
        assert (area[:n] > 0).all()
        compared += n > 2
    assert compared > 5


def test_the_area_grows_with_both_radii(crowd: tuple[Ground, np.ndarray]) -> None:
    ground, last = crowd
    layers, _, states, ways = cross(ground, last, next_layers(1), False, MOTION)
    residual = np.empty(N_RESIDUAL)
    for i in np.flatnonzero(layers[:, 0] >= 0)[:40]:
        sizes = []
        for shape, widening in (((0, 0, 20, 20), 1.0), ((0, 0, 10, 20), 2.0)):
            found, near, area = np.full(64, -1, dtype=np.int32), np.zeros(64), np.zeros(64)
            ellipse = np.array(shape, dtype=np.float32)
            n = hits_in_ellipse(
                ground, layers[i, 0], states[i, 0], ways[i, 0], ellipse, widening, residual, found, near, area
            )
            sizes.append(dict(zip(found[:n].tolist(), area[:n].tolist(), strict=True)))
        for hit in sizes[0].keys() & sizes[1].keys():
            assert sizes[1][hit] == pytest.approx(2 * sizes[0][hit], rel=1e-6)


@pytest.mark.parametrize(("key", "value"), [("widening", 0.0), ("branches", 0)])
def test_settings_that_take_no_hit_are_refused(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{key} is {value}: it must be"):
        EllipseConfig(**{key: value})  # type: ignore[arg-type]
