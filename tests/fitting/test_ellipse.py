"""Hits in an ellipse: those that a search through all hits of the layer finds, nearest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clew.detector import trackml
from clew.extend.tracknet.quality import outward_paths
from clew.extend.tracknet.stations import Crossings, cross
from clew.fitting.ellipse import ELLIPSE, Inside, hits_in_ellipse
from clew.hits.space import SearchSpace, whole_space
from clew.io import read_event
from clew.motion.measurement import RESIDUAL, covariance, measure
from clew.motion.state import Motion
from clew.records import new_record
from clew.tracksets import tracks_of

MOTION = Motion(1.3, 1.5, 0.01, filtered=False)
FIELD = trackml().solenoid.map

Crowd = tuple[SearchSpace, Crossings]


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """Return the hits of a simulated event's tracks, and where the helices of three hits go on."""
    tracks = tracks_of(read_event(Path("data/events/event000000003")))
    space = whole_space(tracks.hits)
    place = np.empty(len(tracks.hits), dtype=np.int32)
    place[space.row] = np.arange(len(place), dtype=np.int32)
    last = place[outward_paths(tracks)[:, :3]]
    return space, cross(space, last, trackml().following(1), False, MOTION, FIELD)


def ellipse_of(*numbers: float) -> Any:
    ellipse = new_record(ELLIPSE)
    ellipse.across, ellipse.along, ellipse.wide, ellipse.long = numbers
    return ellipse


def found_in(crowd: Crowd, i: int, ellipse: Any, widening: float = 1.0, room: int = 64) -> Inside:
    """Return the hits in an ellipse around the nearest crossing of candidate i."""
    space, crossings = crowd
    inside = Inside(np.full(room, -1, dtype=np.int32), np.zeros(room), np.zeros(room))
    layer, state, path = crossings.layer[i, 0], crossings.states[i, 0], crossings.paths[i, 0]
    n = hits_in_ellipse(space, layer, state, path, ellipse, widening, new_record(RESIDUAL), inside)
    return Inside(*(part[:n] for part in inside))


def by_hand(crowd: Crowd, i: int, ellipse: Any) -> dict[int, float]:
    """Return the distance from the centre, in radii, of every hit of a layer that is inside."""
    space, crossings = crowd
    layer, state, path = crossings.layer[i, 0], crossings.states[i, 0], crossings.paths[i, 0]
    side = np.copysign(1.0, state.kappa)
    upward = np.copysign(1.0, state.slope) if space.surfaces[layer].barrel else 1.0
    residual, inside = new_record(RESIDUAL), {}
    for hit in np.flatnonzero(space.points["layer"] == layer):
        measure(space.points[hit], space.surfaces[layer], state, path, residual)
        s11, _, s22 = covariance(state, residual)
        across = side * residual.r1 / np.sqrt(s11) - ellipse.across
        along = upward * residual.r2 / np.sqrt(s22) - ellipse.along
        distance = float(np.hypot(across / ellipse.wide, along / ellipse.long))
        if distance <= 1 and abs(residual.ahead) < 8:
            inside[int(hit)] = distance
    return inside


def crossing_candidates(crowd: Crowd, most: int) -> list[int]:
    return np.flatnonzero(crowd[1].layer[:, 0] >= 0)[:most].tolist()


@pytest.mark.parametrize("numbers", [(0.0, 0.0, 3.0, 3.0), (2.0, -5.0, 6.0, 30.0)])
def test_all_hits_inside_are_found_nearest_first(crowd: Crowd, numbers: tuple[float, ...]) -> None:
    ellipse, total = ellipse_of(*numbers), 0
    for i in crossing_candidates(crowd, 60):
        found = found_in(crowd, i, ellipse)
        if len(found.hit) == 64:  # of a soft track: farther ones are left out
            continue
        expected = by_hand(crowd, i, ellipse)
        assert set(expected) <= set(found.hit.tolist())
        assert (np.diff(found.distance) >= 0).all()
        assert found.distance.max(initial=0) <= 1
        for hit, distance in zip(found.hit, found.distance, strict=True):
            if int(hit) in expected:
                assert distance == pytest.approx(expected[int(hit)], rel=1e-5)
        total += len(found.hit)
    assert total > 20


def test_the_nearest_remain_where_there_is_little_room(crowd: Crowd) -> None:
    ellipse, compared = ellipse_of(0, 0, 50, 50), 0
    for i in crossing_candidates(crowd, 100):
        found, few = found_in(crowd, i, ellipse), found_in(crowd, i, ellipse, room=2)
        assert len(few.hit) == min(len(found.hit), 2)
        np.testing.assert_array_equal(few.hit, found.hit[:2])
        assert (found.area > 0).all()
        compared += len(found.hit) > 2
    assert compared > 5


def test_the_area_grows_with_both_radii(crowd: Crowd) -> None:
    for i in crossing_candidates(crowd, 40):
        sizes = []
        for numbers, widening in (((0, 0, 20, 20), 1.0), ((0, 0, 10, 20), 2.0)):
            found = found_in(crowd, i, ellipse_of(*numbers), widening)
            sizes.append(dict(zip(found.hit.tolist(), found.area.tolist(), strict=True)))
        for hit in sizes[0].keys() & sizes[1].keys():
            assert sizes[1][hit] == pytest.approx(2 * sizes[0][hit], rel=1e-6)
