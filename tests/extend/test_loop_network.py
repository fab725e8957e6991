"""The network of a candidate against plain numpy, its features by hand, and what its corrections do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.detector import trackml
from clew.extend.growing.network import (
    N_CORRECTIONS,
    N_FEATURES,
    N_QUERY,
    LoopNetwork,
    correct,
    gru_step,
    hit_features,
    network_of,
    predict_corrections,
    query_features,
    start_features,
    widened,
)
from clew.motion.measurement import RESIDUAL, covariance, measure
from clew.motion.state import STATE
from clew.motion.transport import PATH
from clew.records import new_record

SURFACES = trackml().surfaces
BARREL, DISC, N_LAYERS, UNITS, DENSE = 10, 30, 3, 8, 12


@pytest.fixture(scope="module")
def network() -> LoopNetwork:
    """Return random weights for three layers."""
    rng = np.random.default_rng(1)
    shapes = (
        (N_FEATURES + N_LAYERS, 3 * UNITS),
        (UNITS, 3 * UNITS),
        (2, 3 * UNITS),
        (UNITS + N_QUERY + N_LAYERS, DENSE),
        (DENSE,),
        (DENSE, N_CORRECTIONS),
        (N_CORRECTIONS,),
    )
    return network_of([rng.normal(0, 0.5, shape) for shape in shapes])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def one_of(layer: int) -> np.ndarray:
    return np.eye(N_LAYERS)[layer]


@pytest.mark.parametrize("layer", range(N_LAYERS))
def test_a_hit_is_taken_in_by_a_gated_recurrent_unit(network: LoopNetwork, layer: int) -> None:
    rng = np.random.default_rng(layer)
    hidden, features = rng.normal(size=UNITS), rng.normal(size=N_FEATURES)
    enter, recur, bias = (part.astype(np.float64) for part in network[:3])
    entered = np.concatenate([features, one_of(layer)]) @ enter + bias[0]
    recalled = hidden @ recur + bias[1]
    keep, reset = sigmoid((entered + recalled)[: 2 * UNITS]).reshape(2, UNITS)
    new = np.tanh(entered[2 * UNITS :] + reset * recalled[2 * UNITS :])
    found, work = hidden.astype(np.float32), np.empty(6 * UNITS, dtype=np.float32)
    gru_step(network, layer, features.astype(np.float32), found, work)
    np.testing.assert_allclose(found, keep * hidden + (1 - keep) * new, atol=2e-6)


@pytest.mark.parametrize("layer", range(N_LAYERS))
def test_corrections_are_those_of_two_dense_layers(network: LoopNetwork, layer: int) -> None:
    rng = np.random.default_rng(10 + layer)
    hidden, query = rng.normal(size=UNITS), rng.normal(size=N_QUERY)
    dense, dense_bias, out, out_bias = (part.astype(np.float64) for part in network[3:])
    middle = np.maximum(np.concatenate([hidden, query, one_of(layer)]) @ dense + dense_bias, 0.0)
    assert 0 < np.count_nonzero(middle) < DENSE
    work, found = np.empty(DENSE, dtype=np.float32), np.empty(N_CORRECTIONS, dtype=np.float32)
    predict_corrections(network, layer, query.astype(np.float32), hidden.astype(np.float32), work, found)
    np.testing.assert_allclose(found, middle @ out + out_bias, atol=1e-5)


def test_a_widened_network_expects_larger_deviations_but_no_other_shifts(network: LoopNetwork) -> None:
    wider = widened(network, 2.0)
    np.testing.assert_allclose(wider.out_bias - network.out_bias, [0, 0, *[np.log(2.0)] * 4], atol=1e-6)
    assert all(a is b for a, b in zip(wider[:-1], network[:-1], strict=True))


@pytest.fixture
def state() -> Any:
    """Return a state that bends to the right and goes to negative z, all of its covariance different."""
    state = new_record(STATE)
    state.x, state.y, state.z = 150.0, 80.0, -300.0
    state.psi, state.kappa, state.slope = 0.7, -1e-3, -1.4
    for k, name in enumerate(STATE.names[6:]):
        setattr(state, name, 0.01 * (k + 1))
    state.aa, state.zz = 0.04, 0.09
    return state


@pytest.fixture
def path() -> Any:
    path = new_record(PATH)
    path.cos, path.sin, path.arc, path.bent = np.cos(0.7), np.sin(0.7), 45.0, -1e-3
    path.across_factor, path.along_factor = 1.5, 0.8
    return path


@pytest.mark.parametrize("inward", [False, True])
@pytest.mark.parametrize(("layer", "end"), [(BARREL, -1.0), (DISC, 1.0)])
def test_a_hit_tells_of_its_pulls_as_if_curvature_and_slope_were_positive(
    state: Any, path: Any, hit_point: Callable[..., Any], layer: int, end: float, inward: bool
) -> None:
    point, residual = hit_point(150.4, 80.1, -300.8, layer), new_record(RESIDUAL)
    measure(point, SURFACES[layer], state, path, residual)
    s11, _, s22 = covariance(state, residual)
    features = np.empty(N_FEATURES, dtype=np.float32)
    hit_features(point, SURFACES[layer], inward, state, path, residual, features)
    expected = [
        -residual.r1 / np.sqrt(s11),
        end * residual.r2 / np.sqrt(s22),
        0.25 * np.log(s11 / residual.e1**2),
        0.25 * np.log(s22 / residual.e2**2),
        0.5 * np.log(1.0),
        np.arcsinh(1.4),
        45.0 / 300.0,
        float(inward),
    ]
    assert features == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert np.abs(expected[:2]).max() < 6.0


def test_pulls_are_told_up_to_six(state: Any, path: Any, hit_point: Callable[..., Any]) -> None:
    features = np.empty(N_FEATURES, dtype=np.float32)
    point = hit_point(170.0, 50.0, -250.0, BARREL)
    hit_features(point, SURFACES[BARREL], False, state, path, new_record(RESIDUAL), features)
    assert features[:2].tolist() == [6.0, -6.0]  # to the right of a track to the right; above one downwards


@pytest.mark.parametrize("inward", [False, True])
def test_a_start_tells_of_curvature_slope_and_direction_only(state: Any, inward: bool) -> None:
    features = np.full(N_FEATURES, 9.0, dtype=np.float32)
    state.kappa = -2e-3
    start_features(state, inward, features)
    expected = [0, 0, 0, 0, 0.5 * np.log(2.0), np.arcsinh(1.4), 0, float(inward)]
    assert features == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("inward", [False, True])
def test_a_crossing_is_asked_about_by_what_the_filter_expects(state: Any, path: Any, inward: bool) -> None:
    query = np.empty(N_QUERY, dtype=np.float32)
    query_features(inward, state, path, query)
    expected = [
        0.25 * np.log(400.0),
        0.25 * np.log(900.0),
        0.0,
        np.arcsinh(1.4),
        0.15,
        float(inward),
        170.0 / 500.0,
        0.2,  # on the side where it goes to
    ]
    assert query == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_corrections_shift_the_state_and_widen_its_place(state: Any, path: Any) -> None:
    corrections = np.array([0.5, -0.25, np.log(2.0), np.log(3.0), np.log(1.1), np.log(0.7)], np.float32)
    seen = new_record(STATE)
    correct(state, path, corrections, seen)
    # half a deviation of 0.2 mm to the right, a quarter of 0.3 mm against the way it goes
    assert (seen.x, seen.y) == pytest.approx((150.0 + 0.1 * np.sin(0.7), 80.0 - 0.1 * np.cos(0.7)))
    assert seen.z == pytest.approx(-300.0 + 0.075)
    assert (seen.psi, seen.kappa, seen.slope) == (state.psi, state.kappa, state.slope)
    factors = {"aa": 4.0, "ap": 2.0, "az": 6.0, "as_": 2.0, "pz": 3.0, "zz": 9.0, "zs": 3.0}
    for name in STATE.names[6:]:
        factor = factors.get(name, 1.0)
        assert getattr(seen, name) == pytest.approx(factor * getattr(state, name), rel=1e-6), name
    assert (path.across_factor, path.along_factor) == pytest.approx((1.1, 0.7))
