"""The learned extender: a recurrent network that corrects the helix or, as in the paper, works alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from clew.arrays import Float32Array, Int32Array
from clew.event import Hits
from clew.extend.windows.compiled import CompiledNetwork
from clew.extend.windows.features import predict, query
from clew.extend.windows.helix import HelixConfig
from clew.extend.windows.networks import build_network
from clew.extend.windows.records import Weights, load_weights
from clew.tracks import SEED_LENGTH, Predictions

__all__ = ["NetworkConfig", "NetworkExtender"]


@dataclass(frozen=True)
class NetworkConfig:
    """Settings of the learned extender.

    Attributes
    ----------
    weights : str
        Name of shipped weights, or path of an .npz with its record beside it.
    network : str or None
        The network that the weights must belong to; None for whichever they are of.
    engine : "compiled" or "keras"
        "keras" needs the extra `train` and runs on any Keras backend.
    batch : int
        Windows at a time ("keras" only).
    helix : HelixConfig
        Of the helix that prompts the network.
    """

    weights: str = "lstm-64"
    network: str | None = None
    engine: Literal["compiled", "keras"] = "compiled"
    batch: int = 4096
    helix: HelixConfig = field(default_factory=HelixConfig)


class _Engine(Protocol):
    def predict(self, inputs: Float32Array) -> Float32Array: ...


class NetworkExtender:
    """Predicts with a trained network; the weights are read when it is made."""

    def __init__(self, config: NetworkConfig) -> None:
        self._config = config
        self._weights = load_weights(config.weights, config.network)
        self._engine = _make_engine(config, self._weights)

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict what follows each window; see `clew.stages.Extender`."""
        prompt = self._weights.prompt
        queries = query(hits, windows, prompt, self._config.helix)
        outputs = self._engine.predict(queries.inputs)
        return predict(queries, outputs[:, SEED_LENGTH:], prompt)


def _make_engine(config: NetworkConfig, weights: Weights) -> _Engine:
    if config.engine == "compiled":
        return CompiledNetwork(weights.network, weights.arrays)
    model = build_network(weights.network, weights.prompt)
    model.set_weights(weights.arrays)
    return _KerasEngine(model, config.batch)


@dataclass(frozen=True)
class _KerasEngine:
    model: Any
    batch: int

    def predict(self, inputs: Float32Array) -> Float32Array:
        if not len(inputs):
            return inputs[..., : self.model.output_shape[-1]]
        outputs: Float32Array = self.model.predict(inputs, batch_size=self.batch, verbose=0)
        return outputs
