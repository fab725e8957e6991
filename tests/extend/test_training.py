"""Training lowers the loss, resumes exactly, and asks for the truth's own answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.errors import InputError
from clew.event import Event
from clew.extend.features import N_INPUTS, Prompt, answer, ask
from clew.extend.helix import HelixConfig
from clew.extend.records import load_weights
from clew.extend.targets import N_TARGETS, examples, true_windows
from clew.extend.training import TrainingConfig, train
from clew.tracks import NO_HIT

SMALL = TrainingConfig(network="lstm-32", epochs=3, batch=256, learning_rate=0.01, seed=7)


class StoppedError(Exception):
    """Stands for the power cut of a training."""


def read_log(folder: Path) -> np.ndarray:
    return np.loadtxt(folder / "log.csv", delimiter=",", skiprows=1)


def test_resumed_training_equals_the_uninterrupted_one(toy: Event, tmp_path: Path) -> None:
    def stop(epoch: int, loss: float, held_loss: float) -> None:
        if epoch == 2:
            raise StoppedError

    whole = train(SMALL, [toy], [toy], tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(SMALL, [toy], [toy], tmp_path / "cut", on_epoch=stop)
    resumed = train(SMALL, [toy], [toy], tmp_path / "cut", resume=True)
    assert resumed.best_loss == whole.best_loss
    np.testing.assert_array_equal(read_log(tmp_path / "cut"), read_log(tmp_path / "whole"))
    for a, b in zip(
        load_weights(str(whole.weights)).arrays, load_weights(str(resumed.weights)).arrays, strict=True
    ):
        np.testing.assert_array_equal(a, b)
    assert read_log(tmp_path / "whole")[-1, 1] < read_log(tmp_path / "whole")[0, 1]


def test_resuming_another_training_is_refused(toy: Event, tmp_path: Path) -> None:
    short = TrainingConfig(network="lstm-32", prompt="zeros", epochs=1, batch=512)
    result = train(short, [toy], [toy], tmp_path, command="the command")
    record = load_weights(str(result.weights)).record
    assert record["command"] == "the command"
    assert record["training_events"] == [1]
    other = TrainingConfig(network="lstm-32", prompt="zeros", epochs=1, batch=256)
    with pytest.raises(InputError, match="belongs to another training"):
        train(other, [toy], [toy], tmp_path, resume=True)


def test_training_without_truth_or_tracks_is_refused(toy: Event, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="event 1 has no truth"):
        train(SMALL, [Event(1, toy.hits)], [toy], tmp_path)
    long_only = TrainingConfig(network="lstm-32", shortest=40)
    with pytest.raises(InputError, match="hold no track of 40 hits"):
        train(long_only, [toy], [toy], tmp_path)


def test_windows_are_consecutive_hits_of_one_particle_both_ways(toy: Event) -> None:
    windows, following = true_windows(toy, np.random.default_rng(0), 6, 0.0)
    assert toy.truth is not None
    pid = toy.truth.particle_id
    assert (pid[windows] == pid[windows[:, :1]]).all()
    there = following != NO_HIT
    assert (pid[following][there] == np.broadcast_to(pid[windows[:, :1]], following.shape)[there]).all()
    counts = np.bincount(pid[pid > 0])
    # every particle gives one window per offset, direction, and half (thinned by nothing here)
    assert len(windows) == 4 * np.maximum(counts - 5, 0)[counts >= 6].sum()


def test_answering_with_the_target_hits_the_true_hit(toy: Event) -> None:
    """A network that says what the targets ask for predicts the hits of an ideal event exactly."""
    windows, following = true_windows(toy, np.random.default_rng(0), 6, 0.0)
    _, targets = examples(toy, windows, following, "helix", HelixConfig())
    questions = ask(toy.hits, windows, "helix", HelixConfig())
    answers = np.concatenate([targets[..., :2], np.zeros_like(targets[..., :2])], axis=2)
    points = answer(questions, answers, "helix").points
    counts = targets[..., 2] > 0
    assert counts.mean() > 0.3
    xyz = np.stack([toy.hits.x, toy.hits.y, toy.hits.z], axis=1)
    at = np.stack(
        [points[..., 1] * np.cos(points[..., 0]), points[..., 1] * np.sin(points[..., 0]), points[..., 2]], 2
    )
    gap = np.linalg.norm(xyz[following][:, None] - at[:, :, None], axis=3)
    nearest = np.where((following == NO_HIT)[:, None], np.inf, gap).min(axis=2)
    assert np.percentile(nearest[counts], 95) < 0.5


@pytest.mark.parametrize("prompt", ["helix", "zeros"])
def test_examples_have_the_promised_shapes(toy: Event, toy_windows: np.ndarray, prompt: Prompt) -> None:
    windows, following = true_windows(toy, np.random.default_rng(0), 6, 0.2)
    inputs, targets = examples(toy, windows, following, prompt, HelixConfig())
    assert inputs.shape == (len(windows), 10, N_INPUTS[prompt])
    assert targets.shape == (len(windows), 5, N_TARGETS[prompt])
    assert np.isfinite(inputs).all()
    assert np.isfinite(targets).all()
    if prompt == "zeros":
        assert not inputs[:, 5:].any()
