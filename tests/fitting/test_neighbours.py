"""The k nearest hits: by hand, and against reading all hits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector import trackml
from clew.event import Hits
from clew.fitting.nearest.distances import DISTANCES, distance
from clew.fitting.nearest.neighbours import nearest_hits
from clew.fitting.nearest.targets import TARGET
from clew.hits.index import HitIndex, build_index
from clew.tracks import NO_HIT

NOTHING_BARRED = np.zeros((100, 0), dtype=np.int32)


def target(phi, r, z, direction=(0.0, 1.0, 0.0), spread=(1.0, 1.0, 1.0)):
    dphi, dr, dz = np.array(direction) / np.hypot(direction[1], direction[2])
    return np.array([(phi, r, z, z / r, dphi, dr, dz, *spread, 0.0, 0.0)], dtype=TARGET)


def nearest(hits, target, kind, k=3, maximum=1.0, max_background=np.inf):
    index = build_index(hits, np.arange(len(hits)), max_background)
    found, _ = nearest_hits(index, target, NOTHING_BARRED[: len(target)], DISTANCES[kind], k, maximum)
    return found[0].tolist()


def test_manhattan_and_euclidean_order_differently(make_hits):
    # Off by 0.008 in phi alone, and by 0.006 in phi and 6 mm = 0.006 in r: 0.008 < 0.012, 0.008 < 0.0085.
    # The third is off by 0.01 in phi: beyond the second for the Euclidean distance, before it for Manhattan.
    hits = make_hits([(0.008, 260, 0, 13, 2), (0.006, 266, 0, 13, 2), (0.01, 260, 0, 13, 2)])
    at = target(0.0, 260.0, 0.0)
    assert nearest(hits, at, "manhattan") == [0, 2, 1]
    assert nearest(hits, at, "euclidean") == [0, 1, 2]


def test_polar_measures_the_transverse_distance_in_metres(make_hits):
    # 0.1 rad are 3.2 mm at r = 32 mm but 82 mm at r = 820 mm; 10 mm of r are 10 mm.
    hits = make_hits([(0.1, 32, 0, 8, 2), (0.0, 42, 0, 8, 2)])
    assert nearest(hits, target(0.0, 32.0, 0.0), "polar") == [0, 1, NO_HIT]
    hits = make_hits([(0.1, 820, 0, 17, 2), (0.0, 830, 0, 17, 2)])
    assert nearest(hits, target(0.0, 820.0, 0.0), "polar") == [1, 0, NO_HIT]


def test_road_carries_the_prediction_to_the_modules_own_radius(make_hits):
    # The path climbs one mm in z per mm in r: on a module 5 mm farther out the hit is 5 mm farther on.
    hits = make_hits([(0.0, 260, 3, 13, 2), (0.0, 265, 105, 13, 2), (0.0, 260, 102, 13, 2)])
    at = target(0.0, 260.0, 100.0, direction=(0.0, 1.0, 1.0))
    assert nearest(hits, at, "road", maximum=10.0) == [1, 2, NO_HIT]
    assert nearest(hits, at, "euclidean")[0] == 2


def test_road_is_measured_in_expected_deviations(make_hits):
    hits = make_hits([(2 / 260, 260, 0, 13, 2), (0.0, 260, 3, 13, 2)])
    assert nearest(hits, target(0.0, 260.0, 0.0, spread=(4.0, 1.0, 1.0)), "road", maximum=9.0)[0] == 0
    assert nearest(hits, target(0.0, 260.0, 0.0, spread=(1.0, 1.0, 4.0)), "road", maximum=9.0)[0] == 1


def test_road_leaves_hits_that_are_as_near_by_chance(make_hits):
    # 42 hits on the layer's 2 pi * 260 mm * 2168 mm: 1.2e-5 per mm2; within 20 mm around, 0.015 are expected
    rows = [(0.15 * k - 3, 260, 10 * k - 200, 13, 2) for k in range(41)]
    hits = make_hits([(0.0, 260, 220, 13, 2), *rows])
    at = target(0.0, 260.0, 240.0, spread=(10.0, 10.0, 10.0))
    assert nearest(hits, at, "road", maximum=5.0, max_background=0.02)[0] == 0
    assert nearest(hits, at, "road", maximum=5.0, max_background=0.01)[0] == NO_HIT


def test_mahalanobis_counts_all_three_directions_in_deviations(make_hits):
    # 2 mm across, along and ahead: nearest is the one in the direction with the largest deviation.
    hits = make_hits([(2 / 260, 260, 0, 13, 2), (0.0, 260, 2, 13, 2), (0.0, 262, 0, 13, 2)])
    assert nearest(hits, target(0.0, 260.0, 0.0, spread=(4.0, 2.0, 1.0)), "mahalanobis") == [0, 2, NO_HIT]
    assert nearest(hits, target(0.0, 260.0, 0.0, spread=(2.1, 4.0, 4.0)), "mahalanobis") == [1, 2, 0]


def test_mahalanobis_carries_the_prediction_to_the_modules_own_radius(make_hits):
    # one mm in z per mm in r; the second hit is on the path, 5 mm farther out
    hits = make_hits([(0.0, 260, 103, 13, 2), (0.0, 265, 105, 13, 2)])
    at = target(0.0, 260.0, 100.0, direction=(0.0, 1.0, 1.0), spread=(1.0, 5.0, 1.0))
    assert nearest(hits, at, "mahalanobis", maximum=4.0) == [1, 0, NO_HIT]


def test_cosine_is_that_of_the_angle_at_the_origin(make_hits):
    # the same direction 10 mm farther out is at 0; 0.01 rad aside is at 1 - cos 0.01 = 5e-5
    hits = make_hits([(0.01, 260, 100, 13, 2), (0.0, 270, 100 * 270 / 260, 13, 2)])
    at = target(0.0, 260.0, 100.0)
    assert nearest(hits, at, "cosine", maximum=1e-3) == [1, 0, NO_HIT]
    turned = 260**2 / (260**2 + 100**2) * 2 * np.sin(0.005) ** 2
    assert nearest(hits, at, "cosine", maximum=1.01 * turned) == [1, 0, NO_HIT]
    assert nearest(hits, at, "cosine", maximum=0.99 * turned) == [1, NO_HIT, NO_HIT]


def test_cosine_looks_at_the_layer_of_the_prediction_only(make_hits):
    hits = make_hits([(0.002, 260, 0, 13, 2), (0.0, 360, 0, 13, 4)])
    assert nearest(hits, target(0.0, 258.0, 0.0), "cosine") == [0, NO_HIT, NO_HIT]
    assert nearest(hits, target(0.0, 358.0, 0.0), "cosine") == [1, NO_HIT, NO_HIT]
    assert nearest(hits, target(0.0, 310.0, 0.0), "cosine") == [NO_HIT, NO_HIT, NO_HIT]


@pytest.mark.parametrize("kind", DISTANCES)
def test_neighbours_across_the_seam_of_phi(make_hits, kind):
    hits = make_hits([(np.pi - 0.001, 260, 0, 13, 2), (-np.pi + 0.001, 260, 0, 13, 2)])
    assert nearest(hits, target(-np.pi + 0.0011, 260.0, 0.0), kind, 2, 3.0) == [1, 0]
    assert nearest(hits, target(np.pi - 0.0011, 260.0, 0.0), kind, 2, 3.0) == [0, 1]


def test_equal_distances_go_by_row_and_barred_hits_are_not_found(make_hits):
    hits = make_hits([(0.01, 260, 0, 13, 2)] * 3)
    assert nearest(hits, target(0.0, 260.0, 0.0), "manhattan") == [0, 1, 2]
    index = build_index(hits, np.arange(3))
    barred = np.array([[1]], dtype=np.int32)
    found, ranks = nearest_hits(index, target(0.0, 260.0, 0.0), barred, DISTANCES["manhattan"], 3, 1.0)
    assert found[0].tolist() == [0, 2, NO_HIT]
    assert np.isinf(ranks[0, 2])


def test_no_prediction_finds_nothing(make_hits):
    hits = make_hits([(0.0, 260, 0, 13, 2)])
    assert nearest(hits, target(np.nan, 260.0, 0.0), "road") == [NO_HIT] * 3


def random_hits(rng: np.random.Generator, n: int) -> Hits:
    layers = trackml().layers
    chosen = [layers[k] for k in rng.integers(0, len(layers), n)]
    across = np.array([rng.uniform(*layer.reach) for layer in chosen])
    place = np.array([layer.position for layer in chosen]) + rng.uniform(-3, 3, n)
    barrel = np.array([layer.barrel for layer in chosen])
    r, z = np.where(barrel, place, across), np.where(barrel, across * rng.choice((-1, 1), n), place)
    # Some hits within a hair of the seam of phi.
    phi = np.where(rng.random(n) < 0.2, np.pi * rng.choice((-0.9999, 0.9999), n), rng.uniform(-3.14, 3.14, n))
    x, y, z = (np.asarray(v, dtype=np.float32) for v in (r * np.cos(phi), r * np.sin(phi), z))
    volume, layer = (
        np.array([getattr(c, name) for c in chosen], dtype=np.int32) for name in ("volume", "layer")
    )
    return Hits(np.arange(n), x, y, z, volume, layer, np.ones(n, dtype=np.int32))


def read_all(index: HitIndex, targets, kind, k, maximum):
    """Return the k nearest by reading every hit."""
    result = np.full((len(targets), k), NO_HIT)
    for i, one in enumerate(targets):
        pairs = [
            (rank, index.row[j])
            for j in range(len(index.row))
            for point in [index.points[j]]
            for d, rank in [distance(kind, one, point, index.surfaces[point.layer])]
            if d <= maximum
        ]
        rows = [row for _, row in sorted(pairs)[:k]]
        result[i, : len(rows)] = rows
    return result


@pytest.mark.parametrize(
    ("kind", "reaches"),
    [
        ("manhattan", 3.0),
        ("euclidean", 2.0),
        ("polar", 1.0),
        ("road", 40.0),
        ("mahalanobis", 40.0),
        ("cosine", 2.0),
    ],
)
@given(seed=st.integers(0, 10**6), share=st.floats(0.01, 1.0), k=st.integers(1, 10))
@settings(max_examples=15, deadline=None)
def test_search_equals_reading_all_hits(kind, reaches, seed, share, k):
    rng = np.random.default_rng(seed)
    index = build_index(random_hits(rng, 300), np.arange(300), max_background=rng.choice((0.5, np.inf)))
    near = index.points[rng.integers(0, 300, 12)]
    targets = np.zeros(12, dtype=TARGET)
    for name, scale in (("phi", 0.05), ("r", 3), ("z", 10), ("z_over_r", 0.05)):
        targets[name] = near[name] + rng.normal(0, scale, 12)
    targets["phi"] = (targets["phi"] + np.pi) % (2 * np.pi) - np.pi
    dphi, dr, dz = rng.normal(0, 1, (3, 12))
    length = np.hypot(dr, dz)
    targets["dphi"], targets["dr"], targets["dz"] = 0.003 * dphi / length, dr / length, dz / length
    for name in ("across_sigma", "r_sigma", "z_sigma"):
        targets[name] = rng.uniform(0.1, 5, 12)
    for name in ("r_offset", "z_offset"):
        targets[name] = rng.normal(0, 3, 12)
    number = DISTANCES[kind]
    found, ranks = nearest_hits(index, targets, NOTHING_BARRED[:12], number, k, reaches * share)
    np.testing.assert_array_equal(found, read_all(index, targets, number, k, reaches * share))
    assert (np.diff(np.nan_to_num(ranks, posinf=1e9)) >= 0).all()
