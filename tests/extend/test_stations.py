"""Stations of TrackNETv2: the next crossings of a helix by hand, its features, its hits on other modules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.event import Hits
from clew.extend.tracknet.stations import N_AHEAD, branch, cross, seed_features, with_doubles
from clew.fitting.ellipse import ELLIPSE, Branching
from clew.fitting.likelihood import Snap
from clew.hits.space import SearchSpace, whole_space
from clew.motion.state import Motion

RADIUS, SLOPE = 1500.0, 0.2
MOTION = Motion(1.3, 1.5, 0.01, filtered=False)
DETECTOR = replace(trackml(), solenoid=Solenoid.uniform(2.0))
FIELD = DETECTOR.solenoid.map
BARREL = np.flatnonzero(DETECTOR.barrel)
POSITIONS = np.array([DETECTOR.layers[k].position for k in BARREL])


def helix(r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y, z of a helix to the left at distances from the beam line."""
    phi = np.arcsin(r / (2 * RADIUS))
    return r * np.cos(phi), r * np.sin(phi), SLOPE * 2 * RADIUS * phi


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    """Return the hits of a helix, one on each barrel layer, then one on an overlapping module of each."""
    x, y, z = (part.astype(np.float32) for part in helix(np.concatenate([POSITIONS, POSITIONS + 1.0])))
    layers = [DETECTOR.layers[k] for k in BARREL] * 2
    volume, layer = (
        np.array([getattr(one, name) for one in layers], dtype=np.int32) for name in ("volume", "layer")
    )
    module = np.repeat(np.array([1, 2], dtype=np.int32), len(BARREL))
    return whole_space(Hits(np.arange(len(x)), x, y, z, volume, layer, module, detector=DETECTOR))


@pytest.fixture(scope="module")
def track(space: SearchSpace) -> np.ndarray:
    """Return the entries of the helix's hits on the first module of each layer, inside out."""
    return np.argsort(space.row)[: len(BARREL)].astype(np.int32)


def test_a_helix_crosses_the_next_cylinders_nearest_first(space: SearchSpace, track: np.ndarray) -> None:
    last = np.stack([track[:3], track[3:6]])
    crossings = cross(space, last, DETECTOR.following(1), False, MOTION, FIELD)
    arcs = 2 * RADIUS * np.arcsin(POSITIONS / (2 * RADIUS))
    for row, outermost in enumerate((2, 5)):
        there = crossings.layer[row] >= 0
        ahead = np.arange(outermost + 1, outermost + 1 + there.sum())
        assert there[0]
        assert crossings.layer[row, there].tolist() == BARREL[ahead].tolist()
        assert crossings.arc[row, there] == pytest.approx(arcs[ahead] - arcs[outermost], abs=0.02)
        x, y, z = helix(POSITIONS[ahead])
        states = crossings.states[row, there]
        for name, expected in (("x", x), ("y", y), ("z", z)):
            np.testing.assert_allclose(states[name], expected, atol=0.02)
        assert (np.diff(states["aa"]) > 0).all()
        assert 300.0 * crossings.query[row, there, 4] == pytest.approx(crossings.arc[row, there], rel=1e-5)
    assert np.isinf(crossings.arc[crossings.layer < 0]).all()


def test_seeds_tell_of_their_curvature_and_slope(space: SearchSpace, track: np.ndarray) -> None:
    features = seed_features(space, np.stack([track[:3], track[:3]]), False, MOTION, FIELD)
    assert features[:, 4] == pytest.approx(0.5 * np.log(1000.0 / RADIUS), abs=1e-3)
    assert features[:, 5] == pytest.approx(np.arcsinh(SLOPE), abs=1e-3)
    assert (features[:, :4] == 0).all()


def test_candidates_branch_to_all_hits_of_the_nearest_layer(space: SearchSpace, track: np.ndarray) -> None:
    crossings = cross(space, track[None, :3], DETECTOR.following(1), False, MOTION, FIELD)
    ellipses = np.zeros((1, N_AHEAD), dtype=ELLIPSE)
    ellipses["wide"] = ellipses["long"] = 1.0
    children = branch(space, crossings, ellipses, False, Branching(1.0, 4))
    assert children.option[0] == 0
    found = children.hit[0, children.hit[0] >= 0]
    assert set(found.tolist()) == set(np.flatnonzero(space.points["layer"] == BARREL[3]).tolist())
    assert (np.abs(children.features[0, : len(found), :2]) < 0.5).all()  # pulls
    ellipses["across"] = 50.0  # the hits are elsewhere
    assert (branch(space, crossings, ellipses, False, Branching(1.0, 4)).hit == -1).all()


def test_hits_on_overlapping_modules_follow_those_of_the_first(space: SearchSpace, track: np.ndarray) -> None:
    tracks = np.full((1, len(track) + 2), -1, dtype=np.int32)
    tracks[0, : len(track)] = track
    full = with_doubles(space, tracks, MOTION, FIELD, Snap(5.0, -100.0, 0.0))[0]
    rows = space.row[full[full >= 0]]
    expected = np.stack([np.arange(len(BARREL)), np.arange(len(BARREL)) + len(BARREL)], axis=1)
    assert rows.tolist() == expected.ravel().tolist()
