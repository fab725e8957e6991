"""Networks in the loop on a detector that they were not trained on."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int64Array
from clew.detector import Detector, trackml
from clew.errors import ClewWarning, ConfigError
from clew.extend.growing.network import N_FEATURES, LoopNetwork

__all__ = ["on_layers_of"]

_OTHER_SHAPE: Final = 100.0
_OTHER_SIDE: Final = 0.05
"""By how much a disc on the other side is less alike: it decides between equals."""


def on_layers_of(weights: str | None, network: LoopNetwork, detector: Detector) -> LoopNetwork:
    """Return a network for the layers of a detector.

    One that knows the layers of the TrackML detector takes each layer of another one for that which is most
    like it: of the same shape, by its errors and its place.

    Parameters
    ----------
    weights : str or None
        What they are called; None where that others are taken has been told.
    network : LoopNetwork
    detector : Detector

    Raises
    ------
    ConfigError
        If the network knows another number of layers.

    Warns
    -----
    ClewWarning
        If layers are taken for others.
    """
    n_known = len(network.enter) - N_FEATURES
    if not len(network.recur):
        return network
    if n_known != len(trackml()):
        _require_number(weights or "of the network", n_known, detector)
        return network
    alike = _most_alike(detector)
    if np.array_equal(alike, np.arange(n_known)):
        return network
    if weights is not None:
        warnings.warn(
            f"weights {weights} know the layers of {trackml().name}: each of {detector.name} is taken for "
            "the most similar one; train a network for it, or use the extender kalman",
            ClewWarning,
            stacklevel=2,
        )
    enter = np.concatenate([network.enter[:N_FEATURES], network.enter[N_FEATURES + alike]])
    first = len(network.dense) - n_known
    dense = np.concatenate([network.dense[:first], network.dense[first + alike]])
    return network._replace(enter=enter, dense=dense)


def _require_number(weights: str, n_known: int, detector: Detector) -> None:
    if n_known != len(detector):
        raise ConfigError(
            f"weights {weights} know {n_known} layers, the detector {detector.name} has {len(detector)}: "
            "train a network for it, or use the extender kalman"
        )


def _most_alike(detector: Detector) -> Int64Array:
    """Return for each layer the dense index of the most similar one of the TrackML detector."""
    own, known = _looks(detector), _looks(trackml())
    alike: Int64Array = np.argmin(np.abs(own[:, None] - known).sum(axis=2), axis=1)
    return alike


def _looks(detector: Detector) -> Float64Array:
    """Return what layers are compared by, shape (n_layers, 6): what differs by a factor of e counts 1."""
    surfaces = detector.surfaces
    barrel, middle = surfaces["barrel"], 0.5 * (surfaces["low"] + surfaces["high"])
    position = surfaces["position"]
    return np.stack(
        [
            np.where(barrel, _OTHER_SHAPE, 0.0),
            np.where(barrel, 0.0, np.sign(position)) * _OTHER_SIDE,
            np.log(surfaces["across"]),
            np.log(surfaces["along"]),
            np.log(np.abs(position) + 1.0),
            np.where(barrel, 0.0, np.log(middle + 1.0)),
        ],
        axis=1,
    )
