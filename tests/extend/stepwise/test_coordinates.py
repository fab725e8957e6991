"""Coordinates: targets lead back to the true hit, and symmetric tracks look alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clew.event import Hits
from clew.extend.stepwise.coordinates import (
    Coordinates,
    CoordinatesName,
    Queries,
    make_coordinates,
    next_on_another_layer,
)
from clew.extend.stepwise.features import N_FEATURES
from clew.extend.stepwise.windows import WINDOW, TrueWindows
from clew.tracks import NO_HIT
from clew.tracksets import Tracks

NAMES: tuple[CoordinatesName, ...] = ("cylindrical", "cartesian", "local")


def queries_of(coordinates: Coordinates, hits: Hits, rows: np.ndarray, skipped: int = 0) -> Queries:
    return coordinates.query(hits, rows, np.full(len(rows), skipped, dtype=np.int32))


def in_space(points: np.ndarray) -> np.ndarray:
    phi, r, z, ratio = points[:, 0].astype(np.float64).T
    np.testing.assert_allclose(z / r, ratio, rtol=1e-4, atol=1e-6)
    return np.stack([r * np.cos(phi), r * np.sin(phi), z], axis=1)


def space_of(hits: Hits) -> np.ndarray:
    return np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)


@pytest.mark.parametrize("name", NAMES)
def test_predicting_the_targets_hits_the_true_hit(
    name: CoordinatesName, toy_tracks: Tracks, all_windows: TrueWindows
) -> None:
    coordinates, hits = make_coordinates(name), toy_tracks.hits
    queries = queries_of(coordinates, hits, all_windows.rows)
    assert queries.features.shape == (len(all_windows.rows), WINDOW, coordinates.n_features)
    targets, known = coordinates.targets(hits, all_windows.rows, queries, all_windows.following)
    assert known.mean() > 0.85
    points = coordinates.predict(queries, targets, None).points
    after, _ = next_on_another_layer(hits, all_windows.rows, all_windows.following)
    gap = np.linalg.norm(in_space(points) - space_of(hits)[after], axis=1)[known]
    assert np.percentile(gap, 95) < 0.01


def test_ideal_helices_are_where_local_coordinates_expect_them(
    toy_tracks: Tracks, all_windows: TrueWindows
) -> None:
    local = make_coordinates("local")
    queries = queries_of(local, toy_tracks.hits, all_windows.rows)
    targets, known = local.targets(toy_tracks.hits, all_windows.rows, queries, all_windows.following)
    across, along, ahead = np.abs(targets[known]).T
    assert np.median(across) < 1.0
    assert np.median(along) < 1.0
    assert np.median(ahead) < 0.01  # the toy's modules all stand on their layer's surface


def test_the_layer_behind_is_predicted_on_too(toy_tracks: Tracks, all_windows: TrueWindows) -> None:
    local = make_coordinates("local")
    near, far = (queries_of(local, toy_tracks.hits, all_windows.rows, k).references for k in (0, 1))
    assert near is not None
    assert far is not None
    both = (near.layer >= 0) & (far.layer >= 0)
    assert both.mean() > 0.5
    assert (near.layer[both] != far.layer[both]).all()
    assert (far.features[both, 0, 10] > near.features[both, 0, 10]).all()  # the arc to the crossing
    _, known = local.targets(
        toy_tracks.hits,
        all_windows.rows,
        queries_of(local, toy_tracks.hits, all_windows.rows, 1),
        all_windows.following,
    )
    assert known[both].mean() > 0.5
    plain = make_coordinates("cylindrical")
    assert not queries_of(plain, toy_tracks.hits, all_windows.rows, 1).valid.any()


def test_deviations_are_given_in_the_detectors_coordinates(
    toy_tracks: Tracks, all_windows: TrueWindows
) -> None:
    local = make_coordinates("local")
    queries = queries_of(local, toy_tracks.hits, all_windows.rows)
    ones = np.ones((len(all_windows.rows), 3))
    predictions = local.predict(queries, 0 * ones, ones)
    assert queries.references is not None
    assert predictions.sigmas is not None
    target = queries.references.target[queries.valid]
    sigmas, r = predictions.sigmas[queries.valid, 0], predictions.points[queries.valid, 0, 1]
    deviations = [target["across_sigma"] / r, target["r_sigma"], target["z_sigma"]]
    expected = 0.798 * np.stack(deviations, axis=1)
    np.testing.assert_allclose(sigmas[:, :3], expected, rtol=1e-5)


def test_cartesian_deviations_become_those_of_phi_and_r(hits_on_x: Hits) -> None:
    coordinates = make_coordinates("cartesian")
    queries = queries_of(coordinates, hits_on_x, np.array([[0, 1, 2, 3]], dtype=np.int32))
    predictions = coordinates.predict(queries, np.array([[0.0, 200.0, 30.0]]), np.array([[2.0, 1.0, 4.0]]))
    assert predictions.points[0, 0] == pytest.approx([np.pi / 2, 200.0, 30.0, 0.15])
    assert predictions.sigmas is not None
    assert predictions.sigmas[0, 0, :3] == pytest.approx([0.798 * 2 / 200, 0.798, 0.798 * 4])


@pytest.fixture
def hits_on_x() -> Hits:
    """Four hits of a straight track along x, and two on the next layer's overlapping modules."""
    r = np.array([32.0, 72.0, 116.0, 172.0, 259.0, 262.0], dtype=np.float32)
    volume = np.array([8, 8, 8, 8, 13, 13], dtype=np.int32)
    layer = np.array([2, 4, 6, 8, 2, 2], dtype=np.int32)
    return Hits(np.arange(6), r, 0 * r, r / 2, volume, layer, np.arange(6, dtype=np.int32))


