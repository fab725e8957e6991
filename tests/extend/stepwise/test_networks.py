"""The networks of SPRACE: the same numbers from Keras and from numpy, the promised shapes, known losses."""

from __future__ import annotations

import numpy as np
import pytest

from clew.extend.stepwise.networks import (
    NETWORKS,
    NetworkName,
    NetworkShape,
    array_shapes,
    build_keras_model,
    outputs,
)
from clew.extend.stepwise.windows import WINDOW
from clew.networks.ops import NumpyOps

keras = pytest.importorskip("keras")


def arrays_of(shape: NetworkShape) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(0, 0.4, s).astype(np.float32) for s in array_shapes(shape)]


@pytest.fixture(scope="module")
def steps() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(9, WINDOW, 7)).astype(np.float32)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_numpy_and_keras_agree(name: NetworkName, steps: np.ndarray) -> None:
    shape = NetworkShape(name, n_inputs=7, units=5)
    arrays = arrays_of(shape)
    own = outputs(shape, arrays, steps, NumpyOps())
    assert own.shape == (9, 6 if name.endswith("gaussian") else 3)
    model = build_keras_model(shape)
    model.set_weights(arrays)
    np.testing.assert_allclose(own, np.asarray(model(steps)), atol=5e-6)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_input_matters(name: NetworkName, steps: np.ndarray) -> None:
    shape = NetworkShape(name, n_inputs=7, units=5)
    arrays = arrays_of(shape)
    before = outputs(shape, arrays, steps, NumpyOps())
    for step in range(WINDOW):
        for column in range(7):
            changed = steps.copy()
            changed[:, step, column] += 1.0
            assert np.abs(outputs(shape, arrays, changed, NumpyOps()) - before).max() > 1e-6


def test_losses_by_hand() -> None:
    from clew.networks.losses import normal_likelihood, squared_error

    targets = np.array([[1.0, 2.0], [0.0, 0.0]], dtype=np.float32)
    means = np.array([[1.0, 4.0], [3.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(np.asarray(squared_error(targets, means)), [2.0, 4.5])
    log_two = np.full((2, 2), np.log(2.0), dtype=np.float32)
    lost = np.asarray(normal_likelihood(targets, np.concatenate([means, log_two], axis=1)))
    # pulls 0 and 1, and 1.5 and 0, each with log 2
    np.testing.assert_allclose(lost, np.log(2.0) + np.array([0.25, 0.5625]), rtol=1e-6)


def test_the_likelihood_is_best_at_the_true_deviation() -> None:
    from clew.networks.losses import normal_likelihood

    targets = np.random.default_rng(0).normal(0, 3.0, (20_000, 1)).astype(np.float32)

    def lost(deviation: float) -> float:
        predicted = np.tile(np.array([[0.0, np.log(deviation)]], dtype=np.float32), (len(targets), 1))
        return float(np.mean(np.asarray(normal_likelihood(targets, predicted))))

    assert lost(3.0) < min(lost(2.7), lost(3.3))
