"""Clusters of several hypotheses compete for hits by the number of layers."""

import numpy as np
import pytest

from clew.hits.layers import layers_of_groups
from clew.seeding.unrolled.merging import Clustering, merged, vote
from clew.tracks import Candidates

LAYERS = np.array([0, 1, 2, 3, 4, 5, 5, 47], dtype=np.int32)


def claims(
    *hypotheses: list[int],
    max_size: int = 30,
    numbers: list[int] | None = None,
    spreads: tuple[float, ...] = (0.0, 0.0),
) -> np.ndarray:
    """Return the claims after each hypothesis has voted; `spreads` is how far apart the hits are in each."""
    best = np.zeros(len(LAYERS), dtype=np.int64)
    clustering = Clustering(1.0, 1, max_size, 3, 48)
    for vote_number, labels in enumerate(hypotheses):
        points = np.zeros((len(LAYERS), 5), dtype=np.float32)
        points[:, 1] = np.arange(len(LAYERS)) * spreads[vote_number]
        number = numbers[vote_number] if numbers else vote_number
        label = np.array(labels, dtype=np.int32)
        vote(points, label, LAYERS, max(labels) + 1, clustering, number, best)
    return best


def clusters(best: np.ndarray) -> list[list[int]]:
    tracks = merged(best)
    return sorted(sorted(tracks[i].tolist()) for i in range(len(tracks)))


def test_more_layers_win_a_hit():
    few, many = [0, 0, 0, -1, -1, -1, -1, -1], [-1, -1, 0, 0, 0, 0, -1, -1]
    assert clusters(claims(few, many)) == [[0, 1], [2, 3, 4, 5]]
    assert clusters(claims(many, few)) == [[0, 1], [2, 3, 4, 5]]


def test_two_hits_on_a_layer_count_once():
    doubled, plain = [-1, -1, -1, 0, 0, 0, 0, -1], [0, 0, 0, 0, -1, -1, -1, -1]
    assert clusters(claims(doubled, plain)) == [[0, 1, 2, 3], [4, 5, 6]]


def test_the_earlier_hypothesis_wins_a_draw_whatever_the_order_of_votes():
    a, b = [0, 0, 0, -1, -1, -1, -1, -1], [-1, -1, 0, 0, 0, -1, -1, -1]
    first_a = claims(a, b, numbers=[0, 1])
    assert clusters(first_a) == [[0, 1, 2], [3, 4]]
    np.testing.assert_array_equal(claims(b, a, numbers=[1, 0]), first_a)


def test_among_as_many_layers_the_less_spread_cluster_wins():
    a, b = [0, 0, 0, -1, -1, -1, -1, -1], [-1, -1, 0, 0, 0, -1, -1, -1]
    assert clusters(claims(a, b, spreads=(0.2, 0.1))) == [[0, 1], [2, 3, 4]]
    assert clusters(claims(a, b, spreads=(0.1, 0.2))) == [[0, 1, 2], [3, 4]]


def test_clusters_on_fewer_than_three_layers_or_too_large_ones_claim_nothing():
    assert clusters(claims([0, 0, 1, 1, -1, 2, 2, 2])) == []
    assert clusters(claims([0, 0, 0, 0, 0, 0, -1, -1], max_size=5)) == []


def test_all_hits_may_be_claimed():
    assert clusters(claims([0, 0, 0, 0, 1, 1, 1, 1])) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_layers_of_tracks():
    tracks = Candidates(np.array([0, 5, 6, 7], dtype=np.int32), np.array([0, 3, 3, 4]))
    assert layers_of_groups(tracks.hits, tracks.offsets, LAYERS, 48).tolist() == [2, 0, 1]


def test_hits_on_unknown_layers_count_for_nothing():
    layers = np.array([0, -1, -1, 1], dtype=np.int32)
    rows = np.arange(4, dtype=np.int32)
    assert layers_of_groups(rows, np.array([0, 4]), layers, 2).tolist() == [2]
    best, points = np.zeros(4, dtype=np.int64), np.zeros((4, 5), dtype=np.float32)
    vote(points, np.zeros(4, dtype=np.int32), layers, 1, Clustering(1.0, 1, 30, 3, 2), 0, best)
    assert not best.any()


@pytest.mark.parametrize("n_layers", [48, 64, 65, 400])
def test_detectors_may_have_any_number_of_layers(n_layers):
    """One cluster is on all layers; it wins the hit that it shares with one of 300 hits on the last."""
    layer = np.concatenate([np.arange(n_layers), np.full(300, n_layers - 1)]).astype(np.int32)
    rows = np.arange(len(layer), dtype=np.int32)
    offsets = np.array([0, n_layers, len(rows)])
    assert layers_of_groups(rows, offsets, layer, n_layers).tolist() == [n_layers, 1]
    best, points = np.zeros(len(layer), dtype=np.int64), np.zeros((len(layer), 5), dtype=np.float32)
    clustering = Clustering(1.0, 1, 500, 1, n_layers)
    for number, first in enumerate((n_layers - 1, 0)):
        labels = np.where(rows >= first, 0, -1).astype(np.int32)
        labels[n_layers:] = -1 if first == 0 else 0
        vote(points, labels, layer, 1, clustering, number, best)
    assert clusters(best) == [list(range(n_layers)), list(range(n_layers, len(layer)))]
