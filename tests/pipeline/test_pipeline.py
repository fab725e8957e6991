"""The pipeline around stages that know the truth: what is lost then is the pipeline's own fault."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clew.arrays import Int32Array
from clew.ensemble.competition import CompetitionConfig, CompetitionEnsemble
from clew.event import Event, Hits
from clew.fitting.nearest.fitter import NearestConfig, NearestFitter
from clew.metrics import event_score, true_seeds
from clew.metrics.predictions import path_order
from clew.pipeline import STAGES, Pipeline
from clew.pipeline.preset import FollowConfig
from clew.tracks import Candidates, Predictions, Seeds

N_STEPS = 5


class TrueSeeder:
    def __init__(self, event: Event, skip: int = 0) -> None:
        assert event.truth is not None
        assert event.particles is not None
        order = path_order(event.truth, event.particles)
        self._tracks = Candidates.from_labels(event.truth.particle_id.astype(np.int32), order)
        long = self._tracks.select(self._tracks.lengths >= 10)
        self._seeds = long.head(skip + 5)[:, skip:]

    def seed(self, hits: Hits) -> Seeds:
        return Seeds(self._seeds, Candidates.from_rows(self._seeds))


class TrueExtender:
    """Predicts where each window's particle really goes, off by `error` rad in phi."""

    def __init__(self, event: Event, error: float = 0.0) -> None:
        assert event.truth is not None
        assert event.particles is not None
        self._owner = event.truth.particle_id
        self._error = error
        order = path_order(event.truth, event.particles)
        self._tracks = {int(self._owner[t[0]]): t for t in self._split(order)}

    def _split(self, order: np.ndarray) -> list[np.ndarray]:
        order = order[self._owner[order] > 0]
        return np.split(order, np.flatnonzero(np.diff(self._owner[order])) + 1)

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        points = np.full((len(windows), N_STEPS, 4), np.nan, dtype=np.float32)
        for i, window in enumerate(windows):
            track = self._tracks.get(int(self._owner[window[-1]]), np.zeros(0)).tolist()
            if not set(window) <= set(track):
                continue  # it has left its particle
            if track.index(window[0]) > track.index(window[-1]):
                track.reverse()
            ahead = track[track.index(window[-1]) + 1 :][:N_STEPS]
            points[i, : len(ahead)] = hits.features[ahead]
        points[..., 0] += self._error
        return Predictions(points)


def pipeline(event: Event, skip: int = 0, error: float = 0.0, outward: int = 4) -> Pipeline:
    return Pipeline(
        TrueSeeder(event, skip),
        [TrueExtender(event, error)],
        NearestFitter(NearestConfig(distance="manhattan", doubles=False)),
        CompetitionEnsemble(CompetitionConfig()),
        FollowConfig(outward=outward, inward=2),
    )


@pytest.fixture(scope="module")
def event(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(60, seed=3, noise=200)


def long_tracks_weight(event: Event) -> float:
    assert event.truth is not None
    assert event.particles is not None
    long = event.particles.particle_id[event.particles.n_hits >= 10]
    return float(event.truth.weight[np.isin(event.truth.particle_id, long)].sum())


def score(event: Event, labels: Int32Array) -> float:
    assert event.truth is not None
    return event_score(labels, event.truth.particle_id, event.truth.weight)


@pytest.mark.parametrize("skip", [0, 3])
def test_true_predictions_find_every_hit_in_both_directions(event: Event, skip: int) -> None:
    result = pipeline(event, skip).reconstruct(event.hits)
    assert score(event, result.labels) == pytest.approx(long_tracks_weight(event))
    assert result.n_tracks == len(result.seeds) == len(result.candidates)


def test_candidates_run_from_the_inside_outwards(event: Event) -> None:
    result = pipeline(event, skip=3).reconstruct(event.hits)
    distance = np.hypot(event.hits.r, event.hits.z)
    for i in range(len(result.candidates)):
        assert (np.diff(distance[result.candidates[i]]) > 0).all()


def test_fewer_rounds_reach_less_far(event: Event) -> None:
    near = pipeline(event, outward=0).reconstruct(event.hits)
    far = pipeline(event, outward=1).reconstruct(event.hits)
    assert (near.candidates.lengths <= 5).all()
    assert (far.candidates.lengths <= 10).all()
    assert far.candidates.lengths.sum() > near.candidates.lengths.sum()


def test_false_predictions_leave_the_seeds_alone(event: Event) -> None:
    result = pipeline(event, error=0.8).reconstruct(event.hits)
    assert score(event, result.labels) < 0.6 * long_tracks_weight(event)


def test_every_stage_is_timed(event: Event) -> None:
    seconds = pipeline(event).reconstruct(event.hits).seconds
    assert tuple(seconds) == STAGES
    assert all(spent > 0 for spent in seconds.values())


def test_the_fitted_truth_of_seeds_is_the_first_five_hits(event: Event) -> None:
    assert event.truth is not None
    assert event.particles is not None
    seeds = true_seeds(event.truth, event.particles)
    free = np.ones(len(event.hits), dtype=np.bool_)
    free[seeds] = False
    fitted = pipeline(event).extend_once(event.hits, seeds, free)
    owner = event.truth.particle_id
    assert (owner[fitted.hits] == owner[seeds[fitted.owners, 0]]).all()
    assert (fitted.lengths == N_STEPS).all()
