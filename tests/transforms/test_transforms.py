"""Transforms: known answers, round trips, what they drop, and what they refuse."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import ConfigError, InputError
from clew.io import find_events, write_event
from clew.transforms import Points, build_transforms, points_of, prepare_events, read_points

PIPELINE = """
[[transforms]]
method = "drop-fakes"

[[transforms]]
method = "cylindrical"

[[transforms]]
method = "normalise"
lowest = [0.0, -3.2, -3000.0]
highest = [1100.0, 3.2, 3000.0]
"""


def points(values, station=0, particle=1):
    n = len(values)
    return Points(
        np.array(values, dtype=np.float64),
        np.broadcast_to(np.array(station, dtype=np.int32), n).copy(),
        np.broadcast_to(np.array(particle, dtype=np.int64), n).copy(),
        np.arange(n),
        np.zeros(n, dtype=np.int32),
    )


def transform(method, **settings):
    return build_transforms([{"method": method, **settings}])


def test_cylindrical_coordinates_of_a_known_point():
    made = transform("cylindrical").apply(points([[0.0, 2.0, 5.0]]))
    np.testing.assert_allclose(made.values, [[2.0, np.pi / 2, 5.0]])


@pytest.mark.parametrize(
    ("method", "settings", "expected"),
    [
        ("standard", {"mean": [1, 1, 1], "deviation": [2, 4, 8]}, [2.0, 1.0, 0.5]),
        ("min-max", {"lowest": [0, 0, 0], "highest": [10, 5, 20]}, [0.5, 1.0, 0.25]),
        ("normalise", {"lowest": [0, 0, 0], "highest": [10, 5, 20]}, [0.0, 1.0, -0.5]),
    ],
)
def test_scaling_of_a_known_point(method, settings, expected):
    made = transform(method, **settings).apply(points([[5.0, 5.0, 5.0]]))
    np.testing.assert_allclose(made.values, [expected])


def test_constraints_of_a_station_stand_before_the_global_ones():
    own = {"volume": 8, "layer": 2, "lowest": [0, 0, 0], "highest": [4, 4, 4]}
    both = transform("normalise", lowest=[-8] * 3, highest=[8] * 3, stations=[own])
    made = both.apply(points([[4.0] * 3, [4.0] * 3], station=[7, 8]))
    np.testing.assert_allclose(made.values, [[1.0] * 3, [0.5] * 3])


def test_a_station_without_constraints_is_refused():
    own = {"volume": 8, "layer": 2, "lowest": [0, 0, 0], "highest": [4, 4, 4]}
    with pytest.raises(InputError, match="volume 8, layer 4 has no constraints"):
        transform("normalise", stations=[own]).apply(points([[1.0] * 3], station=8))


def test_a_station_that_the_detector_lacks_is_refused():
    own = {"volume": 8, "layer": 3, "lowest": [0, 0, 0], "highest": [4, 4, 4]}
    with pytest.raises(ConfigError, match="the detector TrackML has no layer 3 of volume 8"):
        transform("normalise", stations=[own]).apply(points([[1.0] * 3], station=7))


@given(st.lists(st.tuples(*[st.floats(-900, 900)] * 3), min_size=1, max_size=20))
def test_all_that_scales_or_turns_coordinates_can_be_undone(values):
    chain = build_transforms(
        [
            {"method": "cylindrical"},
            {"method": "standard", "mean": [500, 0, 3], "deviation": [300, 1.8, 900]},
            {"method": "min-max", "lowest": [-3, -3, -3], "highest": [3, 4, 5]},
            {"method": "normalise", "lowest": [0, 0, 0], "highest": [1, 1, 1]},
        ]
    )
    given_points = points(values)
    back = chain.invert(chain.apply(given_points))
    np.testing.assert_allclose(back.values, given_points.values, atol=1e-6)


def test_fakes_short_and_spinning_tracks_are_dropped():
    station = [0, 1, 2, 0, 1, 5, 5, 5, 6, 7, 3]
    particle = [1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 0]
    given_points = points(np.zeros((11, 3)), station, particle)
    assert set(transform("drop-fakes").apply(given_points).particle) == {1, 2, 3}
    assert set(transform("drop-short", least_stations=3).apply(given_points).particle) == {0, 1, 3}
    assert set(transform("drop-spinning", most_hits=2).apply(given_points).particle) == {0, 1, 2}


def test_buckets_hold_tracks_of_one_length():
    made = transform("buckets", longest=3).apply(points(np.zeros((8, 3)), 0, [4, 2, 0, 4, 3, 4, 4, 2]))
    assert made.bucket.tolist() == [0, 1, 2, 2, 3, 3, 3, 3]
    assert made.row.tolist() == [2, 4, 1, 7, 0, 3, 5, 6]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"method": "whiten"}, "unknown method 'whiten'"),
        ({"method": "drop-short", "least": 3}, "unknown key 'least'"),
        ({"method": "standard", "mean": [0, 0, 0], "deviation": [1, 0, 1]}, r"deviation\.1: .*greater than"),
        ({"method": "min-max", "lowest": [0, 0, 0], "highest": [1, 0, 1]}, "below its highest"),
        ({"method": "normalise"}, "no constraints"),
    ],
)
def test_wrong_settings_are_refused(table, message):
    with pytest.raises(ConfigError, match=message):
        build_transforms([table])


def test_events_are_prepared_alike_by_any_number_of_jobs(tmp_path, make_toy_event):
    (tmp_path / "events").mkdir()
    event = make_toy_event(10, noise=20)
    for number in (1, 2):
        write_event(tmp_path / "events", replace(event, event_id=number))
    sources = find_events(tmp_path / "events")
    chain = build_transforms(tomllib.loads(PIPELINE)["transforms"])
    path, _ = prepare_events(sources, tmp_path / "one", chain)
    for other in prepare_events(sources, tmp_path / "two", chain, jobs=2):
        assert other.read_bytes() == (tmp_path / "one" / other.name).read_bytes()
    made, original = read_points(path), points_of(event)
    assert len(made) == np.count_nonzero(original.particle)
    assert np.abs(made.values).max() <= 1.0
    np.testing.assert_allclose(chain.invert(made).values, original.values[made.row], atol=1e-3)


def test_what_is_prepared_already_stays_and_what_would_differ_is_made_anew(tmp_path, make_toy_event):
    write_event(tmp_path, make_toy_event(20))
    sources = find_events(tmp_path)
    (path,) = prepare_events(sources, tmp_path / "made", transform("cylindrical"), settings="a")
    before = path.stat().st_mtime_ns
    list(prepare_events(sources, tmp_path / "made", transform("cylindrical"), settings="a"))
    assert path.stat().st_mtime_ns == before
    list(prepare_events(sources, tmp_path / "made", transform("drop-fakes"), settings="b"))
    assert not np.array_equal(read_points(path).values[:, 0], make_toy_event(20).hits.r)
    path.write_bytes(b"PK")
    list(prepare_events(sources, tmp_path / "made", transform("cylindrical"), settings="a"))
    np.testing.assert_allclose(read_points(path).values[:, 0], make_toy_event(20).hits.r, rtol=1e-5)


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "event.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match="prepare them anew"):
        read_points(tmp_path / "event.npz")
