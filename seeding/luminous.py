"""Where along the beam line collisions are, from the tracks found so far."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.event import Hits
from clew.tracks import SEED_LENGTH, Candidates

__all__ = ["luminous_reach"]

_ENOUGH_TRACKS: Final = 100
_SHARE: Final = 0.98
_LEAST_GAP: Final = 1.0  # mm in r between the two hits of a track


def luminous_reach(hits: Hits, tracks: Candidates) -> float:
    """Return the |z| [mm] on the beam line within which nearly all tracks begin, inf if there are too few.

    A track is taken as straight through its first and its fifth hit.
    """
    if len(tracks) < _ENOUGH_TRACKS:
        return np.inf
    first, last = tracks.head(1)[:, 0], tracks.head(SEED_LENGTH)[:, -1]
    cot = (hits.z[last] - hits.z[first]) / np.maximum(hits.r[last] - hits.r[first], _LEAST_GAP)
    return float(np.quantile(np.abs(hits.z[first] - hits.r[first] * cot), _SHARE))
