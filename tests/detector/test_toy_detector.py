"""A detector is data: a second one, of other layers, numbers and field, works in the same process."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.detector import Detector, Solenoid
from clew.event import Event, Hits
from clew.io import read_event
from clew.metrics.matching import match
from clew.pipeline import Pipeline
from clew.pipeline.preset import Preset
from clew.seeding.graph.doublets import DoubletConfig, find_doublets, layer_pairs, true_doublets

ROOT = Path(__file__).parents[2]
TRACKML = "event000000001"
PRESET = """
[[seeding]]
method = "ranked-triplets"
least_pt = 0.3
first_layers = ["pixel barrel 1"]
least_hits = 5

[[seeding]]
method = "ranked-triplets"
least_pt = 0.3
first_layers = ["pixel barrel 1-2"]
least_hits = 4

[[extend]]
method = "kalman"

[fitting]
method = "likelihood"

[ensemble]
method = "claims"
"""


def labels_of(pipeline: Pipeline, hits: Hits) -> np.ndarray:
    return pipeline.reconstruct(hits).labels


def test_two_detectors_in_one_process_know_nothing_of_each_other(
    six_cylinders: Detector, make_helices: Callable[..., Event]
) -> None:
    toy, event = make_helices(six_cylinders), read_event(ROOT / "data/events" / TRACKML)
    small, default = Pipeline.from_preset(Preset.parse(PRESET, "toy", "toy")), Pipeline.from_preset()
    toy_first = labels_of(small, toy.hits)
    trackml_first = labels_of(default, event.hits)
    np.testing.assert_array_equal(labels_of(small, toy.hits), toy_first)
    np.testing.assert_array_equal(labels_of(default, event.hits), trackml_first)
    assert toy.truth is not None
    assert toy.particles is not None
    matching = match(toy_first, toy.truth, toy.particles)
    assert matching.led_by(matching.double_majority).mean() > 0.95
    assert matching.double_majority.mean() > 0.95
    pinned = tomllib.loads((ROOT / "tests/pipeline/labels.toml").read_text())["clew"][TRACKML]
    assert hashlib.sha256(trackml_first.astype("<i4").tobytes()).hexdigest() == pinned


@pytest.mark.parametrize("strength", [1.5, 3.0])
def test_the_field_says_which_momenta_are_found(
    six_cylinders: Detector, make_helices: Callable[..., Event], strength: float
) -> None:
    detector = replace(six_cylinders, solenoid=Solenoid.uniform(strength))
    toy = make_helices(detector, n=80, seed=5)
    assert toy.truth is not None
    assert toy.particles is not None
    hard = Preset.parse(PRESET.replace("least_pt = 0.3", "least_pt = 1.0"), "hard", "hard")
    matching = match(labels_of(Pipeline.from_preset(hard), toy.hits), toy.truth, toy.particles)
    found, pt = matching.led_by(matching.double_majority), toy.particles.pt
    # the beam line may be off, so that the cut is not sharp
    assert found[pt > 1.05].mean() > 0.95
    assert not found[pt < 0.85].any()


def test_each_cylinder_is_followed_by_the_next_one(six_cylinders: Detector) -> None:
    assert six_cylinders.following(0).tolist() == [[1], [2], [3], [4], [5], [-1]]
    assert six_cylinders.preceding(0).tolist() == [[-1], [0], [1], [2], [3], [4]]
    # likeliest first: all tracks meet the next cylinder, those that leave it out meet the one behind
    assert six_cylinders.following(1).tolist() == [[1, 2], [2, 3], [3, 4], [4, 5], [5, -1], [-1, -1]]
    assert six_cylinders.preceding(1).tolist() == [[-1, -1], [0, -1], [1, 0], [2, 1], [3, 2], [4, 3]]


def test_doublets_of_graphs_join_neighbouring_cylinders(
    six_cylinders: Detector, make_helices: Callable[..., Event]
) -> None:
    toy, config = make_helices(six_cylinders), DoubletConfig()
    pairs = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]
    assert layer_pairs(six_cylinders, config).tolist() == pairs
    assert layer_pairs(six_cylinders, replace(config, layers="all")).tolist() == pairs
    assert toy.truth is not None
    doublets = find_doublets(toy.hits, config)
    assert true_doublets(doublets, toy.truth.particle_id).sum() == 5 * 40
    layers = toy.hits.layer_index[doublets]
    assert (layers[:, 1] == layers[:, 0] + 1).all()


def test_kernels_read_the_layers_as_records(six_cylinders: Detector) -> None:
    surfaces = six_cylinders.surfaces
    assert surfaces["position"].tolist() == [40.0, 90.0, 160.0, 260.0, 380.0, 520.0]
    assert surfaces["barrel"].all()
    assert set(surfaces["high"]) == {900.0}
    assert set(surfaces["across"]) == {0.01}
    assert set(surfaces["depth"]) == {2.0}
    assert (surfaces["density"] == 0.0).all()  # hits come with an event
