from __future__ import annotations

from collections import Counter
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import InputError
from clew.metrics.score import event_score, throughput_score

EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.floats(0.125, 8)), min_size=1, max_size=40
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def slow_score(labels, particle_id, weight) -> float:
    """Go through the tracks one by one, as the definition reads."""
    found = 0.0
    for track in set(labels.tolist()):
        on_track = labels == track
        particle, shared = Counter(particle_id[on_track].tolist()).most_common(1)[0]
        of_particle = particle_id == particle
        if shared / on_track.sum() > 0.5 and shared / of_particle.sum() > 0.5:
            found += weight[on_track & of_particle].sum()
    return found / weight.sum()


def score(labels, particle_id, weight=None) -> float:
    weights = np.ones(len(labels)) if weight is None else np.array(weight, dtype=float)
    return event_score(np.array(labels), np.array(particle_id), weights)


@given(EVENTS)
def test_agrees_with_the_definition(event) -> None:
    labels, particle_id, weight = event
    assert event_score(labels, particle_id, weight) == pytest.approx(slow_score(labels, particle_id, weight))


@given(EVENTS, st.permutations(range(6)), st.permutations(range(5)), st.randoms(use_true_random=False))
def test_names_and_order_of_hits_do_not_matter(event, track_names, particle_names, random) -> None:
    labels, particle_id, weight = event
    order = random.sample(range(len(labels)), len(labels))
    renamed = np.array(track_names)[labels] * 1000 + 7, np.array(particle_names)[particle_id] << 52
    again = event_score(renamed[0][order], renamed[1][order], weight[order])
    assert again == pytest.approx(event_score(labels, particle_id, weight))


@given(EVENTS)
def test_truth_itself_scores_one(event) -> None:
    _, particle_id, weight = event
    assert event_score(particle_id, particle_id, weight) == pytest.approx(1.0)


def test_only_the_shared_hits_count() -> None:
    # Track 1 holds 3 of the 4 hits of particle 8 and one of particle 9; track 2 the rest of particle 9.
    assert score([1, 1, 1, 5, 1, 2, 2], [8, 8, 8, 8, 9, 9, 9], [1, 2, 3, 4, 5, 6, 7]) == 19 / 28


def test_half_of_the_track_is_no_majority() -> None:
    assert score([1, 1, 1, 1, 1, 1], [8, 8, 8, 9, 9, 9]) == 0.0


def test_half_of_the_particle_is_no_majority() -> None:
    assert score([1, 1, 2, 2], [8, 8, 8, 8]) == 0.0
    assert score([1, 1, 1, 2], [8, 8, 8, 8]) == 0.75


def test_a_merged_pair_of_tracks_counts_for_the_longer() -> None:
    assert score([1, 1, 1, 1, 1], [8, 8, 8, 9, 9]) == 0.6


def test_label_zero_is_a_track_like_any_other() -> None:
    assert score([0, 0, 0, 1], [8, 8, 8, 9], [1, 1, 1, 1]) == 1.0


def test_weights_need_no_unit_sum() -> None:
    assert score([1, 1, 1, 2, 2], [8, 8, 8, 9, 8], [10, 10, 10, 10, 60]) == 0.3


def test_without_any_weight_there_is_no_score() -> None:
    assert np.isnan(score([1, 1], [0, 0], [0, 0]))
    assert np.isnan(score([], []))


def test_throughput_score_by_hand() -> None:
    assert throughput_score(0.9, 600.0) == pytest.approx(0.4 * sqrt(log(2)))
    assert throughput_score(0.944, 0.5) == pytest.approx(0.444 * sqrt(log(1201)))


def test_throughput_score_is_zero_up_to_one_half() -> None:
    assert throughput_score(0.5, 1.0) == 0.0
    assert throughput_score(0.2, 1.0) == 0.0


@given(st.floats(0.51, 1), st.floats(1e-3, 1e3), st.floats(1.01, 10))
def test_slower_scores_less(phase2, seconds, factor) -> None:
    assert throughput_score(phase2, seconds * factor) < throughput_score(phase2, seconds)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_times_must_be_positive(seconds) -> None:
    with pytest.raises(InputError, match="seconds per event"):
        throughput_score(0.9, seconds)
