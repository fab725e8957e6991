"""The extender: one step at a time, outwards, with shipped weights."""

from __future__ import annotations

import numpy as np
import pytest

from clew.errors import ConfigError
from clew.event import Event
from clew.extend.stepwise.extender import StepwiseConfig, StepwiseExtender, shipped_network
from clew.extend.weights import available_weights
from clew.pipeline import Pipeline
from clew.pipeline.preset import Preset
from clew.tracksets import tracks_of

SHIPPED = [name for name in available_weights() if name.startswith("step-")]


@pytest.fixture(scope="module")
def seeds(toy: Event) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of five true hits, rows of the event's, and the hit after each."""
    tracks = tracks_of(toy)
    first = tracks.offsets[:-1][tracks.lengths > 5]
    rows = tracks.hits.hit_id[first[:, None] + np.arange(6)] - toy.hits.hit_id[0]
    return rows[:, :5].astype(np.int32), rows[:, 5]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_predict_the_next_hit(
    name: str, toy: Event, seeds: tuple[np.ndarray, np.ndarray]
) -> None:
    windows, after = seeds
    predictions = StepwiseExtender(StepwiseConfig(name)).extend(toy.hits, windows)
    record = shipped_network(name).record
    assert (predictions.sigmas is not None) == record["config"]["network"].endswith("gaussian")
    if record["config"]["coordinates"] == "local":
        points = predictions.points[:, 0]
        turned = np.angle(np.exp(1j * (points[:, 0] - toy.hits.phi[after])))
        gap = np.hypot(points[:, 1] * turned, points[:, 2] - toy.hits.z[after])
        assert np.nanmedian(gap) < 3.0
        assert np.isfinite(points).all(axis=1).mean() > 0.9


def test_windows_that_go_inwards_get_no_prediction(toy: Event, seeds: tuple[np.ndarray, np.ndarray]) -> None:
    windows, _ = seeds
    extender = StepwiseExtender(StepwiseConfig())
    assert np.isnan(extender.extend(toy.hits, windows[:, ::-1].copy()).points).all()


def test_nothing_in_nothing_out(toy: Event) -> None:
    extender = StepwiseExtender(StepwiseConfig())
    assert len(extender.extend(toy.hits, np.zeros((0, 5), dtype=np.int32))) == 0


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match="unknown weights 'step-none'"):
        StepwiseExtender(StepwiseConfig("step-none"))


@pytest.mark.slow
def test_the_preset_finds_toy_tracks(toy: Event) -> None:
    pipeline = Pipeline.from_preset(Preset.load("sprace"))
    labels = pipeline.reconstruct(toy.hits).labels
    assert toy.truth is not None
    assert toy.particles is not None
    hard = np.flatnonzero((toy.particles.pt > 1.0) & (toy.particles.n_hits >= 8))
    complete = 0
    for particle in toy.particles.particle_id[hard]:
        own = labels[toy.truth.particle_id == particle]
        complete += bool(np.bincount(own[own > 0], minlength=1).max() > 0.8 * len(own))
    assert complete >= 0.8 * len(hard)
