"""The recurrent network in the loop: its arithmetic, its loss by hand, its training, what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.detector import Detector, trackml
from clew.errors import ClewWarning, ConfigError, InputError
from clew.event import Event
from clew.extend.growing.likeness import on_layers_of
from clew.extend.growing.network import (
    N_CORRECTIONS,
    N_FEATURES,
    N_QUERY,
    LoopNetwork,
    gru_step,
    network_of,
    predict_corrections,
)
from clew.extend.growing.steps import LONGEST, steps_of
from clew.extend.growing.targets import STEP_TARGET, stack
from clew.extend.growing.trained import MotionRecord, load_loop, motion_record
from clew.extend.kalman.grower import KalmanConfig, KalmanGrower
from clew.extend.recurrent.grower import RecurrentConfig, RecurrentGrower
from clew.extend.recurrent.model import build_model, likelihood_loss
from clew.extend.recurrent.pulls import pulls_along
from clew.extend.recurrent.training import RecurrentTask, RecurrentTrainingConfig, model_inputs
from clew.extend.weights import weights_path
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.io import find_events, read_event, write_event
from clew.learning import train
from clew.motion.state import Motion
from clew.networks.records import save_arrays
from clew.seeding.ranked.seeder import RankedTripletConfig, RankedTripletSeeder
from clew.settings import checked
from clew.stages import Grower, StageClock
from clew.tracks import Candidates
from clew.tracksets import TrackSet, make_tracks, open_tracks, tracks_of

MOTION = Motion(1.3, 1.5, 0.01)
SNAP = Snap(5.0, -2.5, 0.0)


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(Path("data/events/event000000003"))


def test_the_compiled_network_corrects_as_the_keras_model() -> None:
    rng, n_layers = np.random.default_rng(3), len(trackml())
    model = build_model(12, 8, n_layers)
    model.set_weights([rng.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()])
    features = rng.normal(size=(2, LONGEST, N_FEATURES)).astype(np.float32)
    query = rng.normal(size=(2, LONGEST, N_QUERY)).astype(np.float32)
    last_layer, layer = rng.integers(0, n_layers, (2, 2, LONGEST)).astype(np.int32)
    inputs = [model_inputs(features, last_layer, n_layers), model_inputs(query, layer, n_layers)]
    expected = model.predict_on_batch(inputs)
    network = network_of(model.get_weights())
    work, corrections = np.empty(6 * 12 + 8, dtype=np.float32), np.empty(N_CORRECTIONS, dtype=np.float32)
    for track in range(2):
        hidden = np.zeros(12, dtype=np.float32)
        for step in range(LONGEST):
            gru_step(network, last_layer[track, step], features[track, step], hidden, work)
            predict_corrections(network, layer[track, step], query[track, step], hidden, work, corrections)
            np.testing.assert_allclose(corrections, expected[track, step], atol=2e-5)


def test_loss_is_the_normal_likelihood_of_the_true_hits() -> None:
    targets = np.zeros((1, 2), dtype=STEP_TARGET)  # the second step is none
    step, variance = targets[0, 0], 0.08**2
    step.r1, step.a1, step.z2, step.e1, step.e2 = 0.2, 1.0, 1.0, 0.06, 0.06  # two deviations of 0.1
    step.aa, step.zz, step.side, step.end = variance, variance, 1.0, 1.0
    corrections = np.zeros((1, 2, N_CORRECTIONS), dtype=np.float32)
    chi2, determinant = 4.0, 0.1**4
    normal = 0.99 * np.exp(-chi2 / 2) + 0.01 / 100 * np.exp(-chi2 / 200)
    expected = 0.5 * np.log(determinant) - np.log(normal)
    assert float(likelihood_loss(stack(targets), corrections)) == pytest.approx(expected, abs=1e-4)
    corrections[0, 0, 0] = 2.5  # of 0.08: shifted to where the hit is
    assert float(likelihood_loss(stack(targets), corrections)) == pytest.approx(
        0.5 * np.log(determinant) - np.log(0.9901), abs=1e-3
    )


@pytest.mark.slow
def test_steps_follow_the_layers_of_true_tracks_both_ways(event: Event) -> None:
    steps = steps_of(tracks_of(event), MOTION)
    there = steps.layer >= 0
    joined = there[:, 1:]
    assert there[:, 0].all()
    np.testing.assert_array_equal(steps.last_layer[:, 1:][joined], steps.layer[:, :-1][joined])
    assert (steps.last_layer[there] != steps.layer[there]).all()
    inward = steps.query[:, 0, 5]
    assert 0.4 < inward.mean() < 0.6
    pulls = steps.features[:, 1:, 0][there[:, 1:]]
    assert np.abs(np.median(pulls)) < 0.1
    assert np.isfinite(stack(steps.targets)).all()


@pytest.fixture
def as_weights(tmp_path: Path) -> Callable[[LoopNetwork, Motion], str]:
    def write(network: LoopNetwork, motion: Motion) -> str:
        path = tmp_path / "loop.npz"
        save_arrays(path, list(network), {"network": "recurrent", "motion": motion_record(motion)})
        return str(path)

    return write


def blank(units: int, n_layers: int = len(trackml())) -> LoopNetwork:
    """Return a network that expects what the filter does."""
    return network_of(build_model(units, units, n_layers).get_weights())


def grown(grower: Grower, event: Event) -> Candidates:
    free = FreeHits.of(event.hits)
    seeds = RankedTripletSeeder(RankedTripletConfig()).seed(event.hits, free, Candidates.empty())
    return grower.grow(event.hits, seeds, free, StageClock())


def test_a_network_without_corrections_grows_what_the_filter_grows(
    event: Event, as_weights: Callable[[LoopNetwork, Motion], str]
) -> None:
    config = RecurrentConfig(weights=as_weights(blank(4), MOTION), widening=1.0, enough=40.0)
    by_network = grown(RecurrentGrower(config, SNAP), event)
    by_filter = grown(KalmanGrower(KalmanConfig(), SNAP), event)
    assert len(by_filter) > 100
    np.testing.assert_array_equal(by_network.offsets, by_filter.offsets)
    np.testing.assert_array_equal(by_network.hits, by_filter.hits)


def test_a_network_that_shifts_far_loses_the_hits(
    event: Event, as_weights: Callable[[LoopNetwork, Motion], str]
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
@pytest.mark.slow
def test_training_makes_predictions_likelier(track_set: TrackSet, tmp_path: Path, filtered: bool) -> None:
    config = RecurrentTrainingConfig(
        filtered=filtered, units=8, hidden=8, epochs=3, events=2, held_out=1, batch=64, learning_rate=0.01
    )
    task = RecurrentTask(config, track_set, track_set, track_set)
    untrained = task.validation_loss(task.compiled_model())
    result = train(task, tmp_path / "whole")
    assert result.best_loss < untrained - 0.05
    assert result.test_loss == pytest.approx(result.best_loss, abs=1e-5)  # of the same set
    motion, network = RecurrentGrower(RecurrentConfig(str(result.weights)), SNAP).expectation
    assert motion.filtered is filtered
    assert len(network.recur) == 8


def test_sizes_that_kernels_do_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^here: hidden: .*multiple of 4, not 9$"):
        checked(RecurrentTrainingConfig, {"hidden": 9}, "here")


def test_weights_of_another_network_are_refused(event: Event) -> None:
    with pytest.raises(InputError, match=r"lstm-64\.npz: weights of another network"):
        grown(RecurrentGrower(RecurrentConfig("lstm-64"), SNAP), event)


def test_weights_of_another_detector_are_refused(
    event: Event, as_weights: Callable[[LoopNetwork, Motion], str]
) -> None:
    path = as_weights(blank(4, n_layers=6), MOTION)
    line = f"weights {path} know 6 layers, the detector TrackML has 48: train a network for it"
    with pytest.raises(ConfigError, match=re.escape(line)):
        grown(RecurrentGrower(RecurrentConfig(path), SNAP), event)
    with pytest.raises(ConfigError, match="know 6 layers, the detector TrackML has 48"):
        pulls_along(tracks_of(event), MOTION, blank(4, n_layers=6))


def test_layers_of_another_detector_are_taken_for_the_most_similar_known_ones(
    in_uniform_field: Callable[..., Detector],
) -> None:
    network = load_loop(weights_path("gru-16"))[1]
    assert on_layers_of("gru-16", network, trackml()) is network
    moved = in_uniform_field(8, 7, 12, 22)
    layers = tuple(replace(layer, position=1.02 * layer.position) for layer in moved.layers)
    with pytest.warns(ClewWarning, match="gru-16 know the layers of TrackML: each of TrackML is taken"):
        own = on_layers_of("gru-16", network, replace(moved, layers=layers))
    np.testing.assert_array_equal(own.enter[N_FEATURES:], network.enter[N_FEATURES:][[8, 7, 12, 22]])
    np.testing.assert_array_equal(own.enter[:N_FEATURES], network.enter[:N_FEATURES])
    np.testing.assert_array_equal(own.dense[-4:], network.dense[-48:][[8, 7, 12, 22]])
    np.testing.assert_array_equal(own.dense[:-4], network.dense[:-48])


def test_the_filter_of_a_record_is_that_of_the_training() -> None:
    motion = Motion(1.1, 1.2, 0.03, filtered=False)
    assert MotionRecord(**motion_record(motion)).motion == motion
    shipped = {"scattering": 1.3, "strip_discs": 1.5, "energy_loss": 0.01, "filtered": True}
    assert MotionRecord(**shipped).motion == MOTION
