"""Training lowers the loss, resumes exactly and repeats bit for bit; pulls are then of width 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.errors import InputError
from clew.event import Event
from clew.extend.stepwise.network import StepwiseNetwork
from clew.extend.stepwise.regions import RegionConfig
from clew.extend.stepwise.training import StepwiseTask, StepwiseTrainingConfig
from clew.io import find_events, write_event
from clew.learning import train
from clew.networks.records import save_arrays
from clew.tracksets import TrackSet, make_tracks, open_tracks

SMALL = StepwiseTrainingConfig(
    name="small",
    network="mlp-gaussian",
    units=8,
    epochs=4,
    windows=3000,
    held_out=800,
    batch=128,
    learning_rate=0.01,
)


@pytest.fixture(scope="module")
def track_set(make_toy_event: Callable[..., Event], tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    folder = tmp_path_factory.mktemp("tracks")
    for number in (1, 2):
        event = make_toy_event(n_particles=120, seed=number, smear=0.05)
        write_event(folder, replace(event, event_id=number))
    list(make_tracks(find_events(folder), folder / "set", 1, "the command of the set"))
    return open_tracks(folder / "set")


def _stop(epoch: int, loss: float, held_loss: float) -> None:
    if epoch == 2:
        raise KeyboardInterrupt


@pytest.mark.slow
def test_training_learns_resumes_exactly_and_repeats(track_set: TrackSet, tmp_path: Path) -> None:
    losses: list[float] = []
    task = StepwiseTask(SMALL, track_set, track_set, track_set)
    result = train(task, tmp_path / "a", on_epoch=lambda *numbers: losses.append(numbers[2]))
    assert losses[-1] < losses[0] - 0.1
    assert result.test_loss == pytest.approx(result.best_loss)
    with pytest.raises(KeyboardInterrupt):
        train(StepwiseTask(SMALL, track_set, track_set, track_set), tmp_path / "b", on_epoch=_stop)
    train(StepwiseTask(SMALL, track_set, track_set, track_set), tmp_path / "b", resume=True)
    train(StepwiseTask(SMALL, track_set, track_set, track_set), tmp_path / "c")
    records = [json.loads((tmp_path / name / "small.json").read_text()) for name in "abc"]
    assert len({record["sha256"] for record in records}) == 1


@pytest.mark.parametrize("coordinates", ["local", "cylindrical", "cartesian"])
def test_the_record_is_all_that_predictions_need(
    coordinates: str, track_set: TrackSet, tmp_path: Path
) -> None:
    config = replace(SMALL, coordinates=coordinates, scaling="min-max", epochs=1)
    result = train(StepwiseTask(config, track_set, track_set, track_set), tmp_path)
    network = StepwiseNetwork.load(result.weights)
    tracks = track_set[0]
    windows = tracks.offsets[:-1][tracks.lengths > 6][:, None] + np.arange(4)
    predictions = network.predict(tracks.hits, windows.astype(np.int32))
    assert predictions.points.shape == (len(windows), 2 if coordinates == "local" else 1, 4)
    assert np.isfinite(predictions.points[:, 0]).all()
    assert predictions.sigmas is not None
    assert (predictions.sigmas[:, 0] > 0).all()
    np.testing.assert_allclose(
        predictions.points[..., 3], predictions.points[..., 2] / predictions.points[..., 1], rtol=1e-4
    )


@pytest.mark.slow
def test_pulls_of_a_trained_gaussian_network_are_of_width_one(track_set: TrackSet, tmp_path: Path) -> None:
    task = StepwiseTask(replace(SMALL, epochs=12), track_set, track_set)
    network = StepwiseNetwork.load(train(task, tmp_path).weights)
    inputs, targets = task.take(track_set[1], np.random.default_rng(0), 5000)
    from clew.extend.stepwise.networks import NetworkShape, outputs
    from clew.networks.ops import NumpyOps

    given = outputs(NetworkShape(**network.record["shape"]), network.arrays, inputs, NumpyOps())
    pulls = (targets - given[:, :3]) / np.exp(given[:, 3:])
    np.testing.assert_allclose(pulls[:, :2].std(axis=0), 1.0, atol=0.25)


def test_a_region_without_tracks_is_refused(track_set: TrackSet) -> None:
    with pytest.raises(InputError, match="hold no track of the region"):
        StepwiseTask(replace(SMALL, region=RegionConfig(hits=50)), track_set, track_set)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_arrays(tmp_path / "other.npz", [np.zeros(3, dtype=np.float32)], {"network": "edges"})
    with pytest.raises(InputError, match="weights of another network"):
        StepwiseNetwork.load(tmp_path / "other.npz")
