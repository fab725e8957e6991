"""The parts of the detector by which metrics are told."""

from __future__ import annotations

import numpy as np

from clew.detector import trackml
from clew.metrics.parts import parts_of


def test_parts_are_the_classes_of_layers_and_all() -> None:
    detector = trackml()
    parts = parts_of(detector)
    known = {
        "pixel barrel": (8,),
        "pixel discs": (7, 9),
        "short strip barrel": (13,),
        "short strip discs": (12, 14),
        "long strip barrel": (17,),
        "long strip discs": (16, 18),
    }
    assert list(parts) == [*known, "all"]
    for name, volumes in known.items():
        np.testing.assert_array_equal(parts[name], np.isin(detector.volume, volumes))
    assert parts["all"].all()
