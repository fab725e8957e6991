"""Hits off the helix of their cluster leave it."""

import numpy as np
import pytest

from clew.detector import trackml
from clew.event import Hits
from clew.seeding.unrolled.outliers import OutlierConfig, remove_outliers
from clew.tracks import Candidates

BARREL = [layer for layer in trackml().layers if layer.barrel][:8]


def hits_at(places: np.ndarray, module: list[int] | None = None) -> Hits:
    """Hits on the barrel layers in turn, the first again after the last."""
    n = len(places)
    layers = [BARREL[k % len(BARREL)] for k in range(n)]
    x, y, z = np.ascontiguousarray(places.T, dtype=np.float32)
    volume = np.array([layer.volume for layer in layers], dtype=np.int32)
    layer = np.array([layer.layer for layer in layers], dtype=np.int32)
    return Hits(np.arange(n), x, y, z, volume, layer, np.array(module or [1] * n, dtype=np.int32))


def helix(radius: float, phi: float, cot: float, z0: float) -> np.ndarray:
    r = np.array([layer.position for layer in BARREL])
    turned = np.arcsin(r / (2 * radius))
    return np.stack(
        [r * np.cos(phi - turned), r * np.sin(phi - turned), z0 + 2 * radius * turned * cot], axis=1
    )


def one_cluster(n: int) -> Candidates:
    return Candidates(np.arange(n, dtype=np.int32)[::-1].copy(), np.array([0, n]))


@pytest.mark.parametrize(("cot", "z0"), [(0.4, 5.0), (-0.7, 40.0), (0.0, 0.0)])
def test_an_ideal_helix_keeps_its_hits_and_gets_them_in_order(cot, z0):
    kept = remove_outliers(hits_at(helix(500.0, 2.0, cot, z0)), one_cluster(8), OutlierConfig())
    assert kept[0].tolist() == list(range(8))


@pytest.mark.parametrize("wrong", [0, 3, 7])
@pytest.mark.parametrize("axis", [0, 2])
def test_an_outlier_is_removed(wrong, axis):
    places = helix(500.0, 1.0, 0.4, 5.0)
    places[wrong, axis] += 25.0
    kept = remove_outliers(hits_at(places), one_cluster(8), OutlierConfig())
    assert kept[0].tolist() == [k for k in range(8) if k != wrong]


def test_of_two_hits_on_one_module_the_nearer_stays():
    places = helix(500.0, 1.0, 0.4, 5.0)
    places = np.concatenate([places, places[:1] + np.array([0.0, 0.0, 0.6])])
    kept = remove_outliers(hits_at(places), one_cluster(9), OutlierConfig())
    assert kept[0].tolist() == list(range(8))
    neighbours = remove_outliers(hits_at(places, [1] * 8 + [2]), one_cluster(9), OutlierConfig())
    assert sorted(neighbours[0].tolist()) == list(range(9))


def test_hits_that_agree_on_no_helix_are_all_dropped():
    rng = np.random.default_rng(5)
    places = helix(500.0, 1.0, 0.4, 0.0)[:4]
    places[:, 2] += rng.permutation([-200.0, -70.0, 80.0, 250.0])
    assert remove_outliers(hits_at(places), one_cluster(4), OutlierConfig()).lengths.tolist() == [0]


def test_clusters_too_small_for_a_fit_are_emptied_and_none_is_fine():
    hits = hits_at(helix(500.0, 1.0, 0.4, 0.0))
    assert remove_outliers(hits, one_cluster(2), OutlierConfig()).lengths.tolist() == [0]
    assert len(remove_outliers(hits, Candidates.empty(), OutlierConfig())) == 0
