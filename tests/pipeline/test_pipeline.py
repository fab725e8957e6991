"""The pipeline around stages that know the truth: what is lost then is the pipeline's own fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from clew.arrays import Int32Array
from clew.ensemble.claims import ClaimsConfig, ClaimsEnsemble
from clew.ensemble.competition import CompetitionConfig, CompetitionEnsemble
from clew.errors import ConfigError, InputError
from clew.event import Event, Hits
from clew.extend.windows.grower import FollowConfig, WindowGrower
from clew.fitting.nearest.fitter import NearestConfig, NearestFitter
from clew.hits.free import FreeHits
from clew.metrics import event_score, true_seeds
from clew.metrics.predictions import path_order
from clew.pipeline import Pipeline
from clew.stages import STAGES
from clew.tracks import Candidates, Predictions, Seeds

N_STEPS = 5


class TrueSeeder:
    """Seeds with the hits of every `every`th particle that are free."""

    def __init__(self, event: Event, skip: int = 0, every: int = 1) -> None:
        assert event.truth is not None
        assert event.particles is not None
        order = path_order(event.truth, event.particles)
        self._tracks = Candidates.from_labels(event.truth.particle_id.astype(np.int32), order)
        long = self._tracks.select(self._tracks.lengths >= 10)
        self._seeds = long.head(skip + 5)[::every, skip:]

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        seeds = self._seeds[free.mask[self._seeds].all(axis=1)]
        return Seeds(seeds, Candidates.from_rows(seeds))


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


def true_grower(event: Event, error: float = 0.0, outward: int = 4) -> WindowGrower:
    fitter = NearestFitter(NearestConfig(distance="manhattan", doubles=False))
    return WindowGrower([TrueExtender(event, error)], fitter, FollowConfig(outward=outward, inward=2))


def pipeline(event: Event, skip: int = 0, error: float = 0.0, outward: int = 4) -> Pipeline:
    return Pipeline(
        [TrueSeeder(event, skip)],
        true_grower(event, error, outward),
        CompetitionEnsemble(CompetitionConfig()),
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
    fitted = true_grower(event).extend_once(event.hits, seeds, free)
    owner = event.truth.particle_id
    assert (owner[fitted.hits] == owner[seeds[fitted.owners, 0]]).all()
    assert (fitted.lengths == N_STEPS).all()


def test_a_second_pass_finds_what_the_first_one_left(event: Event) -> None:
    some, every = TrueSeeder(event, every=2), TrueSeeder(event)
    ensemble = CompetitionEnsemble(CompetitionConfig())
    one = Pipeline([some], true_grower(event), ensemble).reconstruct(event)
    two = Pipeline([some, every], true_grower(event), ensemble).reconstruct(event)
    found = one.labels > 0
    assert (two.labels[found] == one.labels[found]).all()
    assert score(event, one.labels) < score(event, two.labels)
    assert score(event, two.labels) == pytest.approx(long_tracks_weight(event))
    assert len(two.seeds) == len(two.candidates) == two.n_tracks == two.labels.max()


def test_an_event_and_its_hits_give_the_same(event: Event) -> None:
    whole, hits = (pipeline(event).reconstruct(given) for given in (event, event.hits))
    np.testing.assert_array_equal(whole.labels, hits.labels)


def test_anything_else_is_refused_in_one_line(event: Event) -> None:
    names = [one.name for one in fields(event.hits) if one.name != "cells"]
    frame = pd.DataFrame({name: getattr(event.hits, name) for name in names})
    with pytest.raises(InputError, match=r"^data frame of hits: columns volume_id, layer_id, module_id are"):
        pipeline(event).reconstruct(frame)  # the columns of the object, not those of the format
    with pytest.raises(TypeError, match=r"not a dict: read events with clew\.read_event") as error:
        pipeline(event).reconstruct({"x": event.hits.x})  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_windows_are_not_grown_from_triplets(event: Event) -> None:
    with pytest.raises(ValueError, match="windows are of five hits, not 3"):
        Pipeline([Triplets()], true_grower(event), ClaimsEnsemble(ClaimsConfig())).reconstruct(event)


class Triplets:
    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        return Seeds(np.array([[0, 1, 2]], dtype=np.int32), Candidates.empty(), np.zeros(1))


def test_a_pipeline_without_a_seeder_is_refused(event: Event) -> None:
    with pytest.raises(ConfigError, match="give one for each pass"):
        Pipeline([], true_grower(event), ClaimsEnsemble(ClaimsConfig()))
