"""What transforms work on: hits with their station and their particle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
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
        Dense layer index 0..47.
    particle : ndarray of shape (n,), int64
        particle_id, 0 for fakes.
    row : ndarray of shape (n,), int64
        Row of the hit in its event.
    bucket : ndarray of shape (n,), int32
        0 before the transform `buckets`.
    """

    values: Float64Array
    station: Int32Array
    particle: Int64Array
    row: Int64Array
    bucket: Int32Array

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: BoolArray | Int64Array) -> Points:
        """Return some of the hits, by mask or by place."""
        return Points(
            self.values[chosen],
            self.station[chosen],
            self.particle[chosen],
            self.row[chosen],
            self.bucket[chosen],
        )


def points_of(event: Event) -> Points:
    """Return the hits of an event with truth, in its order; raises InputError if it has none."""
    if event.truth is None:
        raise InputError(f"event {event.event_id} has no truth: add its truth file")
    hits, n = event.hits, len(event.hits)
    values = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    particle = event.truth.particle_id
    return Points(values, hits.layer_index, particle, np.arange(n), np.zeros(n, dtype=np.int32))
