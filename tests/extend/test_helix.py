"""The analytic extender against circles and lines worked out by hand, and under the detector's symmetries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numba
import numpy as np

from clew.detector import Solenoid, trackml
from clew.event import Event, Hits
from clew.extend.windows.helix import HelixConfig, HelixExtender, cross_layers
from clew.tracks import NO_HIT

LAYERS = trackml().layers


def test_circle_of_1000_mm_meets_the_next_five_cylinders(circle_hits: Hits) -> None:
    points = HelixExtender(HelixConfig()).extend(circle_hits, np.arange(5, dtype=np.int32)[None]).points[0]
    radii = np.array([360.0, 500.0, 660.0, 820.0, 1020.0])
    np.testing.assert_allclose(points[:, 1], radii, rtol=1e-6)
    np.testing.assert_allclose(points[:, 0], np.arcsin(radii / 2000), atol=2e-6)
    np.testing.assert_allclose(points[:, 2:], 0, atol=1e-3)


def test_inwards_the_same_circle_meets_the_inner_cylinders(circle_hits: Hits) -> None:
    window = np.arange(9, 4, -1, dtype=np.int32)[None]
    points = HelixExtender(HelixConfig()).extend(circle_hits, window).points[0]
    radii = np.array([260.0, 172.0, 116.0, 72.0, 32.0])
    np.testing.assert_allclose(points[:, 1], radii, rtol=1e-6)
    np.testing.assert_allclose(points[:, 0], np.arcsin(radii / 2000), atol=1e-5)


def test_beyond_the_last_layer_nothing_is_expected(circle_hits: Hits) -> None:
    window = np.arange(4, 9, dtype=np.int32)[None]
    crossings = cross_layers(circle_hits, window, HelixConfig())
    assert np.isclose(crossings.points[0, 0, 1], 1020)
    assert np.isnan(crossings.points[0, 1:]).all()
    np.testing.assert_array_equal(crossings.layer[0, 1:], -1)


def test_a_looping_track_comes_back_through_the_layers(hits_at: Callable[..., Hits]) -> None:
    # a circle of radius 200 mm through the origin reaches r = 400 mm
    r = np.array([32.0, 72.0, 116.0, 172.0, 260.0])
    phi = np.arcsin(r / 400)
    barrels = [k for k, layer in enumerate(LAYERS) if layer.barrel]
    hits = hits_at(np.stack([r * np.cos(phi), r * np.sin(phi), 0 * r], axis=1), barrels[:5])
    points = HelixExtender(HelixConfig()).extend(hits, np.arange(5, dtype=np.int32)[None]).points[0]
    np.testing.assert_allclose(points[:, 1], [360, 360, 260, 172, 116], rtol=1e-5)
    back = np.pi - np.arcsin(points[1:, 1] / 400)
    np.testing.assert_allclose(points[1:, 0], back, atol=1e-4)


def test_straight_track_meets_the_discs_on_its_line(hits_at: Callable[..., Hits]) -> None:
    # r = z / 10: the last two pixel discs, then in no disc's reach until the strips at 2550
    z = np.array([600.0, 700.0, 820.0, 960.0, 1100.0])
    discs = [k for k, layer in enumerate(LAYERS) if layer.volume == 9][:5]
    hits = hits_at(np.stack([z / 10, 0 * z, z], axis=1), discs)
    points = HelixExtender(HelixConfig()).extend(hits, np.arange(5, dtype=np.int32)[None]).points[0]
    np.testing.assert_allclose(points[:4, 2], [1300, 1500, 2550, 2950], rtol=1e-6)
    np.testing.assert_allclose(points[:4, 1], [130, 150, 255, 295], rtol=1e-3)
    np.testing.assert_allclose(points[:4, 3], 10, rtol=1e-3)
    assert np.isnan(points[4]).all()


def test_every_crossing_has_an_expected_deviation(toy: Event, toy_windows: np.ndarray) -> None:
    crossings = cross_layers(toy.hits, toy_windows, HelixConfig())
    there = crossings.layer >= 0
    assert (crossings.sigmas[there] > 0).all()
    assert np.isnan(crossings.sigmas[~there]).all()


def test_no_windows_and_windows_with_missing_hits(circle_hits: Hits) -> None:
    extender = HelixExtender(HelixConfig())
    assert extender.extend(circle_hits, np.zeros((0, 5), dtype=np.int32)).points.shape == (0, 5, 4)
    missing = np.array([[NO_HIT, 0, 1, 2, 3]], dtype=np.int32)
    assert np.isnan(extender.extend(circle_hits, missing).points).all()


def test_five_times_the_same_hit_makes_no_helix(circle_hits: Hits) -> None:
    crossings = cross_layers(circle_hits, np.full((1, 5), 3, dtype=np.int32), HelixConfig())
    assert np.isnan(crossings.points).all()


def test_results_do_not_depend_on_the_number_of_threads(toy: Event, toy_windows: np.ndarray) -> None:
    many = cross_layers(toy.hits, toy_windows, HelixConfig())
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = cross_layers(toy.hits, toy_windows, HelixConfig())
    finally:
        numba.set_num_threads(threads)
    for a, b in zip(many, one, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_beam_line_is_not_used_where_it_disagrees(circle_hits: Hits) -> None:
    # the circle moved by 50 mm: five hits alone still find it
    moved = replace(circle_hits, y=circle_hits.y + np.float32(50))
    window = np.arange(4, 9, dtype=np.int32)[None]
    point = HelixExtender(HelixConfig()).extend(moved, window).points[0, 0]
    x, y = point[1] * np.cos(point[0]), point[1] * np.sin(point[0]) - 50
    assert np.isclose(np.hypot(x, y - 1000), 1000, atol=0.5)


def test_the_field_is_centred_where_the_detector_says(toy: Event, toy_windows: np.ndarray) -> None:
    centre = trackml().solenoid.centre[2]
    own, given, other = (
        cross_layers(toy.hits, toy_windows, HelixConfig(field_offset=z)).points for z in (None, centre, 0.0)
    )
    np.testing.assert_array_equal(own, given)
    assert not np.array_equal(own, other, equal_nan=True)


def test_in_a_uniform_field_an_inclined_helix_goes_on_as_it_is(circle_hits: Hits) -> None:
    detector = replace(trackml(), solenoid=Solenoid.uniform(2.0))
    arc = 2000 * np.arcsin(circle_hits.r / 2000)
    hits = replace(circle_hits, z=(0.5 * arc).astype(np.float32), detector=detector)
    points = HelixExtender(HelixConfig()).extend(hits, np.arange(5, dtype=np.int32)[None]).points[0]
    np.testing.assert_allclose(points[:, 1], hits.r[5:], rtol=1e-6)
    np.testing.assert_allclose(points[:, 0], hits.phi[5:], atol=2e-6)
    np.testing.assert_allclose(points[:, 2], hits.z[5:], rtol=1e-5)
