"""What transforms work on: hits with their station and their particle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import Detector, trackml
from clew.errors import InputError
from clew.event import Event

__all__ = ["Points", "points_of"]


@dataclass(frozen=True)
class Points:
    """Hits of one event.

    Attributes
    ----------
    values : ndarray of shape (n, 3), float64
        x, y, z [mm] at first; transforms change what they mean.
    station : ndarray of shape (n,), int32
        Place of the hit's layer in `detector.layers`.
    particle : ndarray of shape (n,), int64
        particle_id, 0 for fakes.
    row : ndarray of shape (n,), int64
        Row of the hit in its event.
    bucket : ndarray of shape (n,), int32
        0 before the transform `buckets`.
    detector : Detector
    """

    values: Float64Array
    station: Int32Array
    particle: Int64Array
    row: Int64Array
    bucket: Int32Array
    detector: Detector = field(default_factory=trackml)

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: BoolArray | Int64Array) -> Points:
        """Return some of the hits, by mask or by place."""
        return replace(
            self,
            values=self.values[chosen],
            station=self.station[chosen],
            particle=self.particle[chosen],
            row=self.row[chosen],
            bucket=self.bucket[chosen],
        )


def points_of(event: Event) -> Points:
    """Return the hits of an event with truth, in its order; raises InputError if it has none."""
    if event.truth is None:
        raise InputError(f"event {event.event_id} has no truth: add its truth file")
    hits, n = event.hits, len(event.hits)
    values = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    return Points(
        values,
        hits.layer_index,
        event.truth.particle_id,
        np.arange(n),
        np.zeros(n, dtype=np.int32),
        hits.detector,
    )
