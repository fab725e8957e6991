from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.errors import InputError
from clew.event import Particles, Truth
from clew.metrics.weights import phase1_weights, phase2_weights, pt_weight, weight_factors

# The nine order weights have their places at 0, 3/8, 6/8, ... of four hits; hits 1 and 2 lie two thirds
# of a step beyond the third and a third beyond the sixth: 6 - 2/3 and 3.
FOUR = np.array([10, 16 / 3, 3, 6]) / (10 + 16 / 3 + 3 + 6)
NINE = np.array([10, 8, 6, 5, 3, 3, 3, 5, 6]) / 49
SECONDARY = (1 << 52) | (1 << 36) | (1 << 24)
PRIMARY = (1 << 52) | (2 << 36)


def particles_of(ids, pt, n_hits, vz=0.0) -> Particles:
    momentum = np.zeros((len(ids), 3), dtype=np.float32)
    momentum[:, 1] = pt
    vertex = np.zeros((len(ids), 3), dtype=np.float32)
    vertex[:, 2] = vz
    charge = np.ones(len(ids), dtype=np.int32)
    return Particles(
        np.array(ids, dtype=np.int64), vertex, momentum, charge, np.array(n_hits, dtype=np.int32)
    )


def truth_of(particle_id, tz) -> Truth:
    position = np.zeros((len(tz), 3), dtype=np.float32)
    position[:, 2] = tz
    empty = np.zeros((len(tz), 3), np.float32)
    return Truth(np.array(particle_id, dtype=np.int64), position, empty, np.zeros(len(tz)))


def factors_of_one(tz, pt=1.0, vz=0.0, n_hits=None):
    row, n_hits = np.zeros(len(tz), dtype=np.int64), len(tz) if n_hits is None else n_hits
    particle = np.array([vz]), np.array([pt]), np.array([n_hits], dtype=np.int32)
    return weight_factors(row, np.array(tz, dtype=float), *particle)


def test_order_weights_of_four_hits() -> None:
    np.testing.assert_allclose(factors_of_one([1, 2, 3, 4]).order, FOUR)


def test_order_weights_of_nine_hits_are_the_challenges() -> None:
    np.testing.assert_allclose(factors_of_one(range(9)).order, NINE)


def test_order_is_by_distance_in_z_from_the_vertex() -> None:
    factors = factors_of_one([13.0, 6.0, 12.0, 9.0], vz=10.0)
    assert factors.rank.tolist() == [2, 3, 1, 0]
    np.testing.assert_allclose(factors.order, FOUR[[2, 3, 1, 0]])


def test_equal_distances_share_the_mean_place_rounded_down() -> None:
    assert factors_of_one([1.0, -1.0, 2.0, 3.0]).rank.tolist() == [0, 0, 2, 3]
    assert factors_of_one([1.0, -1.0, 1.0, 3.0]).rank.tolist() == [1, 1, 1, 3]


@pytest.mark.parametrize("n_hits", [1, 2, 3])
def test_fewer_than_four_hits_weigh_nothing(n_hits) -> None:
    assert factors_of_one(range(n_hits)).order.tolist() == [0] * n_hits


@given(st.integers(4, 20))
def test_order_weights_of_a_particle_sum_to_one(n_hits) -> None:
    assert factors_of_one(range(n_hits)).order.sum() == pytest.approx(1)


def test_hits_beyond_the_twentieth_weigh_nothing() -> None:
    longer, twenty = factors_of_one(range(23)).order, factors_of_one(range(20)).order
    np.testing.assert_array_equal(longer, np.append(twenty, [0, 0, 0]))


def test_pt_weight_rises_from_one_half_to_three() -> None:
    pt = np.array([0.0, 0.049, 0.05, 0.3, 0.5, 1.75, 3.0, 40.0])
    np.testing.assert_allclose(pt_weight(pt), [0, 0, 0.2, 0.2, 0.2, 0.6, 1, 1])


def test_two_particles_by_hand() -> None:
    particles = particles_of([PRIMARY, SECONDARY], pt=[3.0, 0.5], n_hits=[4, 4])
    truth = truth_of([PRIMARY] * 4 + [0] + [SECONDARY] * 4, [1, 2, 3, 4, 9, 4, 3, 2, 1])
    expected = np.concatenate([FOUR, [0], 0.2 * FOUR[::-1]]) / 1.2
    np.testing.assert_allclose(phase1_weights(truth, particles), expected)
    np.testing.assert_allclose(phase2_weights(truth, particles), np.append(FOUR, np.zeros(5)))


def test_unlisted_particles_weigh_nothing() -> None:
    truth = truth_of([PRIMARY] * 4 + [PRIMARY + 1] * 4, range(8))
    weights = phase1_weights(truth, particles_of([PRIMARY], pt=[1.0], n_hits=[4]))
    np.testing.assert_allclose(weights, np.append(FOUR, np.zeros(4)))


def test_an_event_of_noise_has_no_weights() -> None:
    noise, nobody = truth_of([0, 0], [1, 2]), particles_of([], pt=[], n_hits=[])
    assert phase1_weights(noise, nobody).tolist() == [0, 0]
    assert phase2_weights(noise, nobody).tolist() == [0, 0]
    assert phase1_weights(truth_of([], []), nobody).tolist() == []


def test_phase2_without_primaries_has_no_weights() -> None:
    particles = particles_of([SECONDARY], pt=[1.0], n_hits=[4])
    assert phase2_weights(truth_of([SECONDARY] * 4, range(4)), particles).tolist() == [0] * 4


def test_more_hits_than_the_particle_has_is_refused() -> None:
    with pytest.raises(InputError, match="nhits is 4"):
        factors_of_one(range(5), n_hits=4)


def random_event(seed: int) -> tuple[Truth, Particles]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 24, 30)
    ids = (rng.permutation(30) + 1 << 36) | (rng.integers(0, 2, 30) << 24)
    owner = rng.permutation(np.append(np.repeat(ids, sizes), np.zeros(20, dtype=np.int64)))
    vz = rng.normal(0, 5, 30)
    particles = particles_of(ids, rng.exponential(1.0, 30), sizes, vz)
    return truth_of(owner, rng.normal(0, 500, len(owner))), particles


@given(st.integers(0, 1000))
def test_weights_sum_to_one_and_noise_has_none(seed) -> None:
    truth, particles = random_event(seed)
    for weights in (phase1_weights(truth, particles), phase2_weights(truth, particles)):
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        assert not weights[truth.particle_id == 0].any()


@given(st.integers(0, 1000))
def test_phase2_is_phase1_of_the_primaries_renormalised(seed) -> None:
    truth, particles = random_event(seed)
    primary = (truth.particle_id >> 24) & 0xFFF == 0
    kept = np.where(primary, phase1_weights(truth, particles), 0.0)
    np.testing.assert_allclose(phase2_weights(truth, particles), kept / kept.sum())


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_order_of_hits_and_particles_does_not_matter(seed, shuffle) -> None:
    truth, particles = random_event(seed)
    rng = np.random.default_rng(shuffle)
    hits, rows = rng.permutation(len(truth.particle_id)), rng.permutation(len(particles.particle_id))
    shuffled = Truth(truth.particle_id[hits], truth.position[hits], truth.momentum[hits], truth.weight[hits])
    listed = Particles(
        particles.particle_id[rows],
        particles.vertex[rows],
        particles.momentum[rows],
        particles.charge[rows],
        particles.n_hits[rows],
    )
    np.testing.assert_allclose(phase1_weights(shuffled, listed), phase1_weights(truth, particles)[hits])
