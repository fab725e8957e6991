import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clew.event import Event, Particles, Truth
from clew.metrics.matching import match, particle_rows


def test_particle_rows_of_an_unsorted_list():
    particles = particles_of([30, 10, 20])
    truth = truth_of([10, 0, 30, 20, 99])
    assert particle_rows(truth, particles).tolist() == [1, -1, 0, 2, -1]


def particles_of(ids):
    zeros = np.zeros((len(ids), 3), np.float32)
    return Particles(np.array(ids, np.int64), zeros, zeros, *np.zeros((2, len(ids)), np.int32))


def truth_of(owner):
    n = len(owner)
    return Truth(np.array(owner), np.zeros((n, 3), np.float32), np.zeros((n, 3), np.float32), np.zeros(n))


def test_counts_by_hand(event: Event):
    labels = np.zeros(len(event.hits), dtype=np.int32)
    labels[:7] = 5  # 7 of the 12 hits of row 0
    labels[12:14] = 5  # and 2 of row 1
    labels[14:17] = 9  # 3 of row 1
    labels[-3:] = 2  # noise only
    found = match(labels, event.truth, event.particles)
    assert found.labels.tolist() == [2, 5, 9]
    assert found.track_size.tolist() == [3, 9, 3]
    assert found.leader.tolist() == [-1, 0, 1]
    assert found.shared.tolist() == [0, 7, 3]
    assert found.largest.tolist() == [7, 3, 0, 0, 0]
    assert found.particle_size.tolist() == [12, 10, 6, 4, 2]
    assert found.majority.tolist() == [False, True, True]
    assert found.double_majority.tolist() == [False, True, False]
    assert not found.perfect.any()


def test_exactly_half_is_no_majority(event: Event):
    labels = np.zeros(len(event.hits), dtype=np.int32)
    labels[:6] = 1  # half of row 0: pure, but not more than half of the particle
    labels[[22, 23, 12, 13]] = 2  # two hits each of rows 2 and 1: the first in the list leads
    found = match(labels, event.truth, event.particles)
    assert found.double_majority.tolist() == [False, False]
    assert found.majority.tolist() == [True, False]
    assert found.leader.tolist() == [0, 1]


def test_truth_as_labels_is_perfect(event: Event):
    labels = (particle_rows(event.truth, event.particles) + 1).astype(np.int32)
    found = match(labels, event.truth, event.particles)
    assert found.perfect.all()
    assert found.double_majority.all()
    assert found.led_by(found.perfect).all()


def test_nothing_at_all():
    nobody = particles_of([])
    for n in (0, 4):
        found = match(np.ones(n, np.int32), truth_of([0] * n), nobody)
        assert found.leader.tolist() == [-1] * min(n, 1)
        assert len(found.particle_size) == 0
        assert not found.perfect.any()


@given(st.integers(0, 2**32 - 1))
def test_agrees_with_counting_one_by_one(seed):
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 5, 40)
    labels = rng.integers(0, 6, 40).astype(np.int32)
    particles = particles_of([1, 2, 3, 4])
    found = match(labels, truth_of(owner), particles)
    for k, label in enumerate(found.labels):
        counts = [np.count_nonzero((labels == label) & (owner == pid)) for pid in range(1, 5)]
        assert found.shared[k] == max(counts)
        assert found.leader[k] == (int(np.argmax(counts)) if max(counts) else -1)
        assert found.track_size[k] == np.count_nonzero(labels == label)
