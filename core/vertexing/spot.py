"""How wide the beam spot is, from the distances of tracks from the beam line."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.trackfit import Tracks

__all__ = ["beam_spot_width"]

_ROUNDS: Final = 30
_MOST: Final = 4.0
"""Expected deviations within which a track counts; secondaries lie beyond."""

_LEAST: Final = 0.1
"""Of the error of the best track: less cannot be told from nothing."""


def beam_spot_width(tracks: Tracks) -> float:
    """Return the width [mm] of the beam spot in x and y; inf where no track tells it.

    d0 of tracks from the spot is spread by its width and by their own errors.  The likeliest width is found
    step by step: the mean of d0 squared less the errors', each track with the weight that its error leaves
    it.  The tracks of one vertex tell where that is, not how wide the spot is.
    """
    d0, variance = tracks.parameters[tracks.good, 0], tracks.covariance[tracks.good, 0, 0]
    if len(d0) == 0:
        return float("inf")
    least = _LEAST**2 * float(variance.min())
    width2 = float(np.median(d0**2))
    for _ in range(_ROUNDS):
        expected = width2 + variance
        weight = (d0**2 <= _MOST**2 * expected) / expected**2
        width2 = max(float(np.sum(weight * (d0**2 - variance)) / max(np.sum(weight), 1e-300)), least)
    return float(np.sqrt(width2))
