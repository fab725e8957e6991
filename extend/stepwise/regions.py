"""Which true tracks a training or a study takes: SPRACE's regions of the detector, and its cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np

from clew.arrays import Int64Array
from clew.settings import within
from clew.tracksets import Tracks

__all__ = ["ETA_RANGES", "RegionConfig", "RegionName", "chosen_tracks"]

RegionName = Literal["internal", "overlap", "external", "all"]

ETA_RANGES: Final[dict[RegionName, tuple[float, float]]] = {
    "internal": (0.0, 1.0),
    "overlap": (1.0, 2.0),
    "external": (2.0, 3.0),
    "all": (0.0, np.inf),
}
"""Least |eta| of each region, and the |eta| below which it ends."""


@dataclass(frozen=True)
class RegionConfig:
    """A choice among true tracks; everything by default.

    Attributes
    ----------
    eta : "internal", "overlap", "external" or "all"
        By the pseudorapidity of the momentum at the vertex.
    most_phi : float, rad
        Largest |phi| of the momentum at the vertex.
    least_pt : float, GeV
    hits : int
        Hits that a track must have exactly; 0 for any number.
    """

    eta: RegionName = "all"
    most_phi: Annotated[float, within(0.001, 10)] = 3.15
    least_pt: Annotated[float, within(0, 100)] = 0.0
    hits: Annotated[int, within(0, 100)] = 0


def chosen_tracks(tracks: Tracks, region: RegionConfig) -> Int64Array:
    """Return the numbers of the tracks in a region, ascending, shape (n,), int64."""
    momentum = tracks.momentum.astype(np.float64)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    eta = np.abs(np.arcsinh(momentum[:, 2] / np.maximum(pt, 1e-9)))
    phi = np.abs(np.arctan2(momentum[:, 1], momentum[:, 0]))
    low, high = ETA_RANGES[region.eta]
    inside = (eta >= low) & (eta < high) & (phi < region.most_phi) & (pt > region.least_pt)
    if region.hits:
        inside &= tracks.lengths == region.hits
    return np.flatnonzero(inside)
