import numpy as np
import pytest

from clew.event import Event
from clew.metrics import LossTable, event_score, loss_table, match
from clew.metrics.losses import CAUSES, CLASSES


def table_of(event: Event, labels) -> LossTable:
    matching = match(labels, event.truth, event.particles)
    return loss_table(matching, event.particles, event.truth.weight)


def test_truth_loses_nothing(event: Event):
    assert table_of(event, event.truth.particle_id.astype(np.int32)).total.sum() == 0.0


def test_nothing_labelled_loses_everything_as_no_track(event: Event):
    table = table_of(event, np.zeros(len(event.hits), np.int32))
    assert table.total[CAUSES.index("no track")] == pytest.approx(1.0)
    lost = dict(zip(CLASSES, table.by_class[0] * 34, strict=True))  # each of the 34 hits weighs the same
    assert lost == pytest.approx(
        {
            "hits <= 4": 6,
            "hits 5-9": 6,
            "hits >= 10": 22,
            "pT < 0.5": 4,
            "pT 0.5-1": 16,
            "pT >= 1": 14,
            "prompt": 28,
            "displaced": 6,
        }
    )


def test_each_cause_by_hand(event: Event):
    labels = np.zeros(len(event.hits), np.int32)
    labels[0:8] = 1  # row 0: 8 hits count, 3 unassigned, 1 elsewhere
    labels[8] = 3
    labels[12:16], labels[16:20] = 2, 3  # row 1: two own tracks of 4 and 4 hits; 2 hits unassigned
    labels[[22, 23, 24]] = 4  # row 2: one own track with half of its hits
    labels[28:32] = 5  # row 3: its four hits merged with as many others
    labels[34:37] = 5
    labels[25] = 5
    labels[32:34] = (1, 2)  # row 4: on two tracks, majority of neither
    lost = dict(zip(CAUSES, table_of(event, labels).total * 34, strict=True))
    assert lost == pytest.approx(
        {
            "no track": 0,
            "merged": 4,
            "never majority": 2,
            "split": 10,
            "short": 6,
            "hit unassigned": 3,
            "hit elsewhere": 1,
        }
    )


def test_score_and_losses_make_one_and_the_classes_split_them(make_toy_event):
    event = make_toy_event(60, seed=4, noise=30)
    rng = np.random.default_rng(0)
    labels = event.truth.particle_id.astype(np.int32)
    wrong = rng.random(len(labels)) < 0.4
    labels[wrong] = rng.integers(0, 70, np.count_nonzero(wrong))
    table = table_of(event, labels)
    score = event_score(labels, event.truth.particle_id, event.truth.weight)
    assert table.total.sum() == pytest.approx(1 - score)
    assert (table.total > 0).sum() >= 4
    for kind in (slice(0, 3), slice(3, 6), slice(6, 8)):
        np.testing.assert_allclose(table.by_class[:, kind].sum(axis=1), table.total)


def test_text_has_a_line_per_cause(event: Event):
    lines = table_of(event, np.zeros(len(event.hits), np.int32)).table().splitlines()
    assert len(lines) == 2 + len(CAUSES)
    assert len({len(line) for line in lines}) == 1
    assert lines[1].split()[:3] == ["no", "track", "100.00"]
