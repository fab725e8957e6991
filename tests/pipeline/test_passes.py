"""The default preset, which works in passes, on simulated events; and presets that mix what does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest

from clew.errors import ConfigError
from clew.event import Event
from clew.io import read_event
from clew.metrics import evaluate, event_score, phase1_weights, phase2_weights
from clew.pipeline import Pipeline, Reconstruction
from clew.pipeline.preset import Preset
from clew.tracks import NO_HIT

BASE = '[[extend]]\nmethod = "kalman"\n[fitting]\nmethod = "likelihood"\n[ensemble]\nmethod = "claims"\n'
WINDOWS = BASE.replace("kalman", "helix").replace("likelihood", "nearest")
TRIPLETS = '[[seeding]]\nmethod = "triplets"\n'
PASS = '[[seeding]]\nmethod = "ranked-triplets"\n'
SOFT = PASS + 'least_pt = 0.13\nfirst_layers = ["pixel barrel 1-2"]\nleast_hits = 4\n'
UNROLLED = '[[seeding]]\nmethod = "unrolled"\n'


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(Path("data/events/event000000002"))


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.from_preset("clew")


@pytest.fixture(scope="module")
def result(pipeline: Pipeline, event: Event) -> Reconstruction:
    return pipeline.reconstruct(event.hits)


def scores(event: Event, labels: np.ndarray) -> tuple[float, float]:
    assert event.truth is not None
    assert event.particles is not None
    weights = (phase1_weights(event.truth, event.particles), phase2_weights(event.truth, event.particles))
    first, second = (event_score(labels, event.truth.particle_id, weight) for weight in weights)
    return first, second


def test_nearly_all_weight_of_an_event_is_found(event: Event, result: Reconstruction) -> None:
    phase1, phase2 = scores(event, result.labels)
    assert phase1 > 0.9
    assert phase2 > 0.95


def test_it_works_without_cells(event: Event, pipeline: Pipeline) -> None:
    _, phase2 = scores(event, pipeline.reconstruct(replace(event.hits, cells=None)).labels)
    assert phase2 > 0.94


def test_labels_are_the_same_for_any_number_of_threads(
    event: Event, pipeline: Pipeline, result: Reconstruction
) -> None:
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = pipeline.reconstruct(event.hits).labels
    finally:
        numba.set_num_threads(threads)
    assert (alone == result.labels).all()


def test_candidates_hold_each_hit_once_and_run_from_the_inside_outwards(
    event: Event, result: Reconstruction
) -> None:
    distance = np.hypot(event.hits.r, event.hits.z)
    outward = 0
    for i in range(len(result.candidates)):
        rows = result.candidates[i]
        assert len(np.unique(rows)) == len(rows)
        outward += distance[rows[-1]] > distance[rows[0]]
    assert outward > 0.97 * len(result.candidates)


def test_a_later_pass_adds_tracks_and_leaves_earlier_ones_alone(event: Event) -> None:
    one = Pipeline.from_preset(Preset.parse(PASS + BASE, "one", "here")).reconstruct(event.hits)
    more = f"{PASS}least_pt = 0.2\nleast_hits = 5\n"
    two = Pipeline.from_preset(Preset.parse(PASS + more + BASE, "two", "here")).reconstruct(event.hits)
    found = one.labels > 0
    assert (two.labels[found] == one.labels[found]).all()
    assert two.n_tracks > one.n_tracks


def test_a_pass_is_left_out_where_it_would_take_too_long(event: Event) -> None:
    text = f"{PASS}most_firsts = 10\n{BASE}"
    assert Pipeline.from_preset(Preset.parse(text, "none", "here")).reconstruct(event.hits).n_tracks == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"kalman"', '"helix"', "'helix' does not work with the fitting 'likelihood': use 'nearest'"),
        ('"likelihood"', '"nearest"', "'kalman' does not work with the fitting 'nearest': use 'likelihood'"),
        ('"likelihood"', '"ellipse"', "'kalman' does not work with the fitting 'ellipse': use 'likelihood'"),
        ('"kalman"', '"tracknet"', "'tracknet' does not work with the fitting 'likelihood': use 'ellipse'"),
        ("[[extend]]\n", '[[extend]]\nmethod = "recurrent"\n[[extend]]\n', "'recurrent' works alone"),
        (BASE, WINDOWS, "'ranked-triplets' does not work with the extend 'helix': use 'kalman' or"),
    ],
)
def test_stages_that_do_not_fit_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        Preset.parse((PASS + BASE).replace(old, new), "mixed", "here")
    assert str(error.value).startswith("preset mixed, ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "passes", [(PASS, TRIPLETS), (TRIPLETS, SOFT), (TRIPLETS, TRIPLETS)], ids=["behind", "before", "twice"]
)
def test_different_seeders_may_follow_each_other(event: Event, passes: tuple[str, str]) -> None:
    first, both = (
        Pipeline.from_preset(Preset.parse("".join(some) + BASE, "mixed", "here")).reconstruct(event)
        for some in (passes[:1], passes)
    )
    found = first.labels > 0
    assert (both.labels[found] == first.labels[found]).all()
    assert both.n_tracks > first.n_tracks
    new = both.seeds.hits[len(first.seeds) :]
    assert not found[new[new != NO_HIT]].any()
    assert evaluate(event, both.labels, both.seeds).seeds is not None


def test_a_seeder_of_the_whole_event_takes_only_free_hits_in_a_second_pass(event: Event) -> None:
    text = "".join((TRIPLETS, UNROLLED, WINDOWS))
    result = Pipeline.from_preset(Preset.parse(text, "mixed", "here")).reconstruct(event)
    one = Pipeline.from_preset(Preset.parse(TRIPLETS + WINDOWS, "one", "here")).reconstruct(event)
    found = one.labels > 0
    assert (result.labels[found] == one.labels[found]).all()
    assert result.n_tracks > one.n_tracks
    assert not found[result.seeds.hits[len(one.seeds) :]].any()
    assert not found[result.candidates.select(np.arange(len(one.seeds), len(result.seeds))).hits].any()
    assert scores(event, result.labels)[0] > scores(event, one.labels)[0]


def test_a_list_of_passes_survives_writing_and_reading() -> None:
    preset = Preset.parse(f"{PASS}{PASS}least_pt = 0.2\n{BASE}", "two", "here")
    again = Preset.parse(preset.to_toml(), "two", "here")
    assert [table["least_pt"] for table in again.seeding] == [0.4, 0.2]
