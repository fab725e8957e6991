"""A scanner for DBSCAN's settings: clusters places in the latent space with each and measures the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.event import Event
from clew.metrics.matching import Matching
from clew.metrics.tracks import metrics_above
from clew.seeding.condensation.seeder import cluster
from clew.seeding.graph.quality import shown_matching

__all__ = ["EPS", "MIN_SAMPLES", "Placed", "ScanRow", "best_row", "scan"]

EPS: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
MIN_SAMPLES: Final = (1, 3, 4)


@dataclass(frozen=True)
class Placed:
    """An event whose hits have places in a latent space.

    Attributes
    ----------
    event : Event
        With truth.
    shown : ndarray of shape (n_shown,), int64
        The hits by which particles and tracks are compared, such as those in pixels.
    rows : ndarray of shape (n_places,), int32
        The hit of each place.
    places : ndarray of shape (n_places, coordinates), float32
    """

    event: Event
    shown: Int64Array
    rows: Int32Array
    places: Float32Array

    def matching(self, eps: float, min_samples: int) -> Matching:
        """Cluster the places and compare the tracks with the particles."""
        labels = cluster(len(self.event.hits), self.rows, self.places, eps, min_samples)
        return shown_matching(self.event, labels, self.shown)


@dataclass(frozen=True)
class ScanRow:
    """A setting and its rates above the pT that was asked for, means over the events."""

    eps: float
    min_samples: int
    perfect: float
    double_majority: float
    lhc: float


def scan(
    events: Sequence[Placed],
    above: float = 0.9,
    eps: Sequence[float] = EPS,
    min_samples: Sequence[int] = MIN_SAMPLES,
) -> list[ScanRow]:
    """Measure each setting of DBSCAN by the tracks of particles with pT above a threshold [GeV]."""
    return [_row(events, above, distance, least) for least in min_samples for distance in eps]


def _row(events: Sequence[Placed], above: float, eps: float, min_samples: int) -> ScanRow:
    found = []
    for placed in events:
        assert placed.event.particles is not None
        metrics = metrics_above(placed.matching(eps, min_samples), placed.event.particles, above)
        found.append((metrics.perfect, metrics.double_majority, metrics.lhc))
    return ScanRow(eps, min_samples, *map(float, np.mean(found, axis=0)))


def best_row(rows: Sequence[ScanRow]) -> ScanRow:
    """Return the setting with most perfect and double-majority tracks; of equals the first."""
    return max(rows, key=lambda row: row.perfect + row.double_majority)
