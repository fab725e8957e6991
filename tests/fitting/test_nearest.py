"""NearestFitter on events: oracles, doubles, steering, and what must never happen."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.errors import ConfigError
from clew.event import Event, Hits
from clew.fitting import METHODS
from clew.fitting.nearest.distances import DISTANCES
from clew.fitting.nearest.fitter import NearestConfig, NearestFitter
from clew.methods import build
from clew.tracks import Candidates, Predictions


@pytest.fixture(scope="module")
def event(make_toy_event) -> Event:
    return make_toy_event(n_particles=150, seed=3, noise=300)


def perfect(event: Event, rows: np.ndarray) -> Predictions:
    return Predictions(event.hits.features[rows])


def free_of(hits: Hits, windows: np.ndarray) -> np.ndarray:
    free = np.ones(len(hits), dtype=np.bool_)
    free[windows] = False
    return free


def fit(event, windows, predictions, **settings) -> Candidates:
    fitter = NearestFitter(NearestConfig(**settings))
    return fitter.fit(event.hits, windows, predictions, free_of(event.hits, windows))


@pytest.mark.parametrize("distance", DISTANCES)
def test_perfect_predictions_give_perfect_tracks(event, true_rows, distance):
    windows, following = true_rows(event)
    found = fit(event, windows, perfect(event, following), distance=distance)
    np.testing.assert_array_equal(found.head(5), following)


@pytest.mark.parametrize("distance", DISTANCES)
def test_predictions_far_from_all_hits_give_none(event, true_rows, distance):
    windows, following = true_rows(event)
    points = event.hits.features[following].copy()
    points[..., 1] += 3000.0
    points[..., 2] += 12000.0
    points[..., 3] = points[..., 2] / points[..., 1]
    found = fit(event, windows, Predictions(points), distance=distance)
    assert len(found) == len(windows)
    assert len(found.hits) == 0


def test_road_finds_what_errors_along_the_path_hide(event, true_rows):
    # Predictions 25 mm too early on the path: right across it.
    windows, following = true_rows(event)
    space = np.stack([event.hits.x, event.hits.y, event.hits.z], axis=1).astype(np.float64)
    before = np.concatenate([windows[:, -1:], following[:, :-1]], axis=1)
    back = space[before] - space[following]
    early = space[following] + 25.0 * back / np.linalg.norm(back, axis=2, keepdims=True)
    r = np.hypot(early[..., 0], early[..., 1])
    points = np.stack([np.arctan2(early[..., 1], early[..., 0]), r, early[..., 2], early[..., 2] / r], axis=2)
    right = {
        kind: (
            fit(event, windows, Predictions(points.astype(np.float32)), distance=kind).head(5) == following
        )
        for kind in ("road", "euclidean")
    }
    assert right["road"].mean() > 0.97
    assert right["road"].mean() > right["euclidean"].mean()


def test_steering_follows_a_path_that_drifts_off(event, true_rows):
    # The k-th prediction is 4 * k mm off in r*phi where 2 * k mm are expected.
    windows, following = true_rows(event)
    points = event.hits.features[following].copy()
    sigmas = np.full(points.shape, 1.0, dtype=np.float32)
    steps = np.arange(1, 6, dtype=np.float32)
    points[..., 0] += 4 * steps / points[..., 1]
    points[..., 0] = (points[..., 0] + np.pi) % (2 * np.pi) - np.pi
    sigmas[..., 0] = 2 * steps / points[..., 1]
    drifting = Predictions(points, sigmas)
    steered = fit(event, windows, drifting).head(5) == following
    alone = fit(event, windows, drifting, narrowing=(1.0, 1.0)).head(5) == following
    assert steered.mean() > 0.95
    assert steered.mean() > alone.mean()


@given(seed=st.integers(0, 10**6), distance=st.sampled_from(list(DISTANCES)))
@settings(max_examples=20, deadline=None)
def test_no_hit_is_taken_twice_nor_where_it_is_not_free(make_toy_event, true_rows, seed, distance):
    rng = np.random.default_rng(seed)
    event = make_toy_event(n_particles=40, seed=seed, noise=100)
    windows, following = true_rows(event)
    points = event.hits.features[following].copy()
    points[..., :3] += rng.normal(0, 1, points[..., :3].shape) * (0.01, 3, 3)
    points[rng.random(points.shape[:2]) < 0.1] = np.nan
    free = rng.random(len(event.hits)) < 0.9
    fitter = NearestFitter(NearestConfig(distance=distance))
    found = fitter.fit(event.hits, windows, Predictions(points), free)
    assert len(found) == len(windows)
    assert len(np.unique(found.hits)) == len(found.hits)
    assert free[found.hits].all()
    assert not (found.hits[:, None] == windows[found.owners]).any()


def test_threads_and_the_order_of_hits_do_not_matter(event, true_rows):
    rng = np.random.default_rng(5)
    windows, following = true_rows(event)
    points = event.hits.features[following].copy()
    points[..., :3] += rng.normal(0, 1, points[..., :3].shape) * (0.005, 2, 2)
    predictions = Predictions(points)
    both = fit(event, windows, predictions)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    alone = fit(event, windows, predictions)
    numba.set_num_threads(threads)
    np.testing.assert_array_equal(alone.hits, both.hits)
    np.testing.assert_array_equal(alone.offsets, both.offsets)
    order = rng.permutation(len(event.hits))
    h = event.hits
    columns = (h.hit_id, h.x, h.y, h.z, h.volume, h.layer, h.module)
    shuffled = Event(1, Hits(*(column[order] for column in columns)))
    place = np.argsort(order).astype(np.int32)
    again = fit(shuffled, place[windows], predictions)
    np.testing.assert_array_equal(order[again.hits], both.hits)


def straight(make_hits, extra):
    """Make the hits of a straight track at phi = 0 through the barrel, and some more."""
    places = [(32, 8, 2), (72, 8, 4), (116, 8, 6), (172, 8, 8), (260, 13, 2), (360, 13, 4), (500, 13, 6)]
    rows = [(0.0, r, r / 2, volume, layer, 1) for r, volume, layer in places]
    return make_hits(rows + extra), np.arange(5, dtype=np.int32)[None]


def test_doubles_of_overlapping_modules_are_picked_up_in_order(make_hits, make_predictions):
    # 362 lies on the track behind its hit at 360, 498 before its hit at 500; both in other modules.
    hits, window = straight(make_hits, [(0.0, 362, 181, 13, 4, 2), (0.0, 498, 249, 13, 6, 2)])
    predictions = make_predictions([[(0.0, 360, 180), (0.0, 500, 250)]])
    free = free_of(hits, window)
    with_doubles = NearestFitter(NearestConfig()).fit(hits, window, predictions, free)
    assert with_doubles[0].tolist() == [5, 7, 8, 6]
    without = NearestFitter(NearestConfig(doubles=False)).fit(hits, window, predictions, free)
    assert without[0].tolist() == [5, 6]


def test_no_double_is_taken_off_the_path_or_from_the_same_module(make_hits, make_predictions):
    off_path, same_module = (0.005, 362, 181, 13, 4, 2), (0.0, 502, 251, 13, 6, 1)
    hits, window = straight(make_hits, [off_path, same_module])
    predictions = make_predictions([[(0.0, 360, 180), (0.0, 500, 250)]])
    found = NearestFitter(NearestConfig()).fit(hits, window, predictions, free_of(hits, window))
    assert found[0].tolist() == [5, 6]


def test_a_row_ends_at_a_gap(make_hits, make_predictions):
    hits, window = straight(make_hits, [])
    steps = [(0.0, 360, 180), (0.3, 400, 200), (0.3, 450, 225), (0.0, 500, 250)]
    free = free_of(hits, window)
    for max_gap, expected in ((0, [5, 6]), (3, [5, 6]), (2, [5]), (1, [5])):
        fitter = NearestFitter(NearestConfig(max_gap=max_gap))
        assert fitter.fit(hits, window, make_predictions([steps]), free)[0].tolist() == expected


def test_a_row_takes_no_more_hits_than_it_may(make_hits, make_predictions):
    hits, window = straight(make_hits, [])
    free = free_of(hits, window)
    for steps, expected in (
        ([(0.0, 360, 180), (0.0, 500, 250)], [5]),
        ([(0.3, 360, 180), (0.0, 500, 250)], [6]),
    ):
        fitter = NearestFitter(NearestConfig(most_hits=1))
        assert fitter.fit(hits, window, make_predictions([steps]), free)[0].tolist() == expected


def test_an_inward_path_ends_at_the_beam_line(make_hits, make_predictions):
    hits, window = straight(make_hits, [(np.pi, 32, -16, 8, 2, 1), (np.pi, 72, -36, 8, 4, 1)])
    inwards = window[:, ::-1] + 1
    predictions = make_predictions([[(0.0, 32, 16), (np.pi, 32, -16), (np.pi, 72, -36)]])
    found = NearestFitter(NearestConfig()).fit(hits, inwards, predictions, free_of(hits, inwards))
    assert found[0].tolist() == [0]


def test_nothing_in_nothing_out(make_hits, make_predictions):
    hits, window = straight(make_hits, [])
    predictions = make_predictions([[(0.0, 360, 180)]])
    fitter = NearestFitter(NearestConfig())
    none_free = np.zeros(len(hits), dtype=np.bool_)
    assert len(fitter.fit(hits, window, predictions, none_free).hits) == 0
    empty = fitter.fit(hits, window[:0], Predictions(predictions.points[:0]), none_free)
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distance": "chebyshev"}, "distance"),
        ({"max_distance": -1.0}, "max_distance"),
        ({"neighbours": 0}, "neighbours"),
        ({"most_hits": -1}, "most_hits"),
        ({"narrowing": (0.0, 1.0)}, "narrowing"),
        ({"radius": 1.0}, "unknown key 'radius'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        build(METHODS, {"method": "nearest"} | settings, "preset test, [fitting]")
