"""The best triplets of each first hit, as a search finds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import Detector
from clew.hits.space import SearchSpace
from clew.kernels import kernel
from clew.tracks import Candidates, Seeds

__all__ = ["Triplets", "first_hits", "insert_triplet", "no_triplets", "seeds_of"]


class Triplets(NamedTuple):
    """The best triplets of each first hit.

    Attributes
    ----------
    hits : ndarray of shape (n_first, width, 3), int32
        Entries of the search space, -1 where a first hit has fewer.
    gains : ndarray of shape (n_first, width), float64
        Gain of the third hit, highest first; see clew.fitting.likelihood.
    """

    hits: Int32Array
    gains: Float64Array


def first_hits(space: SearchSpace, detector: Detector, layers: Sequence[str], most: int) -> Int64Array:
    """Return the entries on some layers at which seeds may begin, none if they are more than `most`."""
    firsts = space.on_layers(detector.select(layers))
    return firsts if len(firsts) <= most else firsts[:0]


def no_triplets(n_first: int, width: int) -> Triplets:
    """Return places for the best triplets of so many first hits."""
    return Triplets(np.full((n_first, width, 3), -1, dtype=np.int32), np.full((n_first, width), -np.inf))


@kernel(force=True)
def insert_triplet(hits: Int32Array, gains: Float64Array, triplet: tuple[int, int, int], gain: float) -> None:
    """Put a triplet among the others, which are ranked by gain; the worst falls out."""
    rank = len(gains)
    while rank > 0 and gains[rank - 1] < gain:
        rank -= 1
        if rank + 1 < len(gains):
            gains[rank + 1] = gains[rank]
            for k in range(3):
                hits[rank + 1, k] = hits[rank, k]
    if rank < len(gains):
        gains[rank] = gain
        hits[rank, 0], hits[rank, 1], hits[rank, 2] = triplet


def seeds_of(space: SearchSpace, triplets: Triplets, least_hits: int, least_gain: float) -> Seeds:
    """Return triplets as seeds of tracks that are to have so many hits and gain so much."""
    filled = triplets.hits[:, :, 0] >= 0
    rows: Int32Array = space.row[triplets.hits[filled]]
    return Seeds(rows, Candidates.empty(), triplets.gains[filled], least_hits, least_gain)
