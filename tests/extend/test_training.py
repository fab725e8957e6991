"""Training lowers the loss, resumes exactly, and its targets are the truth's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.errors import InputError
from clew.event import Event
from clew.extend.windows.features import N_INPUTS, Prompt, predict, query
from clew.extend.windows.helix import HelixConfig
from clew.extend.windows.records import load_weights
from clew.extend.windows.targets import N_TARGETS, examples, true_windows
from clew.extend.windows.training import TrainingConfig, WindowsTask
from clew.io import find_events, write_event
from clew.learning import train
from clew.learning.batches import draw, shuffled_batches
from clew.tracks import NO_HIT
from clew.tracksets import Tracks, TrackSet, make_tracks, open_tracks, tracks_of

SMALL = TrainingConfig(
    network="lstm-32", epochs=3, windows=1500, held_out=500, batch=256, learning_rate=0.01, seed=7
)


class StoppedError(Exception):
    """Stands for the power cut of a training."""


def read_log(folder: Path) -> np.ndarray:
    return np.loadtxt(folder / "log.csv", delimiter=",", skiprows=1)


@pytest.fixture(scope="module")
def toy_tracks(toy: Event) -> Tracks:
    return tracks_of(toy)


@pytest.fixture(scope="module")
def track_set(make_toy_event: Callable[..., Event], tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    """Three shards: of 40, 3 and 20 tracks."""
    folder = tmp_path_factory.mktemp("tracks")
    for number, n in enumerate((40, 3, 20), start=1):
        event = make_toy_event(n_particles=n, seed=number, smear=0.03)
        write_event(folder, replace(event, event_id=number), "csv")
    list(make_tracks(find_events(folder), folder / "set", 1, "the command of the set"))
    return open_tracks(folder / "set")


@pytest.mark.slow
def test_resumed_training_equals_the_uninterrupted_one(track_set: TrackSet, tmp_path: Path) -> None:
    def stop(epoch: int, loss: float, held_loss: float) -> None:
        if epoch == 2:
            raise StoppedError

    whole = train(WindowsTask(SMALL, track_set, track_set), tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(WindowsTask(SMALL, track_set, track_set), tmp_path / "cut", on_epoch=stop)
    with (tmp_path / "cut" / "log.csv").open("a") as log:
        log.write("2,0.1,")  # what a power cut between log and checkpoint leaves
    resumed = train(WindowsTask(SMALL, track_set, track_set), tmp_path / "cut", resume=True)
    assert resumed.best_loss == whole.best_loss
    np.testing.assert_array_equal(read_log(tmp_path / "cut"), read_log(tmp_path / "whole"))
    for a, b in zip(
        load_weights(str(whole.weights)).arrays, load_weights(str(resumed.weights)).arrays, strict=True
    ):
        np.testing.assert_array_equal(a, b)
    assert read_log(tmp_path / "whole")[-1, 1] < read_log(tmp_path / "whole")[0, 1]


def test_the_record_tells_how_the_weights_were_made(track_set: TrackSet, tmp_path: Path) -> None:
    short = replace(SMALL, prompt="zeros", epochs=1)
    result = train(WindowsTask(short, track_set, track_set, track_set), tmp_path, command="the command")
    record = load_weights(str(result.weights)).record
    assert record["command"] == "the command"
    (described,) = record["training"]
    assert described["command"] == "the command of the set"
    assert (described["events"], described["tracks"]) == (3, 63)
    assert record["results"]["validation_loss"] == result.best_loss
    assert record["results"]["test_loss"] == result.test_loss == result.best_loss  # of the same set


def test_resuming_another_training_is_refused(track_set: TrackSet, tmp_path: Path) -> None:
    short = replace(SMALL, prompt="zeros", epochs=1)
    train(WindowsTask(short, track_set, track_set), tmp_path)
    with pytest.raises(InputError, match="it holds a training already"):
        train(WindowsTask(short, track_set, track_set), tmp_path)
    with pytest.raises(InputError, match="belongs to another training"):
        train(WindowsTask(replace(short, batch=128), track_set, track_set), tmp_path, resume=True)
    more = open_tracks(*track_set.folders, *track_set.folders)
    with pytest.raises(InputError, match="belongs to another training"):
        train(WindowsTask(short, more, track_set), tmp_path, resume=True)


def test_training_without_long_tracks_is_refused(track_set: TrackSet, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hold no track of 40 hits"):
        train(WindowsTask(replace(SMALL, shortest=40), track_set, track_set), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_windows_are_drawn_as_many_as_asked_and_anew_each_epoch(track_set: TrackSet) -> None:
    def inputs(epoch: int) -> np.ndarray:
        return np.concatenate([piece[0] for piece in draw(task, 5, track_set, 700, epoch, 100)])

    task = WindowsTask(SMALL, track_set, track_set)
    first, again, second = inputs(0), inputs(0), inputs(1)
    assert len(first) == len(second) == 700
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)


def test_every_shard_is_read_before_one_is_read_again(track_set: TrackSet) -> None:
    """Windows are drawn from one shard per epoch: three epochs in a row have those of three shards."""
    task = WindowsTask(SMALL, track_set, track_set)
    samples = [np.concatenate([p[0] for p in draw(task, 5, track_set, 20, e, 20)]) for e in range(3)]
    known = [set(map(bytes, _all_inputs(shard))) for shard in track_set]
    homes = [[k for k, rows in enumerate(known) if set(map(bytes, s[:5, :5])) & rows] for s in samples]
    assert sorted(homes) == [[0], [1], [2]]


def _all_inputs(shard: Tracks) -> np.ndarray:
    """Return the hits' part of the inputs of the shard's whole windows."""
    windows, following = true_windows(shard, np.random.default_rng(0), 6, 0.0)
    return examples(shard.hits, windows, following, "helix", HelixConfig())[0][:, :5]


def test_batches_are_the_pieces_windows_mixed() -> None:
    pieces = [
        (np.arange(k, k + 50.0, dtype=np.float32), np.arange(k, k + 50.0, dtype=np.float32)) for k in (0, 50)
    ]
    batches = list(shuffled_batches(pieces, 32, np.random.default_rng(1)))
    assert [len(inputs) for inputs, _ in batches] == [32, 32, 32, 4]
    for inputs, targets in batches:
        np.testing.assert_array_equal(inputs, targets)
    mixed = np.concatenate([inputs for inputs, _ in batches])
    np.testing.assert_array_equal(np.sort(mixed), np.arange(100))
    assert (mixed[:50] >= 50).any()


def test_windows_are_consecutive_hits_of_one_particle_both_ways(toy_tracks: Tracks) -> None:
    windows, following = true_windows(toy_tracks, np.random.default_rng(0), 6, 0.0)
    owner = toy_tracks.owners
    assert (np.abs(np.diff(windows, axis=1)) == 1).all()
    assert (owner[windows] == owner[windows[:, :1]]).all()
    there = following != NO_HIT
    assert (owner[following][there] == np.broadcast_to(owner[windows[:, :1]], following.shape)[there]).all()
    counts = toy_tracks.lengths
    # every particle gives one window per offset, direction, and half (thinned by nothing here)
    assert len(windows) == 4 * np.maximum(counts - 5, 0)[counts >= 6].sum()


def test_the_targets_as_outputs_hit_the_true_hit(toy_tracks: Tracks) -> None:
    """A network whose outputs are the targets predicts the hits of an ideal event exactly."""
    hits = toy_tracks.hits
    windows, following = true_windows(toy_tracks, np.random.default_rng(0), 6, 0.0)
    _, targets = examples(hits, windows, following, "helix", HelixConfig())
    queries = query(hits, windows, "helix", HelixConfig())
    outputs = np.concatenate([targets[..., :2], np.zeros_like(targets[..., :2])], axis=2)
    points = predict(queries, outputs, "helix").points
    counts = targets[..., 2] > 0
    assert counts.mean() > 0.3
    xyz = np.stack([hits.x, hits.y, hits.z], axis=1)
    at = np.stack(
        [points[..., 1] * np.cos(points[..., 0]), points[..., 1] * np.sin(points[..., 0]), points[..., 2]], 2
    )
    gap = np.linalg.norm(xyz[following][:, None] - at[:, :, None], axis=3)
    nearest = np.where((following == NO_HIT)[:, None], np.inf, gap).min(axis=2)
    assert np.percentile(nearest[counts], 95) < 0.5


@pytest.mark.parametrize("prompt", ["helix", "zeros"])
def test_examples_have_the_promised_shapes(toy_tracks: Tracks, prompt: Prompt) -> None:
    windows, following = true_windows(toy_tracks, np.random.default_rng(0), 6, 0.2)
    inputs, targets = examples(toy_tracks.hits, windows, following, prompt, HelixConfig())
    assert inputs.shape == (len(windows), 10, N_INPUTS[prompt])
    assert targets.shape == (len(windows), 5, N_TARGETS[prompt])
    assert np.isfinite(inputs).all()
    assert np.isfinite(targets).all()
    if prompt == "zeros":
        assert not inputs[:, 5:].any()
