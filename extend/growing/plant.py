"""What growers in a loop share: where the free hits are, and which tracks remain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.hits.index import entries_of
from clew.hits.space import SearchSpace
from clew.tracks import NO_HIT, Candidates, Seeds

__all__ = ["Planted", "grown", "plant"]


class Planted(NamedTuple):
    """Triplets among the free hits of an event.

    Attributes
    ----------
    space : SearchSpace
    triplets : ndarray of shape (n_seeds, 3), int32
        As entries of the space; those of one first hit stand together.
    gains : ndarray of shape (n_seeds,), float64
    """

    space: SearchSpace
    triplets: Int32Array
    gains: Float64Array


def plant(hits: Hits, seeds: Seeds, free: FreeHits) -> Planted:
    """Find the seeds among the free hits."""
    space = free.space
    triplets, gains = _triplets(hits, seeds)
    return Planted(space, entries_of(space.row, len(hits))[triplets], gains)


def _triplets(hits: Hits, seeds: Seeds) -> tuple[Int32Array, Float64Array]:
    """Return the seeds as triplets with gains: of longer ones the first hits on their first three layers."""
    if seeds.gains is not None:
        return seeds.hits, seeds.gains
    triplets = Candidates.from_rows(seeds.hits).triplets(hits.layer_index)
    known = (hits.layer_index[triplets] >= 0).all(axis=1)  # no search finds hits on other layers
    return triplets[known], np.zeros(np.count_nonzero(known))


def grown(planted: Planted, tracks: Int32Array, gains: Float64Array, least_hits: int) -> Candidates:
    """Return the tracks that have enough hits as candidates, best gain first.

    Parameters
    ----------
    planted : Planted
    tracks : ndarray of shape (n, any), int32
        Entries of the space, inside out, NO_HIT elsewhere.
    gains : ndarray of shape (n,), float64
    least_hits : int
    """
    chosen = np.flatnonzero((tracks != NO_HIT).sum(axis=1) >= max(least_hits, 1))
    chosen = chosen[np.argsort(-gains[chosen], kind="stable")]
    rows = Candidates.from_rows(tracks[chosen])
    return Candidates(planted.space.row[rows.hits], rows.offsets)
