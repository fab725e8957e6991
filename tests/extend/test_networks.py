"""The compiled networks give what Keras gives, and the paper's networks have the paper's sizes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import pytest

from clew.errors import ConfigError
from clew.event import Event
from clew.extend.windows.compiled import CompiledNetwork
from clew.extend.windows.extender import NetworkConfig, NetworkExtender
from clew.extend.windows.networks import NETWORKS, build_network
from clew.extend.windows.records import load_weights, weight_shapes


@pytest.mark.parametrize(
    ("network", "millions"),
    [("bilstm-1024-512", 18.9), ("lstm-2048", 16.8), ("lstm-1024", 4.2), ("lstm-256-512-1024", 8.1)],
)
def test_the_papers_networks_have_its_numbers_of_parameters(network: str, millions: float) -> None:
    assert round(sum(prod(shape) for shape in weight_shapes(network, "zeros")) / 1e6, 1) == millions


@pytest.mark.parametrize("network", ["lstm-32", "bilstm-64-32"])
def test_compiled_outputs_are_keras_outputs(network: str, random_weights: Callable[[str], Path]) -> None:
    weights = load_weights(str(random_weights(network)))
    model = build_network(network, "helix")
    assert [array.shape for array in model.get_weights()] == weight_shapes(network, "helix")
    model.set_weights(weights.arrays)
    inputs = np.random.default_rng(0).normal(0, 2, (300, 10, 16)).astype(np.float32)
    expected = model.predict(inputs, batch_size=300, verbose=0)
    np.testing.assert_allclose(CompiledNetwork(network, weights.arrays).predict(inputs), expected, atol=3e-6)


def test_saturated_gates_stay_finite(random_weights: Callable[[str], Path]) -> None:
    network = CompiledNetwork("lstm-32", load_weights(str(random_weights("lstm-32"))).arrays)
    outputs = network.predict(np.full((2, 10, 16), 1e4, dtype=np.float32))
    assert np.isfinite(outputs).all()


def test_compiled_batches_do_not_know_of_each_other(random_weights: Callable[[str], Path]) -> None:
    network = CompiledNetwork("lstm-32", load_weights(str(random_weights("lstm-32"))).arrays)
    inputs = np.random.default_rng(1).normal(size=(768, 10, 16)).astype(np.float32)
    parts = [network.predict(inputs[start : start + 256]) for start in (0, 256, 512)]
    np.testing.assert_array_equal(network.predict(inputs), np.concatenate(parts))


def test_no_windows(toy: Event, random_weights: Callable[[str], Path]) -> None:
    config = NetworkConfig(weights=str(random_weights("lstm-32")))
    predictions = NetworkExtender(config).extend(toy.hits, np.zeros((0, 5), dtype=np.int32))
    assert predictions.points.shape == (0, 5, 4)


def test_unknown_network_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown network 'lstm-9': choose one of .*lstm-64"):
        weight_shapes("lstm-9", "helix")
    assert "lstm-64" in NETWORKS


def test_inference_does_not_import_keras() -> None:
    code = (
        "import sys; from clew.extend.windows.extender import NetworkConfig, NetworkExtender;"
        "NetworkExtender(NetworkConfig()); sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
