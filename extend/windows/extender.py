"""The learned extender: a recurrent network that corrects the helix or, as in the paper, works alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from clew.arrays import Int32Array
from clew.event import Hits
from clew.extend.windows.compiled import CompiledNetwork
from clew.extend.windows.features import predict, query
from clew.extend.windows.helix import HelixConfig
from clew.extend.windows.records import load_weights
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
    helix : HelixConfig
        Of the helix that prompts the network.
    """

    weights: str = "lstm-64"
    network: str | None = None
    helix: HelixConfig = field(default_factory=HelixConfig)


class NetworkExtender:
    """Predicts with a trained network; the weights are read when it is made."""

    def __init__(self, config: NetworkConfig) -> None:
        self._config = config
        self._weights = load_weights(config.weights, config.network)
        self._network = CompiledNetwork(self._weights.network, self._weights.arrays)

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict what follows each window; see `clew.stages.Extender`."""
        prompt = self._weights.prompt
        queries = query(hits, windows, prompt, self._config.helix)
        outputs = self._network.predict(queries.inputs)
        return predict(queries, outputs[:, SEED_LENGTH:], prompt)