def test_local_coordinates_of_a_straight_track_by_hand(hits_on_x: Hits) -> None:
    rows, following = np.array([[0, 1, 2, 3]], dtype=np.int32), np.array([[4, 5, NO_HIT, NO_HIT]])
    local = make_coordinates("local")
    queries = queries_of(local, hits_on_x, rows)
    features = queries.features[0]
    assert features[:, 0] == pytest.approx([-140, -100, -56, 0], abs=1e-3)  # along
    assert features[:, 1:3] == pytest.approx(0, abs=1e-2)
    targets, known = local.targets(hits_on_x, rows, queries, following.astype(np.int32))
    assert known.all()
    # its first hit stands 1 mm before the layer's place of 260 mm, in units of 3 mm
    assert targets[0, 2] == pytest.approx(-1 / 3, abs=1e-3)


def test_mirrored_tracks_look_alike(hits_on_x: Hits) -> None:
    rows = np.array([[0, 1, 2, 3]], dtype=np.int32)
    bent = replace(hits_on_x, y=(hits_on_x.x / 40) ** 2)
    local = make_coordinates("local")
    one = queries_of(local, bent, rows)
    other = queries_of(local, replace(bent, y=-bent.y), rows)
    assert one.references is not None
    assert other.references is not None
    assert one.references.turn[0] == -other.references.turn[0]
    # the solenoid stands a little off the beam line, so the two are not quite the same
    np.testing.assert_allclose(one.features, other.features, atol=0.02, rtol=0.01)


def test_hits_on_two_layers_only_make_a_helix_with_the_beam_line(hits_on_x: Hits) -> None:
    doubled = replace(
        hits_on_x,
        layer=np.array([6, 6, 8, 8, 2, 2], dtype=np.int32),
        x=np.array([116.0, 118.0, 172.0, 174.0, 259.0, 262.0], dtype=np.float32),
        z=np.array([58.0, 59.0, 86.0, 87.0, 129.5, 131.0], dtype=np.float32),
    )
    local = make_coordinates("local")
    rows, following = np.array([[0, 1, 2, 3]], dtype=np.int32), np.array([[4, 5, -1, -1]], dtype=np.int32)
    queries = queries_of(local, doubled, rows)
    assert queries.valid.all()
    targets, known = local.targets(doubled, rows, queries, following)
    assert known.all()
    assert np.abs(targets[0, :2]).max() < 0.1
    assert local.n_features == N_FEATURES


def test_hits_on_one_layer_make_no_helix(hits_on_x: Hits) -> None:
    same = replace(hits_on_x, layer=np.full(6, 2, dtype=np.int32), volume=np.full(6, 8, dtype=np.int32))
    queries = queries_of(make_coordinates("local"), same, np.array([[0, 1, 2, 3]], dtype=np.int32))
    assert not queries.valid.any()
