"""A layer as kernels see it: where its modules are, how well they measure, and the hits that it has."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.records import record_dtype

__all__ = ["SURFACE", "Surface"]


class Surface:
    """Fields of a layer's record; lengths in mm.

    The last six change from event to event: `clew.hits` fills them in.

    Attributes
    ----------
    barrel : bool
        Whether the layer is a cylinder; else it is a disc.
    supports : bool
        Whether support structures stand before it, which scatter tracks further.
    position : float
        Radius of a cylinder, z of a disc.
    low, high : float
        Where its modules begin and end: in abs(z) on a cylinder, in r on a disc.
    across, along : float
        Error of a hit across its module's length (r*phi on a cylinder) and along it (z on a cylinder, r on a
        disc).
    depth : float
        By how much modules stand before or behind `position`.
    edge : float
        By how much a crossing may lie outside `low` and `high`.
    ahead, again : float
        Least arc to the layer from another one, and from the layer itself.
    longest : float
        Longest arc to the layer.
    step : float
        How far ahead at most the field is looked up before that arc is known.
    loose, slack : float
        By how much a straight line may miss the layer that a helix meets: in z on a cylinder, in r on a disc.
    spread : float
        Largest error of a crossing that widens `low` and `high`.
    least_r : float
        Hits are not nearer to the beam line.
    radiation_lengths, most_obliquity : float
        Thickness that is crossed at a right angle, and by how much more a slanting track crosses at most.
    coarse_across, coarse_along : float
        Errors of hits in searches that do not follow a track's covariance.
    r_low, r_high, z_low, z_high : float
        Range of the hits on the layer.
    density : float
        Hits per mm2 on a cylinder; on a disc hits per mm2 times r2.
    max_background : float
        See clew.fitting.nearest.road.
    """

    barrel: bool
    supports: bool
    position: float
    low: float
    high: float
    across: float
    along: float
    depth: float
    edge: float
    ahead: float
    again: float
    longest: float
    step: float
    loose: float
    slack: float
    spread: float
    least_r: float
    radiation_lengths: float
    most_obliquity: float
    coarse_across: float
    coarse_along: float
    r_low: float
    r_high: float
    z_low: float
    z_high: float
    density: float
    max_background: float


SURFACE: Final[np.dtype[np.void]] = record_dtype(Surface)
