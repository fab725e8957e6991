"""How wide the beam spot is, from the distances of tracks from the beam line."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.trackfit import Tracks

__all__ = ["beam_spot_width"]

_BEST: Final = 0.25
"""Share of the tracks that is used: those whose distance is known best."""

_ROUNDS: Final = 5
_MOST: Final = 4.0
"""Widths within which a track counts; secondaries lie beyond."""

_ONE_SIGMA: Final = 0.6827
_LEAST: Final = 0.1
"""Of the tracks' error: less cannot be told from nothing."""


def beam_spot_width(tracks: Tracks) -> float:
    """Return the width [mm] of the beam spot in x and y; inf where no track tells it.

    d0 of tracks from the spot is spread by its width and by their errors, which are taken away; the spread is
    that of the central 68%.  The tracks of one vertex tell where that is, not how wide the spot is.
    """
    d0, variance = tracks.parameters[tracks.good, 0], tracks.covariance[tracks.good, 0, 0]
    if len(d0) == 0:
        return float("inf")
    best = variance <= np.quantile(variance, _BEST)
    distance, error2 = np.abs(d0[best]), float(np.median(variance[best]))
    spread = float(np.quantile(distance, _ONE_SIGMA))
    for _ in range(_ROUNDS):
        spread = float(np.quantile(distance[distance <= _MOST * spread], _ONE_SIGMA))
    return float(np.sqrt(max(spread**2 - error2, _LEAST**2 * error2)))
