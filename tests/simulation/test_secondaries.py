"""What comes out of many interactions of hadrons that fly along z."""

from __future__ import annotations

import numpy as np
import pytest

from clew.simulation.generator import Generated, particle_number
from clew.simulation.secondaries import secondaries

N = 20_000


@pytest.fixture(scope="module")
def parents() -> Generated:
    momentum = np.tile([0.0, 0.0, 5.0], (N, 1))
    one = np.ones(N, dtype=np.int64)
    return Generated(particle_number(1, np.arange(1, N + 1)), 211 * one, np.zeros((N, 3)), momentum, one)


@pytest.fixture(scope="module")
def out(parents: Generated) -> Generated:
    vertex = np.tile([30.0, 10.0, 50.0], (N, 1))
    return secondaries(parents, vertex, parents.momentum, np.random.default_rng(4))


def test_one_to_five_come_out_and_have_numbers_of_their_own(out: Generated) -> None:
    assert len(np.unique(out.particle_id)) == len(out)
    assert set((out.particle_id >> 24) & 0xFFF) == {1}
    counts = np.bincount((out.particle_id >> 36) & 0xFFFF)[1:]
    assert (counts.min(), counts.max()) == (1, 5)
    assert counts.mean() == pytest.approx(1.85, abs=0.03)


def test_most_are_soft_and_isotropic_above_the_lowest_pt(out: Generated) -> None:
    size = np.linalg.norm(out.momentum, axis=1)
    pt = np.hypot(out.momentum[:, 0], out.momentum[:, 1])
    soft = size < 0.5
    assert soft.mean() == pytest.approx(0.9, abs=0.02)
    assert pt[soft].min() > 0.0999
    np.testing.assert_allclose(np.quantile(pt[soft], (0.25, 0.5, 0.75)), (0.147, 0.206, 0.296), rtol=0.03)
    assert (out.momentum[soft].mean(axis=0) / size[soft].mean()) == pytest.approx(0, abs=0.02)


def test_fast_ones_go_on_ahead_with_a_part_of_the_momentum(out: Generated) -> None:
    size = np.linalg.norm(out.momentum, axis=1)
    fast = size > 0.5
    assert size.max() < 5.0
    assert np.median(size[fast]) == pytest.approx(0.5 + 0.18 * 5 * np.log(2), rel=0.05)
    assert np.median(out.momentum[fast, 2] / size[fast]) > 0.95


def test_slow_hadrons_send_nothing_fast_ahead(parents: Generated) -> None:
    after = secondaries(parents, parents.position, parents.momentum / 20, np.random.default_rng(4))
    assert np.linalg.norm(after.momentum, axis=1).max() <= 0.5


def test_they_have_left_the_surface_that_they_come_from(out: Generated) -> None:
    away = out.position - (30.0, 10.0, 50.0)
    ahead = out.momentum / np.linalg.norm(out.momentum, axis=1)[:, None]
    np.testing.assert_allclose(away, 0.05 * ahead, atol=1e-9)
