from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clew.errors import InputError
from clew.trackml import randomize
from clew.trackml.score import score_event

SPOILERS = [randomize.drop_hits, randomize.shuffle_hits]


@pytest.fixture
def truth() -> pd.DataFrame:
    """Return 200 particles of 10 hits, in a jumble."""
    randomize.set_seed(1)
    particle_id = np.random.default_rng(0).permutation(np.repeat(np.arange(1, 201) << 36, 10))
    hit_id = np.arange(5, 5 + len(particle_id))
    return pd.DataFrame({"hit_id": hit_id, "particle_id": particle_id, "weight": 1 / len(hit_id)})


def kept(truth: pd.DataFrame, submission: pd.DataFrame) -> float:
    """Return the fraction of hits whose track is the one most of their particle's hits are on."""
    track = submission.groupby(truth["particle_id"])["track_id"].transform(lambda ids: ids.mode()[0])
    return float((track == submission["track_id"]).mean())


@pytest.mark.parametrize("spoil", SPOILERS)
def test_probability_zero_is_a_perfect_submission(spoil, truth) -> None:
    submission = spoil(truth, 0.0)
    assert list(submission.columns) == ["hit_id", "track_id"]
    assert submission.hit_id.tolist() == truth.hit_id.tolist()
    assert sorted(submission.track_id.unique()) == list(range(1, 201))
    assert score_event(truth, submission) == pytest.approx(1.0)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_the_probability_is_the_fraction_of_spoilt_hits(spoil, truth) -> None:
    assert kept(truth, spoil(truth, 0.2)) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_more_spoilt_scores_less(spoil, truth) -> None:
    scores = [score_event(truth, spoil(truth, probability)) for probability in (0.0, 0.2, 0.4, 0.7)]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] > 0.6
    assert scores[-1] < 0.2


def test_dropped_hits_are_single_tracks(truth) -> None:
    sizes = randomize.drop_hits(truth, 0.3).track_id.value_counts()
    assert (sizes == 1).sum() == pytest.approx(600, abs=100)
    assert sizes[sizes > 1].max() <= 10
    assert randomize.drop_hits(truth, 1.0).track_id.is_unique


def test_shuffled_hits_stay_on_tracks_of_particles(truth) -> None:
    assert set(randomize.shuffle_hits(truth, 0.5).track_id) <= set(range(1, 201))


def test_random_solution_has_the_wanted_tracks(truth) -> None:
    submission = randomize.random_solution(truth, 7)
    assert set(submission.track_id) == set(range(1, 8))
    assert submission.hit_id.tolist() == truth.hit_id.tolist()
    assert score_event(truth, submission) == 0.0


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_seed_fixes_the_submission(spoil, truth) -> None:
    randomize.set_seed(12)
    one = spoil(truth, 0.3)
    other = spoil(truth, 0.3)
    randomize.set_seed(12)
    pd.testing.assert_frame_equal(spoil(truth, 0.3), one)
    assert not other.equals(one)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_the_truth_is_left_alone(spoil, truth) -> None:
    before = truth.copy()
    spoil(truth, 0.5)
    pd.testing.assert_frame_equal(truth, before)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_the_truth_needs_particles(spoil, truth) -> None:
    with pytest.raises(InputError, match="truth: no column particle_id"):
        spoil(truth[["hit_id"]], 0.1)
