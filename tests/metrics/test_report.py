from dataclasses import replace

import numpy as np
import pytest

from clew.errors import InputError
from clew.event import Event
from clew.metrics import evaluate, summarise, true_seeds
from clew.metrics.report import MeanError
from clew.tracks import Candidates, Seeds


def perfect(event: Event):
    return event.truth.particle_id.astype(np.int32)


def test_truth_scores_one_by_construction(make_toy_event):
    event = make_toy_event(50, noise=20)
    seeds = true_seeds(event.truth, event.particles)
    report = evaluate(event, perfect(event), Seeds(seeds, Candidates.from_rows(seeds)))
    assert report.phase1 == pytest.approx(1.0)
    assert report.phase2 == pytest.approx(1.0)
    assert report.losses.total.sum() == 0.0
    scalars = report.scalars()
    assert scalars["seeds.found"] == scalars["seeds.perfect"] == 1.0
    assert scalars["pt>0.5.double_majority"] == scalars["pt>0.9.lhc"] == 1.0
    assert scalars["tracks.fake"] == 0.0
    assert scalars["n_hits"] == len(event.hits)


def test_no_tracks_score_nothing(make_toy_event):
    event = make_toy_event(50)
    report = evaluate(event, np.zeros(len(event.hits), np.int32))
    assert report.phase1 == 0.0
    assert report.seeds is None
    assert report.losses.total.sum() == pytest.approx(1.0)


def test_an_event_without_truth_is_refused(event: Event):
    with pytest.raises(InputError, match="event 7 has no truth"):
        evaluate(replace(event, truth=None), perfect(event))


def test_labels_of_another_event_are_refused(event: Event):
    with pytest.raises(InputError, match="has 37 hits, but there are 36 labels"):
        evaluate(event, perfect(event)[:-1])


def test_mean_and_standard_error_by_hand():
    value = MeanError.of([1.0, 2.0, float("nan"), 3.0])
    assert value.mean == pytest.approx(2.0)
    assert value.error == pytest.approx(1 / np.sqrt(3))
    assert str(value) == "2.0000 ± 0.5774"
    assert str(MeanError.of([103410.0])) == "103410.0"
    assert np.isnan(MeanError.of([]).mean)
    assert str(MeanError.of([])) == "-"


def test_summary_of_events(make_toy_event):
    first, second = make_toy_event(30, seed=1), make_toy_event(30, seed=2)
    reports = [evaluate(first, perfect(first)), evaluate(second, np.zeros(len(second.hits), np.int32))]
    summary = summarise(reports)
    assert summary.n_events == 2
    assert summary.scalars["phase1"].mean == pytest.approx(0.5)
    assert summary.scalars["phase1"].error == pytest.approx(0.5)
    assert summary.losses.total.sum() == pytest.approx(0.5)
    n_particles = [report.tracks.thresholds[0].n_particles for report in reports]
    assert summary.against_pt.perfect.total.sum() == sum(n_particles)
    assert summary.against_pt.perfect.passed.sum() == n_particles[0]
    lines = summary.table().splitlines()
    assert lines[0] == "mean of 2 events ± standard error"
    assert any(line.startswith("  phase1 ") and "of 1: weight of hits" in line for line in lines)


def test_no_events_are_refused():
    with pytest.raises(InputError, match="no event"):
        summarise([])
