"""Parts of the detector by which metrics are told: its classes of layers, and all of it."""

from __future__ import annotations

import numpy as np

from clew.arrays import BoolArray
from clew.detector import Detector

__all__ = ["parts_of"]


def parts_of(detector: Detector) -> dict[str, BoolArray]:
    """Return by name which layers each part has, shape (n_layers,) each.

    >>> from clew.detector import trackml
    >>> list(parts_of(trackml()))[:2]
    ['pixel barrel', 'pixel discs']
    """
    kinds = np.array([layer.kind for layer in detector.layers])
    parts = {name.replace("endcap", "discs"): kinds == name for name in detector.classes}
    return parts | {"all": np.ones(len(detector), dtype=np.bool_)}
