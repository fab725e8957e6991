"""Which way the modules of discs point: their strips lie along the radius at the module's centre."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.event import Hits

__all__ = ["strip_azimuth"]

_RINGS: Final = {
    (7, 9): ((103.0, 40), (np.inf, 68)),
    (12, 14): ((394.0, 54), (546.0, 56), (np.inf, 60)),
    (16, 18): ((885.0, 48), (np.inf, 50)),
}
"""For each kind of disc the rings of modules: up to which r [mm], and how many evenly spaced ones."""

_MOST_MODULES: Final = 256


def strip_azimuth(hits: Hits) -> Float64Array:
    """Return for each hit on a disc the azimuth [rad] of its module's centre, else the hit's own, float64.

    All discs of a volume are alike, so the mean azimuth of the hits that a module number has on any of
    them tells which of the ring's evenly spaced modules it is.
    """
    azimuth = hits.phi.astype(np.float64)
    for volumes, rings in _RINGS.items():
        for volume in volumes:
            known = (hits.module >= 0) & (hits.module < _MOST_MODULES)
            rows = np.flatnonzero((hits.volume == volume) & known)
            module = hits.module[rows]
            n = np.maximum(np.bincount(module, minlength=_MOST_MODULES), 1)
            x, y, r = (
                np.bincount(module, place[rows], minlength=_MOST_MODULES) / n
                for place in (hits.x, hits.y, hits.r)
            )
            edges, counts = np.array(rings).T
            spacing = 2.0 * np.pi / counts[np.searchsorted(edges, r)]
            centre = (np.floor((np.arctan2(y, x) + np.pi) / spacing) + 0.5) * spacing - np.pi
            azimuth[rows] = centre[module]
    return azimuth
