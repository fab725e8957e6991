"""Vertices of tracks put together by hand."""

from __future__ import annotations

import numpy as np
import pytest

from clew.detector import Solenoid
from clew.motion.state import STATE
from clew.trackfit import Tracks
from clew.vertexing import find_vertices
from clew.vertexing.spot import beam_spot_width

ERRORS = np.array([0.02, 0.04, 1e-3, 1e-3, 1e-3])


def tracks_from(vertices: list[tuple[float, float, float, int]], seed: int = 0, smear: float = 1.0) -> Tracks:
    """Return tracks from vertices x, y, z, each of so many tracks; those of the first have most pT."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, (x, y, z, n) in enumerate(vertices):
        phi, theta = rng.uniform(-np.pi, np.pi, n), rng.uniform(0.4, 2.7, n)
        across = y * np.cos(phi) - x * np.sin(phi)
        along = z - (x * np.cos(phi) + y * np.sin(phi)) / np.tan(theta)
        qop = np.full(n, 0.1 if number == 0 else 1.0)
        rows.append(np.stack([across, along, phi, theta, qop], axis=1))
    parameters = np.concatenate(rows)
    parameters[:, :2] += smear * rng.normal(0, ERRORS[:2], (len(parameters), 2))
    n = len(parameters)
    return Tracks(
        np.arange(1, n + 1, dtype=np.int32),
        np.zeros(n + 1, dtype=np.int64),
        np.zeros(0, dtype=np.int32),
        Solenoid.uniform(2.0),
        parameters,
        np.tile(np.diag(ERRORS**2), (n, 1, 1)),
        np.zeros(n),
        np.zeros((n, 4), dtype=np.int32),
        np.zeros(n, dtype=np.int32),
        np.zeros(0, dtype=STATE),
        np.zeros(0, dtype=np.float32),
        np.zeros(0, dtype=np.bool_),
    )


def test_two_vertices_are_found_the_hardest_first() -> None:
    vertices = find_vertices(tracks_from([(0.01, -0.01, 5.0, 20), (0.0, 0.0, -3.0, 40)]))
    assert len(vertices) == 2
    np.testing.assert_allclose(vertices.position[:, 2], [5.0, -3.0], atol=0.05)
    assert vertices.sum_pt2[0] > 10 * vertices.sum_pt2[1]
    for i, expected in enumerate((np.arange(20), np.arange(20, 60))):
        tracks, weights = vertices[i]
        assert set(tracks[weights > 0.5].tolist()) <= set(expected.tolist())
        assert weights.sum() == pytest.approx(len(expected), rel=0.1)


def test_the_position_is_the_weighted_mean_of_exact_tracks() -> None:
    vertices = find_vertices(tracks_from([(0.0, 0.0, 1.25, 25)], smear=0.0))
    np.testing.assert_allclose(vertices.position, [[0.0, 0.0, 1.25]], atol=1e-6)
    assert vertices.chi2[0] == pytest.approx(0.0, abs=1e-6)


def test_pulls_have_width_one() -> None:
    pulls = []
    for seed in range(150):
        vertices = find_vertices(tracks_from([(0.0, 0.0, 2.0, 12)], seed))
        assert len(vertices) == 1
        pulls.append((vertices.position[0, 2] - 2.0) / np.sqrt(vertices.covariance[0, 2, 2]))
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)


def test_a_track_far_from_all_others_is_in_no_vertex() -> None:
    vertices = find_vertices(tracks_from([(0.0, 0.0, 0.0, 15), (0.0, 0.0, 30.0, 1), (3.0, 0.0, 0.1, 4)]))
    assert len(vertices) == 1
    assert vertices.tracks.max() < 15


def test_order_does_not_matter_and_none_is_no_error() -> None:
    tracks = tracks_from([(0.0, 0.0, 4.0, 20), (0.0, 0.0, 4.6, 20)])
    table = find_vertices(tracks).to_pandas()
    assert len(table) == 2
    assert np.isfinite(table.to_numpy(dtype=np.float64)).all()
    assert len(find_vertices(tracks_from([(0.0, 0.0, 0.0, 0)]))) == 0


@pytest.mark.parametrize("width", [0.01, 0.05])
def test_the_width_of_the_beam_spot_is_measured(width: float) -> None:
    rng = np.random.default_rng(5)
    places = rng.normal(0.0, (width, width, 5.0), (400, 3))
    secondaries = [(2.0, -1.0, 0.0, 40), (0.5, 0.5, 0.0, 40)]
    tracks = tracks_from([*((x, y, z, 8) for x, y, z in places), *secondaries])
    assert beam_spot_width(tracks) == pytest.approx(width, rel=0.15)


def test_without_tracks_nothing_is_known_of_the_beam_spot() -> None:
    assert beam_spot_width(tracks_from([(0.0, 0.0, 0.0, 0)])) == np.inf
