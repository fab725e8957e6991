"""The networks by name: the four of Finnie and Finnie, and small ones that ship with their weights.

Each is a stack of recurrent layers and a dense layer of four linear outputs per step.  Models are built with
Keras 3 and run on any of its backends; Keras is imported only when a model is built.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from clew.errors import ConfigError
from clew.extend.windows.features import N_INPUTS, N_OUTPUTS, Prompt
from clew.extend.windows.helix import N_STEPS
from clew.networks.keras import import_keras
from clew.tracks import SEED_LENGTH

__all__ = ["NETWORKS", "Layer", "build_network", "layers_of"]


class Layer(NamedTuple):
    """One recurrent layer: its number of units per direction, and whether it runs in both directions."""

    units: int
    both_ways: bool = False


NETWORKS: Final[dict[str, tuple[Layer, ...]]] = {
    "bilstm-1024-512": (Layer(1024, True), Layer(512, True)),
    "lstm-2048": (Layer(2048),),
    "lstm-1024": (Layer(1024),),
    "lstm-256-512-1024": (Layer(256), Layer(512), Layer(1024)),
    "lstm-32": (Layer(32),),
    "lstm-64": (Layer(64),),
    "lstm-128": (Layer(128),),
    "bilstm-32": (Layer(32, True),),
    "bilstm-64-32": (Layer(64, True), Layer(32, True)),
}
"""Recurrent layers of each network; the first four are the paper's."""


def layers_of(network: str) -> tuple[Layer, ...]:
    """Return a network's recurrent layers; raises ConfigError for an unknown name."""
    if network not in NETWORKS:
        raise ConfigError(f"unknown network {network!r}: choose one of {', '.join(NETWORKS)}")
    return NETWORKS[network]


def build_network(network: str, prompt: Prompt) -> Any:
    """Build an untrained Keras model, (n, 10, N_INPUTS[prompt]) in and (n, 10, N_OUTPUTS) out."""
    keras = import_keras()
    model = keras.Sequential(name=network)
    model.add(keras.Input((SEED_LENGTH + N_STEPS, N_INPUTS[prompt])))
    for layer in layers_of(network):
        # Ten unrolled steps run faster in small layers; in large ones cuDNN's own loop is better.
        unroll = layer.units <= 128
        cell = keras.layers.LSTM(layer.units, return_sequences=True, unroll=unroll)
        model.add(keras.layers.Bidirectional(cell) if layer.both_ways else cell)
    model.add(keras.layers.Dense(N_OUTPUTS))
    return model
