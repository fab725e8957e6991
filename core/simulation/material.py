"""Where the detector has material that hadrons interact with, in interaction lengths.

The thicknesses are fitted: as many secondaries begin at each place as in the TrackML data.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array
from clew.detector import Modules
from clew.records import RecordArray, record_dtype
from clew.simulation.transport import Crossings

__all__ = ["LAYER_DEPTH", "LEAST_COSINE", "MATERIAL", "Cylinder", "Disc", "Material", "module_depth"]

_MODULES: Final = {
    7: (0.0022,) * 4 + (0.0033,) * 3,
    8: (0.0018, 0.0028, 0.0026, 0.0022),
    9: (0.0033,) * 3 + (0.0022,) * 4,
    12: (0.0066,) * 6,
    13: (0.0036, 0.0040, 0.0036, 0.0037),
    14: (0.0066,) * 6,
    16: (0.0058,) * 6,
    17: (0.0053, 0.0053),
    18: (0.0058,) * 6,
}
"""Thickness of the modules of each layer, by volume."""

_OUTERMOST: Final = 1000.0  # mm
"""Distance from the beam line beyond which nothing interacts: no secondary of the data begins farther out."""

LAYER_DEPTH: Final = 10.0  # mm
"""Modules and supports of one layer are closer to each other than this, those of two layers are not."""


class Cylinder:
    """Fields of a passive cylinder.

    Attributes
    ----------
    radius, half_length : float, mm
    thickness : float
        In interaction lengths.
    """

    radius: float
    half_length: float
    thickness: float


class Disc:
    """Fields of passive discs, one on each side.

    Attributes
    ----------
    z, low, high : float, mm
        abs(z), inner and outer radius.
    thickness : float
        In interaction lengths.
    """

    z: float
    low: float
    high: float
    thickness: float


_CYLINDERS: Final = np.array(
    [
        (19.0, 510.0, 0.0018),
        (35.5, 493.0, 0.0031),
        (75.0, 493.0, 0.0029),
        (118.8, 493.0, 0.0033),
        (174.7, 493.0, 0.0030),
        (200.0, 800.0, 0.0023),
        (200.0, 2800.0, 0.0047),
        (255.4, 1086.0, 0.0082),
        (355.1, 1086.0, 0.0045),
        (494.9, 1086.0, 0.0041),
        (654.7, 1086.0, 0.0035),
        (814.6, 1086.0, 0.0052),
    ],
    dtype=record_dtype(Cylinder),
)

_PIXEL_DISCS: Final = (600.0, 700.0, 820.0, 960.0, 1100.0, 1300.0, 1500.0)
_STRIP_DISCS: Final = (1220.0, 1500.0, 1800.0, 2150.0, 2550.0, 2950.0)
_DISCS: Final = np.array(
    [(570.6, 29.0, 85.0, 0.0150), (570.6, 29.0, 177.2, 0.0120)]
    + [(z, 29.0, 177.2, 0.0038) for z in _PIXEL_DISCS]
    + [(1182.7, 235.0, 706.1, 0.0095), (1181.9, 745.0, _OUTERMOST, 0.0165)]
    + [(z, 235.0, 706.1, 0.0080) for z in _STRIP_DISCS]
    + [(z, 745.0, _OUTERMOST, 0.0125) for z in _STRIP_DISCS],
    dtype=record_dtype(Disc),
)

LEAST_COSINE: Final = 0.02
"""Cosine to the normal of a surface below which a path meets no more of it."""


class Material(NamedTuple):
    """The passive material: records of `Cylinder` and of `Disc`."""

    cylinders: RecordArray
    discs: RecordArray


MATERIAL: Final = Material(_CYLINDERS, _DISCS)


def module_depth(crossings: Crossings, modules: Modules) -> Float64Array:
    """Return the interaction lengths of the modules that are crossed, along the path."""
    lengths = np.zeros((32, 8))
    for volume, layers in _MODULES.items():
        lengths[volume, 1 : len(layers) + 1] = layers
    place = crossings.module
    local = modules.to_local(place, crossings.momentum)
    cosine = np.abs(local[:, 2]) / np.linalg.norm(local, axis=1)
    inside = np.hypot(crossings.position[:, 0], crossings.position[:, 1]) < _OUTERMOST
    depth = lengths[modules.volume[place], modules.layer[place] // 2]
    return np.where(inside, depth, 0.0) / np.maximum(cosine, LEAST_COSINE)
