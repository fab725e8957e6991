"""The study of networks that go step by step: oracles, and the command on toy events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.cli.main import main
from clew.event import Event, Hits
from clew.extend.stepwise.extender import shipped_network
from clew.extend.stepwise.regions import RegionConfig
from clew.io import write_event
from clew.metrics.regression import RegressionScores
from clew.studies.rollout import FARTHEST, Course, predict_next, roll_out
from clew.studies.stepwise import REGION, networks
from clew.tracks import NO_HIT, Predictions


@pytest.fixture(scope="module")
def event(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(n_particles=400, seed=8, smear=0.01, noise=300)


@pytest.fixture(scope="module")
def course(event: Event) -> Course:
    return Course.of(event, RegionConfig(least_pt=1.0, hits=10))


class Oracle:
    """Knows the hit that follows each one on the tracks, and predicts it, `off` mm aside."""

    def __init__(self, course: Course, off: float) -> None:
        self.next = np.full(len(course.hits), NO_HIT)
        self.next[course.rows[:, :-1]] = course.rows[:, 1:]
        self.off = off

    def predict(self, hits: Hits, windows: np.ndarray) -> Predictions:
        points = hits.features[self.next[windows[:, -1]]].copy()
        points[:, 0] += self.off / points[:, 1]
        sigmas = np.tile(np.array([0.001, 1.0, 1.0, 0.01], dtype=np.float32), (len(points), 1, 1))
        return Predictions(points[:, None], sigmas)


def test_the_course_is_of_the_region(event: Event, course: Course) -> None:
    assert course.rows.shape[1] == 10
    assert event.truth is not None
    owner = event.truth.particle_id[course.rows]
    assert (owner == owner[:, :1]).all()
    assert len(Course.of(event, RegionConfig(least_pt=1.0, hits=10), 3).rows) == 3
    distance = np.hypot(event.hits.r, event.hits.z)[course.rows]
    assert (np.diff(distance, axis=1) > 0).all()


@pytest.mark.parametrize("distance", FARTHEST)
def test_an_oracle_reconstructs_every_track(course: Course, distance: str) -> None:
    found = roll_out(course, Oracle(course, 0.0), distance)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found, course.rows[:, 4:])


def test_predictions_far_aside_reconstruct_none(course: Course) -> None:
    found = roll_out(course, Oracle(course, 30.0), "mahalanobis")  # type: ignore[arg-type]
    assert not (found == course.rows[:, 4:]).all(axis=1).any()


def test_the_shipped_network_follows_toy_tracks_and_knows_its_errors(course: Course) -> None:
    network = shipped_network("step-lstm-gaussian")
    found = roll_out(course, network, "mahalanobis")
    assert (found == course.rows[:, 4:]).all(axis=1).mean() > 0.8
    predicted = predict_next(course, network)
    assert set(predicted.number) == set(range(4, 10))
    assert np.median(np.linalg.norm(predicted.true - predicted.points, axis=1)) < 5.0
    assert not np.isnan(predicted.pulls).any(axis=1).all()


def test_regression_scores_by_hand() -> None:
    true = np.array([[0.0, 10.0], [2.0, 30.0]])
    scores = RegressionScores.of(true, true + np.array([[1.0, 0.0], [0.0, -2.0]]))
    # squared errors 1 and 4 over deviations of 2 and 200
    assert scores.r2 == pytest.approx((0.5 + 0.98) / 2)
    assert (scores.mse, scores.mae) == (1.25, 0.75)
    assert scores.rmse == pytest.approx(np.sqrt(1.25))
    assert np.isnan(RegressionScores.of(true[:0], true[:0]).mse)


@pytest.mark.slow
def test_the_command_reports_and_draws(
    event: Event, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events").mkdir()
    write_event(tmp_path / "events", replace(event, event_id=1))
    arguments = ["study", "stepwise", str(tmp_path / "events"), "-o", str(tmp_path / "out")]
    assert main([*arguments, "--samples", "4"]) == 0
    printed = capsys.readouterr().out
    assert f"pT > 1 GeV, |phi| < {REGION.most_phi}, exactly 10 hits" in printed
    assert "events 1, tracks 4" in printed
    for name in networks():
        assert f"model name            {name} (" in printed
    assert "helix alone (no network)" in printed
    for distance in FARTHEST:
        assert f"correct hits per layer ({distance}): " in printed
        assert f"reconstructed tracks ({distance}): " in printed
    assert "regression scores" in printed
    assert "pulls, across" in printed
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == [
        "stepwise-distributions.png",
        "stepwise-hits.png",
        "stepwise-predicted.png",
        "stepwise-pulls.png",
        "stepwise.txt",
    ]


def test_samples_are_for_studies_that_follow_tracks(
    event: Event, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events").mkdir()
    write_event(tmp_path / "events", event)
    arguments = ["study", "graphs", str(tmp_path / "events"), "-o", str(tmp_path / "out"), "--samples", "4"]
    assert main(arguments) == 2
    assert "--samples: the study graphs follows no single tracks" in capsys.readouterr().err
