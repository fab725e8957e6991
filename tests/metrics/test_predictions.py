import numpy as np
import pytest

from clew.event import Event
from clew.metrics import prediction_report, true_seeds
from clew.metrics.predictions import path_order
from clew.tracks import NO_HIT, Candidates


def test_the_next_true_hits_are_all_right(event: Event):
    seeds = true_seeds(event.truth, event.particles)
    report = prediction_report(seeds, Candidates.from_rows(seeds + 5), event.truth, event.particles)
    assert report.n_seeds == 2
    assert report.right == report.filled == 1.0
    assert report.histogram.tolist() == [0, 0, 0, 0, 0, 2]


def test_degraded_predictions_by_hand(event: Event):
    seeds = np.array([[0, 1, 2, 3, 12], [12, 13, 14, 15, 16], [22, 23, 24, 25, 26]], np.int32)
    fitted = np.array(
        [
            [5, 12, 34, 4, 2, 6],  # right, foreign, noise, right, the seed's own; the sixth is no slot
            [17, NO_HIT, NO_HIT, NO_HIT, NO_HIT, NO_HIT],  # right, four empty slots
            [27, 27, 27, 27, 27, 27],  # of a particle with six hits: the seed is not matched
        ],
        np.int32,
    )
    report = prediction_report(seeds, Candidates.from_rows(fitted), event.truth, event.particles)
    assert report.n_seeds == 2
    assert report.right == pytest.approx(3 / 10)
    assert report.filled == pytest.approx(6 / 10)
    assert report.histogram.tolist() == [0, 1, 1, 0, 0, 0]


def test_empty_rows_and_no_seeds(event: Event):
    seeds = true_seeds(event.truth, event.particles)
    report = prediction_report(seeds, Candidates.empty(2), event.truth, event.particles)
    assert report.right == 0.0
    assert report.histogram.tolist() == [2, 0, 0, 0, 0, 0]
    none = prediction_report(seeds[:0], Candidates.empty(), event.truth, event.particles)
    assert none.n_seeds == 0
    assert np.isnan(none.right)
    assert not none.histogram.any()


def test_path_order_puts_noise_first_and_follows_each_particle(event: Event):
    order = path_order(event.truth, event.particles)
    n_noise = 3
    assert sorted(order[:n_noise]) == [34, 35, 36]
    assert order[n_noise:].tolist() == list(range(34))
