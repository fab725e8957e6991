from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import InputError
from clew.trackml import score


def truth_of(particle_id, weight=None) -> pd.DataFrame:
    weight = np.ones(len(particle_id)) if weight is None else weight
    hit_id = np.arange(1, len(particle_id) + 1)
    return pd.DataFrame({"hit_id": hit_id, "particle_id": particle_id, "weight": weight})


def submission_of(track_id, hit_id=None) -> pd.DataFrame:
    hit_id = np.arange(1, len(track_id) + 1) if hit_id is None else hit_id
    return pd.DataFrame({"hit_id": hit_id, "track_id": track_id})


def test_perfect_submission_scores_one() -> None:
    particle_id = [0, 8, 8, 9, 9, 9, 0]
    assert score.score_event(truth_of(particle_id), submission_of(particle_id)) == 1.0


def test_degraded_submission_by_hand() -> None:
    truth = truth_of([8, 8, 8, 8, 9, 9, 9], [1, 2, 3, 4, 5, 6, 7])
    assert score.score_event(truth, submission_of([1, 1, 1, 5, 1, 2, 2])) == pytest.approx(19 / 28)


def test_exactly_half_is_not_a_majority() -> None:
    assert score.score_event(truth_of([8, 8, 9, 9]), submission_of([1, 1, 1, 1])) == 0.0
    assert score.score_event(truth_of([8, 8, 8, 8]), submission_of([1, 1, 2, 2])) == 0.0


def test_rows_are_joined_by_hit_id() -> None:
    truth = truth_of([8, 8, 8, 9, 9])
    jumbled = submission_of([7, 3, 7, 3, 7], hit_id=[3, 5, 1, 4, 2])
    assert score.score_event(truth, jumbled) == 1.0


def test_hits_not_in_the_truth_are_left_out() -> None:
    crowded = submission_of([1, 1, 1, 1, 1], hit_id=[1, 2, 30, 40, 50])
    assert score.score_event(truth_of([8, 8]), crowded) == 1.0


def test_missing_hits_are_single_tracks() -> None:
    truth = truth_of([8, 8, 8, 9, 9, 7])
    assert score.score_event(truth, submission_of([1, 1])) == pytest.approx(3 / 6)
    assert score.score_event(truth, submission_of([])) == pytest.approx(1 / 6)
    assert score.score_event(truth, submission_of([1, 1, None, None, None, 2])) == pytest.approx(3 / 6)


def test_track_minus_one_is_none() -> None:
    truth = truth_of([8, 8, 8, 9, 9, 9])
    assert score.score_event(truth, submission_of([-1, -1, -1, 2, 2, 2])) == 0.5
    assert score.score_event(truth, submission_of([-1, -1, -1, 2, 2, -1])) == pytest.approx(1 / 3)
    assert score.score_event(truth, submission_of([-1] * 6)) == 0.0


def test_large_track_ids_stay_apart_with_hits_missing() -> None:
    near = 2**60
    truth = truth_of([8, 8, 9, 9, 7])
    assert score.score_event(truth, submission_of([near, near, near + 1, near + 1])) == 1.0


def test_no_weight_no_score() -> None:
    assert math.isnan(score.score_event(truth_of([8, 8], [0.0, 0.0]), submission_of([1, 1])))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=40),
    st.permutations(range(6)),
    st.randoms(use_true_random=False),
)
def test_score_does_not_depend_on_names_and_order(rows, names, random) -> None:
    particle_id, track_id = (np.array(column) for column in zip(*rows, strict=True))
    truth, submission = truth_of(particle_id), submission_of(track_id)
    order = random.sample(range(len(rows)), len(rows))
    renamed = submission_of(np.array(names)[track_id] + 100).iloc[order]
    assert score.score_event(truth, renamed) == pytest.approx(score.score_event(truth, submission))


def test_bad_frames_are_refused() -> None:
    truth, submission = truth_of([8, 8]), submission_of([1, 1])
    with pytest.raises(InputError, match="submission: no column track_id"):
        score.score_event(truth, submission[["hit_id"]])
    with pytest.raises(InputError, match="truth: no column weight"):
        score.score_event(truth.drop(columns="weight"), submission)
    with pytest.raises(InputError, match="submission, row 1: hit_id 1 occurs a second time"):
        score.score_event(truth, submission_of([1, 1], hit_id=[1, 1]))
