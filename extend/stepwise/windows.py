"""Windows of four hits along true tracks, and what follows them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.tracks import NO_HIT
from clew.tracksets import Tracks

__all__ = ["WINDOW", "TrueWindows", "windows_along"]

WINDOW: Final = 4
"""Hits that a network reads."""


class TrueWindows(NamedTuple):
    """Windows of true tracks, outwards.

    Attributes
    ----------
    rows : ndarray of shape (n, WINDOW), int32
        Rows of the tracks' hits.
    following : ndarray of shape (n, WINDOW), int32
        The track's hits after the window, nearest first, as many as a window has, then NO_HIT.
    """

    rows: Int32Array
    following: Int32Array


def windows_along(tracks: Tracks, chosen: Int64Array) -> TrueWindows:
    """Return every window of the chosen tracks that another hit follows, track by track."""
    counts = np.maximum(tracks.lengths[chosen] - WINDOW, 0)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    first = np.repeat(tracks.offsets[chosen], counts) + within
    end = np.repeat(tracks.offsets[chosen + 1], counts)[:, None]
    steps = np.arange(WINDOW)
    ahead = first[:, None] + WINDOW + steps
    following = np.where(ahead < end, ahead, NO_HIT)
    return TrueWindows((first[:, None] + steps).astype(np.int32), following.astype(np.int32))
