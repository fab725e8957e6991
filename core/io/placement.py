"""Whether hits lie where their detector has layers: wrong units, swapped axes, other detectors show here."""

from __future__ import annotations

import warnings
from typing import Final, NamedTuple

import numpy as np

from clew.errors import ClewWarning, InputError
from clew.event import Hits

__all__ = ["Misplaced", "check_placement", "first_outside", "misplaced_hits"]

_NOTABLE: Final = 0.01
"""Share of the hits that may lie off their layers without a word."""

_NEARLY_ALL: Final = 0.9
"""Share of the hits off their layers at which an event is refused."""


class Misplaced(NamedTuple):
    """Hits off the surfaces of their layers.

    Attributes
    ----------
    share : float
        Of all hits.
    median : float
        By how much they are off, mm, in the coordinate in which most of them are.
    axis : "r" or "z"
        That coordinate.
    """

    share: float
    median: float
    axis: str


def misplaced_hits(hits: Hits) -> Misplaced:
    """Return how many hits are not where their layers have modules; hits on unknown layers are left out.

    A hit may be off `lengths.depth` across its layer, in r on a cylinder and in z on a disc, and lie
    `lengths.edge` beyond its ends, in abs(z) and in r.
    """
    known = hits.layer_index >= 0
    layer = hits.layer_index[known]
    if len(layer) == 0:
        return Misplaced(0.0, 0.0, "r")
    surfaces = hits.detector.surfaces
    barrel, position, low, high, depth, edge = (
        surfaces[name][layer] for name in ("barrel", "position", "low", "high", "depth", "edge")
    )
    r, z = hits.r[known].astype(np.float64), hits.z[known].astype(np.float64)
    across = np.abs(np.where(barrel, r, z) - position)
    place = np.where(barrel, np.abs(z), r)
    beyond = np.abs(place - np.clip(place, low, high))
    off = (across > depth) | (beyond > edge)
    if not off.any():
        return Misplaced(0.0, 0.0, "r")
    farther = np.maximum(across, beyond)[off]
    in_r = (barrel == (across >= beyond))[off]
    mostly_r = 2 * in_r.sum() >= len(in_r)
    return Misplaced(float(off.mean()), float(np.median(farther[in_r == mostly_r])), "r" if mostly_r else "z")


def first_outside(hits: Hits) -> int | None:
    """Return the row of the first hit that is farther out than any layer reaches, or None.

    `lengths.depth` and `lengths.edge` are added to the largest radius and abs(z) of the layers.
    """
    surfaces = hits.detector.surfaces
    if len(surfaces) == 0:
        return None
    across = np.abs(surfaces["position"]) + surfaces["depth"]
    along = surfaces["high"] + surfaces["edge"]
    r = np.where(surfaces["barrel"], across, along).max()
    z = np.where(surfaces["barrel"], along, across).max()
    outside = np.flatnonzero((hits.r > r) | (np.abs(hits.z) > z))
    return int(outside[0]) if len(outside) else None


def check_placement(hits: Hits, event_id: int) -> None:
    """Warn where a notable share of the hits of an event is off; raise InputError where nearly all are."""
    share, median, axis = misplaced_hits(hits)
    if share <= _NOTABLE:
        return
    message = (
        f"event {event_id}: {100 * share:.0f}% of the hits lie off the surfaces of their layers "
        f"(median {median:.1f} mm in {axis}): wrong units, swapped axes, or another detector"
    )
    if share >= _NEARLY_ALL:
        raise InputError(f"{message} than {hits.detector.name}")
    warnings.warn(f"{message} than {hits.detector.name}", ClewWarning, stacklevel=3)
