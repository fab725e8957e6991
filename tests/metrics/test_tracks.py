import numpy as np
import pytest

from clew.event import Event
from clew.metrics import match, track_report
from clew.metrics.matching import particle_rows


def report_of(event: Event, labels):
    return track_report(match(labels, event.truth, event.particles), event.particles)


def true_labels(event: Event):
    return (particle_rows(event.truth, event.particles) + 1).astype(np.int32)


def test_truth_scores_one(event: Event):
    report = report_of(event, true_labels(event))
    assert report.n_tracks == 4  # the particle of two hits makes no track of three
    assert report.fake == report.duplicate == 0.0
    assert [row.n_particles for row in report.thresholds] == [4, 3, 1]
    for row in report.thresholds:
        assert row.perfect == row.double_majority == row.lhc == 1.0
        assert row.fake == row.duplicate == 0.0
    for curves in (report.against_pt, report.against_eta):
        assert curves.perfect.total.sum() == curves.perfect.passed.sum() == 4
        assert curves.fake.passed.sum() == 0


def test_degraded_by_hand(event: Event):
    """Tracks: 1 lacks a hit of row 0; 2 and 3 split row 1 into 6 and 4; 4 is 3 of 4 hits of row 2;
    5 has two hits each of rows 2 and 3; 6 is noise."""
    labels = np.zeros(len(event.hits), np.int32)
    labels[0:11] = 1
    labels[12:18] = 2
    labels[18:22] = 3
    labels[[22, 23, 24, 32]] = 4
    labels[[25, 26, 28, 29]] = 5
    labels[34:37] = 6
    report = report_of(event, labels)
    everything = report.thresholds[0]
    assert report.n_tracks == 6
    assert report.fake == pytest.approx(2 / 6)  # 5 and 6
    assert report.duplicate == pytest.approx(1 / 6)  # 3
    assert (everything.n_particles, everything.n_tracks) == (4, 5)  # noise leads no counted track
    assert everything.perfect == 0.0
    assert everything.double_majority == pytest.approx(2 / 4)  # 1 and 2; 4 has three of six hits only
    assert everything.lhc == pytest.approx(3 / 5)  # 1, 2, 3; 4 has exactly 75%
    assert everything.fake == pytest.approx(1 / 5)
    assert everything.duplicate == pytest.approx(1 / 5)
    above_900_mev = report.thresholds[2]
    assert (above_900_mev.n_particles, above_900_mev.n_tracks) == (1, 1)
    assert above_900_mev.double_majority == 1.0
    assert report.against_pt.double_majority.passed.sum() == 2
    assert report.against_eta.duplicate.passed.sum() == 1


def test_of_equal_tracks_the_lower_label_is_the_better(event: Event):
    labels = np.zeros(len(event.hits), np.int32)
    labels[0:4], labels[4:8], labels[8:12] = 3, 1, 2
    report = report_of(event, labels)
    assert report.duplicate == pytest.approx(2 / 3)


def test_tracks_of_two_hits_do_not_count(event: Event):
    labels = np.zeros(len(event.hits), np.int32)
    labels[0:2] = 1
    report = report_of(event, labels)
    assert report.n_tracks == 0
    assert np.isnan(report.fake)
    assert np.isnan(report.thresholds[0].lhc)
    assert report.thresholds[0].double_majority == 0.0


def test_relabelling_changes_nothing(make_toy_event):
    event = make_toy_event(80, seed=1, noise=50)
    rng = np.random.default_rng(5)
    labels = true_labels(event)
    wrong = rng.random(len(labels)) < 0.2
    labels[wrong] = rng.integers(0, 100, np.count_nonzero(wrong))
    names = np.concatenate([[0], rng.permutation(1000)[:100] + 7])
    assert report_of(event, names[labels]).thresholds == report_of(event, labels).thresholds
    assert report_of(event, names[labels]).fake == report_of(event, labels).fake


def test_curves_hold_every_counted_particle_within_their_edges(make_toy_event):
    event = make_toy_event(80, seed=2)
    report = report_of(event, true_labels(event))
    n = report.thresholds[0].n_particles
    assert report.against_pt.perfect.total.sum() == n
    assert report.against_eta.perfect.total.sum() == n
