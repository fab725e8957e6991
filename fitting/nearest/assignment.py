"""One owner per hit: a target wants its nearest hit, a hit goes to the nearest target that wants it."""

from __future__ import annotations

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.fitting.nearest.neighbours import nearest_hits
from clew.hits.index import HitIndex
from clew.kernels import kernel
from clew.records import RecordArray
from clew.tracks import NO_HIT

__all__ = ["assign_hits"]


def assign_hits(
    index: HitIndex, targets: RecordArray, barred: Int32Array, kind: int, k: int, maximum: float, n_hits: int
) -> Int32Array:
    """Match targets and hits one to one, so that no pair would rather have each other (stable matching).

    A target takes its nearest hit, and a nearer target steals it; the loser goes on to its next nearest.
    The result is that of giving away (target, hit) pairs by ascending distance, equal ones by number, and
    does not depend on the order of work.  Targets that lose all k neighbours look again among twice as
    many, as those of Finnie and Finnie's `fit_predictions` do.

    Parameters
    ----------
    index, targets, barred, kind, maximum
        As for clew.fitting.nearest.neighbours.nearest_hits.
    k : int
        Neighbours looked up at first.
    n_hits : int
        Hits of the event.

    Returns
    -------
    ndarray of shape (n_targets,), int32
        Each target's hit, NO_HIT for none.
    """
    owner = np.full(n_hits, -1, dtype=np.int64)
    held = np.full(n_hits, np.inf)
    seeking = np.arange(len(targets))
    while len(seeking):
        found, distances = nearest_hits(index, targets[seeking], barred[seeking], kind, k, maximum)
        seeking = _propose(seeking, found, distances, owner, held, len(targets))
        k *= 2
    taken = np.flatnonzero(owner >= 0)
    result = np.full(len(targets), NO_HIT, dtype=np.int32)
    result[owner[taken]] = taken
    return result


@kernel(owns=True)
def _propose(
    seeking: Int64Array,
    found: Int32Array,
    distances: Float64Array,
    owner: Int64Array,
    held: Float64Array,
    n_targets: int,
) -> Int64Array:
    """Let the seeking targets take hits; return those targets that are without but may find more.

    `owner` and `held` (each hit's target and its distance) are updated.  A target from an earlier round
    that loses its hit is returned too: its list of neighbours is not at hand.
    """
    place = np.full(n_targets, -1, dtype=np.int64)
    place[seeking] = np.arange(len(seeking))
    again = np.zeros(n_targets, dtype=np.bool_)
    tried = np.zeros(len(seeking), dtype=np.int64)
    width = found.shape[1]
    for first in seeking:
        target = first
        while target >= 0:
            row = place[target]
            if row < 0 or tried[row] == width:
                again[target] = True
                break
            hit, d = found[row, tried[row]], distances[row, tried[row]]
            if hit == NO_HIT:
                break
            tried[row] += 1
            if d < held[hit] or (d == held[hit] and target < owner[hit]):
                owner[hit], target = target, owner[hit]
                held[hit] = d
    return np.flatnonzero(again)
