"""Quantities worked out by hand, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.detector import Modules
from clew.event import Cells, Event, Hits, Particles, Truth
from clew.metrics import phase1_weights, phase2_weights
from clew.validation.histograms import EDGES, particle_histograms
from clew.validation.measure import Measured, measure_event
from clew.validation.moments import moments
from clew.validation.quantities import (
    hit_quantities,
    module_residuals,
    particle_quantities,
    residual_quantities,
)

numbers = st.lists(st.floats(-1e3, 1e3), max_size=20)


@given(numbers, numbers)
def test_moments_of_parts_add_up_to_those_of_all(a: list[float], b: list[float]) -> None:
    whole, added = moments(a + b), moments(a) + moments(b)
    assert added.count == whole.count
    np.testing.assert_allclose(astuple(added), astuple(whole), atol=1e-6)


def test_mean_and_error_by_hand() -> None:
    sample = moments([1.0, 2.0, 3.0, 6.0])
    assert sample.mean == 3.0
    assert sample.error == pytest.approx(np.sqrt(14 / 3 / 4))
    assert moments([5.0]).error == 0.0


def particle_id(collision: int, generation: int) -> int:
    return (collision << 52) | (generation << 24) | (1 << 36)


def test_particles_by_hand() -> None:
    """Two primaries, of the hard and of the 21st collision, and a secondary from r = 50 mm."""
    particles = Particles(
        np.array([particle_id(1, 0), particle_id(21, 0), particle_id(21, 1)]),
        np.array([(0, 0, -5), (0, 0, 5), (30, 40, 7)], np.float32),
        np.array([(3.0, 4.0, 0), (0.3, 0, 0.3 * np.sinh(3.2)), (0.1, 0.1, 0)], np.float32),
        np.array([1, -1, -1], np.int32),
        np.array([11, 0, 3], np.int32),
    )
    found = {name: value.mean for name, value in particle_quantities(particles).items()}
    assert found["particles"] == 3
    assert found["soft collisions"] == 20
    assert found["beam spot sigma z"] == pytest.approx(5 * 0.6826)
    assert found["secondaries"] == pytest.approx(100 / 3)
    assert found["positive charge"] == pytest.approx(100 / 3)
    assert found["particles with 0 hits"] == found["particles with 1 to 3 hits"] == pytest.approx(100 / 3)
    assert (found["primaries with 11 hits"], found["primaries with 12 hits"]) == (50, 0)
    assert found["secondaries with 2 to 3 hits"] == 100
    assert found["primaries without hits, pT 0.3 to 0.5"] == 100
    assert found["primaries without hits, pT > 1"] == 0
    assert found["secondaries without hits, pT 0.1 to 0.15"] == 0
    assert found["hits of a particle"] == pytest.approx(14 / 3)
    assert found["hits of primaries beyond |eta| 3"] == 0
    assert found["generation 2 or more"] == 0
    assert found["primaries pT < 0.436 GeV"] == 50
    assert found["secondaries pT < 0.148 GeV"] == 100
    assert (found["primaries |eta| < 3"], found["primaries |eta| < 3.5"]) == (50, 100)
    assert (found["secondaries from r < 30 mm"], found["secondaries from r < 72 mm"]) == (0, 100)
    assert found["secondaries from |z| < 108 mm"] == 100
    counts = particle_histograms(particles)
    assert np.flatnonzero(counts["primaries' hits"]).tolist() == [0, 11]
    assert np.flatnonzero(counts["secondaries' hits"]).tolist() == [3]


def barrel_event(layers: list[int], owner: list[int], cells: list[int]) -> Event:
    """Return hits on layers of volume 8 by their number 2, 4, 6, 8, at r = 10 x layer."""
    n = len(layers)
    x = 10 * np.array(layers, np.float32)
    zero, one = np.zeros(n, np.float32), np.ones(n, np.int32)
    offsets = np.append(0, np.cumsum(cells))
    shape = Cells(offsets, np.zeros((offsets[-1], 2), np.int32), np.ones(offsets[-1], np.float32))
    ids = np.arange(1, n + 1, dtype=np.int64)
    hits = Hits(ids, x, zero, zero, 8 * one, np.array(layers, np.int32), one, shape)
    position = np.stack([x, zero, zero], axis=1)
    return Event(1, hits, None, Truth(np.array(owner), position, position, np.zeros(n)))


def test_layers_noise_and_cells_by_hand() -> None:
    """Particle 1 misses layer 4 and has two hits on 6; particle 2 misses none; one hit of six is noise."""
    event = barrel_event([2, 6, 6, 2, 4, 6, 8], [1, 1, 1, 2, 2, 2, 0], [1, 2, 3, 4, 5, 31, 60])
    found = {name: value.mean for name, value in hit_quantities(event).items()}
    assert (found["hits in volume 8"], found["hits in volume 7 and 9"]) == (100, 0)
    assert found["noise hits"] == pytest.approx(100 / 7)
    assert found["noise hits per module"] == pytest.approx(1 / 18728)
    assert found["two hits on a layer"] == pytest.approx(100 / 5)
    assert found["three hits on a layer"] == 0
    assert found["barrel crossings without hit"] == 50
    assert found["cells per hit, volume 8"] == pytest.approx(46 / 6)
    assert found["hits of more than 30 cells"] == pytest.approx(100 / 6)
    assert "sum of weights" not in found


def test_residuals_are_in_the_modules_own_axes() -> None:
    """A module turned so that u is along global y and v along z."""
    rotation = np.array([[[0, 0, 1], [1, 0, 0], [0, 1, 0]]], np.float32)
    numbers = (np.array([k], np.int32) for k in (8, 2, 1))
    sizes = np.zeros((1, 4), np.float32), np.zeros((1, 2), np.float32)
    modules = Modules(*numbers, np.zeros((1, 3), np.float32), rotation, *sizes)
    event = barrel_event([2, 2, 2], [1, 2, 0], [1, 1, 1])
    assert event.truth is not None
    shift = np.array([(9.0, 0.004, -0.003), (0.0, -0.008, 0.001), (1.0, 1.0, 1.0)], np.float32)
    truth = replace(event.truth, position=event.truth.position + shift)
    residuals = module_residuals(event.hits, truth, modules)
    np.testing.assert_allclose(residuals[:2], [(4, -3), (-8, 1)], atol=1e-3)
    found = residual_quantities(event.hits, truth, residuals)
    assert found["du, volume 8"].mean == pytest.approx((4**2 + 8**2) / 2, rel=1e-3)
    assert found["mean du, volume 8"].mean == pytest.approx(-2, rel=1e-3)
    assert found["dv, volume 8"].mean == pytest.approx((3**2 + 1) / 2, rel=1e-3)


def test_scattering_is_momentum_times_the_change_of_the_polar_angle() -> None:
    event = barrel_event([2, 4, 6], [5, 5, 5], [1, 1, 1])
    assert event.truth is not None
    theta = np.array([1.5, 1.501, 1.499])
    momentum = 2.0 * np.stack([np.sin(theta), 0 * theta, np.cos(theta)], axis=1).astype(np.float32)
    truth = replace(event.truth, momentum=momentum)
    particles = Particles(
        np.array([5]), np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32), *np.ones((2, 1), np.int32)
    )
    particles = replace(particles, n_hits=np.array([3], np.int32))
    found = hit_quantities(replace(event, truth=truth, particles=particles))
    steep = found["scattering x p, volume 8, steep"]
    assert steep.count == 2
    assert steep.mean == pytest.approx((2.0**2 + 4.0**2) / 2, rel=1e-3)
    assert found["scattering x p, volume 8, inclined"].count == 0


def test_weights_of_either_phase_agree_and_others_do_not(make_toy_event: Callable[..., Event]) -> None:
    event = make_toy_event(30, seed=2, noise=20)
    assert event.truth is not None
    assert event.particles is not None
    own = phase1_weights(event.truth, event.particles)
    for weight, differ in (
        (own, 0.0),
        (phase2_weights(event.truth, event.particles), 0.0),
        (np.where(np.arange(len(own)) == np.argmax(own), 0.0, own), 100 * own.max()),
    ):
        found = hit_quantities(replace(event, truth=replace(event.truth, weight=weight)))
        assert found["weights that differ"].mean == pytest.approx(differ, abs=0.02 * differ + 1e-9)
        assert found["sum of weights"].mean == pytest.approx(weight.sum())


def test_events_add_up_in_any_order(make_toy_event: Callable[..., Event]) -> None:
    parts = [measure_event(make_toy_event(20, seed=seed, noise=30)) for seed in range(3)]
    one, other = Measured.add(parts), Measured.add(parts[::-1])
    assert one.n_events == 3
    assert one.quantities["hits"].count == 3
    for name, value in one.quantities.items():
        np.testing.assert_allclose(astuple(value), astuple(other.quantities[name]))
    for name, counts in one.histograms.items():
        assert counts.sum() == sum(part.histograms[name].sum() for part in parts)
        assert len(counts) == len(EDGES[name]) - 1
