"""The compiled DBSCAN gives the clusters of scikit-learn's, on any points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.seeding.dbscan import dbscan
from clew.seeding.unrolled.clusterers import hdbscan_clusters, sklearn_dbscan

GRID = 256  # points on multiples of 1/256 have distances without rounding errors


def random_points(seed: int, n: int, n_columns: int, on_circle: bool, copies: int) -> np.ndarray:
    """Points with dense and empty regions, some of them several times."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (n, n_columns)) * rng.choice((0.1, 1.0), (n, 1))
    if on_circle:
        angle = rng.uniform(-np.pi, np.pi, n)
        points[:, 0], points[:, 1] = np.sin(angle), np.cos(angle)
    points = np.concatenate([points, points[rng.integers(0, n, copies)]])
    return (np.round(rng.permutation(points) * GRID) / GRID).astype(np.float32)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 120),
    n_columns=st.integers(3, 5),
    on_circle=st.booleans(),
    copies=st.integers(0, 20),
    distance=st.floats(0.0, 512.0),
    min_samples=st.integers(1, 5),
)
def test_same_labels_as_scikit_learn(seed, n, n_columns, on_circle, copies, distance, min_samples):
    points = random_points(seed, n, n_columns, on_circle, copies)
    eps = np.sqrt(int(distance) ** 2 + 0.5) / GRID  # no pair is exactly this far apart
    expected = sklearn_dbscan(points, eps, min_samples)
    np.testing.assert_array_equal(dbscan(points, eps, min_samples), expected)


@pytest.mark.parametrize("min_samples", [1, 2, 4])
def test_same_labels_as_scikit_learn_for_many_points_on_a_cylinder(min_samples):
    rng = np.random.default_rng(3)
    angle = rng.uniform(-np.pi, np.pi, 3000)
    points = np.stack([np.sin(angle), np.cos(angle), rng.normal(0, 0.4, 3000)], axis=1).astype(np.float32)
    expected = sklearn_dbscan(points, 0.02, min_samples)
    np.testing.assert_array_equal(dbscan(points, 0.02, min_samples), expected)


def line(*positions: float) -> np.ndarray:
    return np.array([(5.0, position, 0.0) for position in positions], dtype=np.float32)


def test_known_clusters():
    # 0, 1, 2 chain with steps of 1; 10 is alone; 20, 20.5 are a pair
    points = line(10, 0, 20, 1, 2, 20.5)
    assert dbscan(points, 1.1).tolist() == [0, 1, 2, 1, 1, 2]
    assert dbscan(points, 1.1, 2).tolist() == [-1, 0, 1, 0, 0, 1]
    assert dbscan(points, 1.1, 3).tolist() == [-1, 0, -1, 0, 0, -1]


def test_a_border_point_joins_the_cluster_that_comes_first():
    # the middle point neighbours one core point on each side, and is no core point itself
    left, middle, right = (-1.2, -1.1, -1.0, -0.9), (0.0,), (0.9, 1.0, 1.1, 1.2)
    assert dbscan(line(*left, *middle, *right), 0.95, 4).tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert dbscan(line(*right, *middle, *left), 0.95, 4).tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_clusters_reach_over_the_seam_of_the_angle():
    angle = np.pi + np.array([-0.002, 0.001, 0.003])
    points = np.stack([np.sin(angle), np.cos(angle), np.zeros(3)], axis=1).astype(np.float32)
    assert dbscan(points, 0.0035).tolist() == [0, 0, 0]


def test_no_points_no_labels():
    nothing = np.zeros((0, 5), dtype=np.float32)
    for clusterer in (dbscan, sklearn_dbscan, hdbscan_clusters):
        assert clusterer(nothing, 0.1, 1).shape == (0,)


def test_hdbscan_finds_separate_blobs():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(centre, 0.01, (20, 3)) for centre in (0.0, 1.0, 2.0)])
    labels = hdbscan_clusters(points.astype(np.float32), 0.05, 1)
    assert [len(set(labels[k : k + 20])) for k in (0, 20, 40)] == [1, 1, 1]
    assert len(set(labels)) == 3
