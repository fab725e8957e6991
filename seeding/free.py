"""Any seeder may stand in a list of passes: a search of a whole event is handed the free hits alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from clew.event import Hits
from clew.hits.free import FreeHits
from clew.tracks import Candidates, Seeds

__all__ = ["seed_free"]


def seed_free(find: Callable[[Hits], Seeds], hits: Hits, free: FreeHits) -> Seeds:
    """Return what a search of a whole event finds in one of the free hits only.

    Parameters
    ----------
    find : callable
        Finds seeds among all hits that it gets.
    hits : Hits
    free : FreeHits

    Returns
    -------
    Seeds
        Named by the rows of `hits`.
    """
    if free.mask.all():
        return find(hits)
    chosen = np.flatnonzero(free.mask)
    seeds = find(hits.select(chosen))
    rows = chosen.astype(np.int32)
    return replace(
        seeds, hits=rows[seeds.hits], found=Candidates(rows[seeds.found.hits], seeds.found.offsets)
    )
