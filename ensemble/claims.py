"""One label per hit by claims: candidates in the order of their gain take the hits that are still free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.ensemble.mean import mean_predictions
from clew.errors import ConfigError
from clew.event import Hits
from clew.kernels import kernel
from clew.tracks import Candidates, Predictions

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

    least_hits: int = 4
    least_free: float = 0.9


class ClaimsEnsemble:
    """Stage 4 for candidates that come ranked, the likeliest first."""

    def __init__(self, config: ClaimsConfig) -> None:
        if config.least_hits < 1:
            raise ConfigError(f"ensemble: least_hits is {config.least_hits}: it must be at least 1")
        if not 0 <= config.least_free <= 1:
            raise ConfigError(f"ensemble: least_free is {config.least_free}: it must be from 0 to 1")
        self.config = config

    def combine(self, predictions: Sequence[Predictions]) -> Predictions:
        """Return the mean of several extenders' predictions for the same windows."""
        return mean_predictions(predictions)

    def resolve(self, hits: Hits, candidates: Sequence[Candidates]) -> Int32Array:
        """Return one label per hit; see clew.stages.Ensemble."""
        pool = Candidates.concatenate([Candidates.empty(), *candidates])
        return _claim(pool.hits, pool.offsets, len(hits), self.config.least_hits, self.config.least_free)


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
