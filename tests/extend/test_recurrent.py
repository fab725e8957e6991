"""The recurrent network in the loop: its arithmetic, its loss by hand, its training, what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clew.detector import N_LAYERS
from clew.errors import ConfigError
from clew.event import Event
from clew.extend.growing.memory import N_ANSWERS, N_ASKED, N_MET, Memory, expect, memory_of, remember
from clew.extend.growing.steps import LONGEST, N_FOUND, steps_of
from clew.extend.kalman.grower import KalmanConfig, KalmanGrower
from clew.extend.recurrent.grower import RecurrentConfig, RecurrentGrower
from clew.extend.recurrent.model import build_model, likelihood_loss
from clew.extend.recurrent.training import RecurrentTask, RecurrentTrainingConfig, model_inputs
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.io import find_events, read_event, write_event
from clew.learning import train
from clew.motion.state import Motion
from clew.networks.records import save_arrays
from clew.seeding.ranked.seeder import RankedTripletConfig, RankedTripletSeeder
from clew.stages import Grower, StageClock
from clew.tracks import Candidates
from clew.tracksets import TrackSet, make_tracks, open_tracks, tracks_of

MOTION = Motion(1.3, 1.5, 0.01)
SNAP = Snap(5.0, -2.5)


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(Path("data/events/event000000003"))


def test_compiled_memory_answers_as_the_keras_model() -> None:
    rng = np.random.default_rng(3)
    model = build_model(12, 8)
    model.set_weights([rng.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()])
    told = rng.normal(size=(2, LONGEST, N_MET)).astype(np.float32)
    asked = rng.normal(size=(2, LONGEST, N_ASKED)).astype(np.float32)
    layers = rng.integers(0, N_LAYERS, (2, LONGEST, 2)).astype(np.int32)
    sought = model.predict_on_batch([model_inputs(told, layers[..., 0]), model_inputs(asked, layers[..., 1])])
    memory = memory_of(model.get_weights())
    work, answers = np.empty(6 * 12 + 8, dtype=np.float32), np.empty(N_ANSWERS, dtype=np.float32)
    for track in range(2):
        known = np.zeros(12, dtype=np.float32)
        for step in range(LONGEST):
            remember(memory, layers[track, step, 0], told[track, step], known, work)
            expect(memory, layers[track, step, 1], asked[track, step], known, work, answers)
            np.testing.assert_allclose(answers, sought[track, step], atol=2e-5)


def found_step(residual: float, error: float, variance: float) -> np.ndarray:
    """Return a step whose first residual is measured across, the second is 0; both have the same errors."""
    step = [residual, 1.0, 0.0, error, 0.0, 0.0, 1.0, error, variance, 0.0, variance, 1.0, 1.0]
    return np.array(step, dtype=np.float32)


def test_loss_is_the_normal_likelihood_of_the_hits_found() -> None:
    found = np.zeros((1, 2, N_FOUND), dtype=np.float32)
    found[0, 0] = found_step(residual=0.2, error=0.06, variance=0.08**2)  # two deviations of 0.1
    answers = np.zeros((1, 2, N_ANSWERS), dtype=np.float32)
    chi2, spread = 4.0, 0.1**4
    normal = 0.99 * np.exp(-chi2 / 2) + 0.01 / 100 * np.exp(-chi2 / 200)
    expected = 0.5 * np.log(spread) - np.log(normal)
    assert float(likelihood_loss(found, answers)) == pytest.approx(expected, abs=1e-4)
    answers[0, 0, 0] = 2.5  # of 0.08: shifted to where the hit is
    assert float(likelihood_loss(found, answers)) == pytest.approx(
        0.5 * np.log(spread) - np.log(0.9901), abs=1e-3
    )


def test_steps_follow_the_layers_of_true_tracks_both_ways(event: Event) -> None:
    tracks = tracks_of(event)
    steps = steps_of(tracks, MOTION)
    there = steps.layer[..., 0] >= 0
    joined = there[:, 1:]
    assert there[:, 0].all()
    np.testing.assert_array_equal(steps.layer[:, 1:, 0][joined], steps.layer[:, :-1, 1][joined])
    assert (steps.layer[..., 0][there] != steps.layer[..., 1][there]).all()
    inward = steps.asked[:, 0, 5]
    assert 0.4 < inward.mean() < 0.6
    pulls = steps.told[:, 1:, 0][there[:, 1:]]
    assert np.abs(np.median(pulls)) < 0.1
    assert np.isfinite(steps.found).all()


@pytest.fixture
def as_weights(tmp_path: Path) -> Callable[[Memory, Motion], str]:
    def write(memory: Memory, motion: Motion) -> str:
        path = tmp_path / "memory.npz"
        save_arrays(path, list(memory), {"network": "recurrent", "motion": motion._asdict()})
        return str(path)

    return write


def blank(units: int) -> Memory:
    """Return a memory that expects what the filter does."""
    return memory_of(build_model(units, units).get_weights())


def grown(grower: Grower, event: Event) -> Candidates:
    free = FreeHits.of(event.hits)
    seeds = RankedTripletSeeder(RankedTripletConfig()).seed(event.hits, free, Candidates.empty())
    return grower.grow(event.hits, seeds, free, StageClock())


def test_a_network_without_corrections_grows_what_the_filter_grows(
    event: Event, as_weights: Callable[[Memory, Motion], str]
) -> None:
    config = RecurrentConfig(weights=as_weights(blank(4), MOTION), widening=1.0, enough=40.0)
    by_network = grown(RecurrentGrower(config, SNAP), event)
    by_filter = grown(KalmanGrower(KalmanConfig(), SNAP), event)
    assert len(by_filter) > 100
    np.testing.assert_array_equal(by_network.offsets, by_filter.offsets)
    np.testing.assert_array_equal(by_network.hits, by_filter.hits)


def test_a_network_that_shifts_far_loses_the_hits(
    event: Event, as_weights: Callable[[Memory, Motion], str]
) -> None:
    astray = blank(4)._replace(out_bias=np.array([40.0, 40.0, 0, 0, 0, 0], dtype=np.float32))
    lost = grown(RecurrentGrower(RecurrentConfig(as_weights(astray, MOTION)), SNAP), event)
    kept = grown(KalmanGrower(KalmanConfig(), SNAP), event)
    assert len(lost.hits) < 0.5 * len(kept.hits)


@pytest.fixture(scope="module")
def track_set(event: Event, tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    folder = tmp_path_factory.mktemp("tracks")
    write_event(folder, event, "csv")
    list(make_tracks(find_events(folder), folder / "set", 1, "the command of the set"))
    return open_tracks(folder / "set")


@pytest.mark.parametrize("filtered", [True, False])
def test_training_makes_predictions_likelier(track_set: TrackSet, tmp_path: Path, filtered: bool) -> None:
    config = RecurrentTrainingConfig(
        filtered=filtered, units=8, hidden=8, epochs=3, events=2, held_out=1, batch=64, learning_rate=0.01
    )
    task = RecurrentTask(config, track_set, track_set, track_set)
    untrained = task.validation_loss(task.compiled_model())
    result = train(task, tmp_path / "whole")
    assert result.best_loss < untrained - 0.05
    assert result.test_loss == pytest.approx(result.best_loss, abs=1e-5)  # of the same set
    motion, memory = RecurrentGrower(RecurrentConfig(str(result.weights)), SNAP).expectation
    assert motion.filtered is filtered
    assert len(memory.recur) == 8


def test_sizes_that_kernels_do_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match="hidden is 9: choose a multiple of 4"):
        RecurrentTrainingConfig(hidden=9)


def test_weights_of_another_network_are_refused(event: Event) -> None:
    with pytest.raises(ConfigError, match="lstm-64 are not of a recurrent network in the loop"):
        grown(RecurrentGrower(RecurrentConfig("lstm-64"), SNAP), event)
