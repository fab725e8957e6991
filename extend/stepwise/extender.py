"""The extender of SPRACE: a network reads the last four hits of each window and predicts the next one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from clew.arrays import BoolArray, Int32Array
from clew.event import Hits
from clew.extend.stepwise.network import StepwiseNetwork
from clew.extend.stepwise.windows import WINDOW
from clew.networks.shipped import weights_path
from clew.tracks import Predictions

__all__ = ["StepwiseConfig", "StepwiseExtender", "shipped_network"]


@dataclass(frozen=True)
class StepwiseConfig:
    """Settings of the extender.

    Attributes
    ----------
    weights : str
        Shipped weights of a network of `clew.extend.stepwise.networks`, by name, or an .npz.
    """

    weights: str = "step-lstm-gaussian"


@lru_cache(maxsize=16)
def shipped_network(name: str) -> StepwiseNetwork:
    """Return the network whose weights ship under a name, or lie in the given .npz file."""
    return StepwiseNetwork.load(weights_path("clew.extend.weights", name))


class StepwiseExtender:
    """Predicts one hit at a time, outwards; the weights are read when it is made."""

    def __init__(self, config: StepwiseConfig) -> None:
        self._network = shipped_network(config.weights)

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict one step of each window; see `clew.stages.Extender`.

        In local coordinates a second prediction is for the layer behind: let the fitting take one hit only.
        The networks have learnt the way outwards only: windows that go inwards get no prediction.
        """
        predictions = self._network.predict(hits, windows[:, -WINDOW:])
        predictions.points[_goes_inwards(hits, windows)] = np.nan
        return predictions


def _goes_inwards(hits: Hits, windows: Int32Array) -> BoolArray:
    first, last = (np.hypot(hits.r[windows[:, k]], hits.z[windows[:, k]]) for k in (0, -1))
    return last < first
