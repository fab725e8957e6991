import numpy as np
import pytest

from clew.event import Event
from clew.metrics import seed_report, true_seeds


def test_true_seeds_are_found_perfect_and_pure(event: Event):
    seeds = true_seeds(event.truth, event.particles)
    assert seeds.tolist() == [[0, 1, 2, 3, 4], [12, 13, 14, 15, 16]]  # the two particles of ten or more hits
    report = seed_report(seeds, event.truth, event.particles)
    assert (report.n_seeds, report.n_matched, report.n_reference, report.n_found) == (2, 2, 2, 2)
    assert report.found == report.perfect == report.purity == report.duplicates == 1.0
    assert report.fakes == 0.0


def test_true_seeds_do_not_depend_on_the_order_of_hits(make_toy_event):
    event = make_toy_event(40, seed=3, noise=20)
    seeds = true_seeds(event.truth, event.particles)
    owner = event.truth.particle_id[seeds]
    assert len(seeds) == np.count_nonzero(event.particles.n_hits >= 10) > 0
    assert (owner == owner[:, :1]).all()
    for row, pid in zip(seeds, owner[:, 0], strict=True):
        vertex = event.particles.vertex[event.particles.particle_id == pid]
        own = np.flatnonzero(event.truth.particle_id == pid)
        distance = np.linalg.norm(event.truth.position[own] - vertex, axis=1)
        assert row.tolist() == own[np.argsort(distance)[:5]].tolist()


def test_degraded_seeds_by_hand(event: Event):
    seeds = np.array(
        [
            [0, 1, 2, 3, 4],  # perfect, row 0
            [5, 6, 7, 12, 34],  # row 0 again, three of five
            [12, 13, 22, 23, 34],  # two, two and noise: fake
            [22, 23, 24, 25, 26],  # perfect, but row 2 has only six hits: not matched
            [34, 35, 36, 28, 29],  # three of noise: fake
        ],
        dtype=np.int32,
    )
    report = seed_report(seeds, event.truth, event.particles)
    assert (report.n_seeds, report.n_matched, report.n_reference, report.n_found) == (5, 2, 2, 1)
    assert report.found == pytest.approx(1 / 2)
    assert report.perfect == pytest.approx(1 / 2)
    assert report.purity == pytest.approx(8 / 10)
    assert report.duplicates == pytest.approx(2 / 1)
    assert report.fakes == pytest.approx(2 / 5)
    assert report.all_perfect == pytest.approx(2 / 5)
    assert report.all_purity == pytest.approx((5 + 3 + 2 + 5 + 2) / 25)


def test_no_seeds(event: Event):
    report = seed_report(np.zeros((0, 5), np.int32), event.truth, event.particles)
    assert report.found == 0.0
    assert np.isnan(report.perfect)
    assert np.isnan(report.duplicates)
