"""Clusters of several hypotheses compete for hits by the number of layers."""

from dataclasses import replace

import numpy as np
import pytest

from clew.errors import ConfigError
from clew.seeding.unrolled.merging import Electorate, layer_bits, merged, n_layers, vote
from clew.tracks import Candidates

LAYERS = np.int64(1) << np.array([0, 1, 2, 3, 4, 5, 5, 47], dtype=np.int64)


def claims(
    *hypotheses: list[int],
    max_size: int = 30,
    numbers: list[int] | None = None,
    spreads: tuple[float, ...] = (0.0, 0.0),
) -> np.ndarray:
    """Return the claims after each hypothesis has voted; `spreads` is how far apart the hits are in each."""
    best = np.zeros(len(LAYERS), dtype=np.int64)
    electorate = Electorate(np.float32(1.0), max_size, 3)
    for vote_number, labels in enumerate(hypotheses):
        points = np.zeros((len(LAYERS), 5), dtype=np.float32)
        points[:, 1] = np.arange(len(LAYERS)) * spreads[vote_number]
        number = numbers[vote_number] if numbers else vote_number
        label = np.array(labels, dtype=np.int32)
        vote(points, label, LAYERS, max(labels) + 1, electorate, number, best)
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
    assert n_layers(tracks, LAYERS).tolist() == [2, 0, 1]


def test_each_layer_has_a_bit_and_too_many_layers_are_refused(make_toy_event):
    hits = make_toy_event(n_particles=5).hits
    bits = layer_bits(hits)
    np.testing.assert_array_equal(np.log2(bits).astype(int), hits.layer_index)
    stray = replace(hits, volume=np.full_like(hits.volume, 3))
    assert not layer_bits(stray).any()
    large = replace(hits.detector, layers=hits.detector.layers * 2)
    with pytest.raises(ConfigError, match="63 layers"):
        layer_bits(replace(hits, detector=large))
