"""One label per hit by claims: candidates in the order of their gain take the hits that are still free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.ensemble.passes import added
from clew.event import Hits
from clew.kernels import kernel
from clew.settings import within
from clew.tracks import Candidates

__all__ = ["ClaimsConfig", "ClaimsEnsemble"]


@dataclass(frozen=True)
class ClaimsConfig:
    """Settings of ClaimsEnsemble.

    Attributes
    ----------
    least_hits : int
        Candidates that find fewer of their hits free make no track.
    least_free : float
        Candidates that find a smaller fraction of their hits free make no track.
    """

    least_hits: Annotated[int, within(1, 100)] = 4
    least_free: Annotated[float, within(0, 1)] = 0.9


class ClaimsEnsemble:
    """Stage 4 for candidates that come ranked, the likeliest first."""

    def __init__(self, config: ClaimsConfig) -> None:
        self.config = config

    def resolve(self, hits: Hits, candidates: Sequence[Candidates], labels: Int32Array) -> Int32Array:
        """Return labels with one more pass; see clew.stages.Ensemble."""
        pool = Candidates.concatenate([Candidates.empty(), *candidates])
        least = (self.config.least_hits, self.config.least_free)
        return added(labels, _claim(pool.hits, pool.offsets, len(hits), *least))


@kernel(owns=True)
def _claim(
    hits: Int32Array, offsets: Int64Array, n_hits: int, least_hits: int, least_free: float
) -> Int32Array:
    labels = np.zeros(n_hits, dtype=np.int32)
    track = 0
    for i in range(len(offsets) - 1):
        own = hits[offsets[i] : offsets[i + 1]]
        free = 0
        for hit in own:
            free += labels[hit] == 0
        if free < least_hits or free < least_free * len(own):
            continue
        track += 1
        for hit in own:
            if labels[hit] == 0:
                labels[hit] = track
    return labels
