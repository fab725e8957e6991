"""The true tracks of an event as flat arrays: particles, and their hits along their paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.errors import InputError
from clew.event import Cells, Event, Hits
from clew.lookup import NOT_LISTED, find_rows

__all__ = ["Clusters", "Tracks", "cluster_shapes", "tracks_of"]


@dataclass(frozen=True)
class Clusters:
    """The shape of each hit's cluster of cells.

    Attributes
    ----------
    n_cells : ndarray of shape (n_hits,), int32
        0 for a hit without cells.
    width : ndarray of shape (n_hits, 2), int32
        Columns from the first to the last along u and along v, both included.
    charge : ndarray of shape (n_hits,), float32
        Sum of the cells' values.
    """

    n_cells: Int32Array
    width: Int32Array
    charge: Float32Array

    def take(self, rows: Int64Array) -> Clusters:
        """Return the clusters of some hits."""
        return Clusters(self.n_cells[rows], self.width[rows], self.charge[rows])


@dataclass(frozen=True)
class Tracks:
    """The true tracks of one event: every listed particle that has a hit.

    Attributes
    ----------
    event_id : int
    offsets : ndarray of shape (n_tracks + 1,), int64
        Hits of track i are rows offsets[i] to offsets[i + 1], by distance from the particle's origin.
    particle_id : ndarray of shape (n_tracks,), int64
    vertex : ndarray of shape (n_tracks, 3), float32, mm
    momentum : ndarray of shape (n_tracks, 3), float32, GeV
        At the vertex.
    charge : ndarray of shape (n_tracks,), int32
    hits : Hits
        As measured, without cells; hit_id is that of the event.
    true_position : ndarray of shape (n_hits, 3), float32, mm
        Where the particle crossed the module.
    true_momentum : ndarray of shape (n_hits, 3), float32, GeV
        After the module.
    clusters : Clusters or None
        Where the event has cells.
    """

    event_id: int
    offsets: Int64Array
    particle_id: Int64Array
    vertex: Float32Array
    momentum: Float32Array
    charge: Int32Array
    hits: Hits
    true_position: Float32Array
    true_momentum: Float32Array
    clusters: Clusters | None = None

    def __len__(self) -> int:
        return len(self.particle_id)

    @property
    def lengths(self) -> Int64Array:
        """Number of hits of each track, shape (n_tracks,), int64."""
        return np.diff(self.offsets)

    @cached_property
    def owners(self) -> Int64Array:
        """Track of each hit, shape (n_hits,), int64."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def pt(self) -> Float32Array:
        """Transverse momentum at the vertex, shape (n_tracks,), float32, GeV."""
        return np.hypot(self.momentum[:, 0], self.momentum[:, 1])

    def select(self, chosen: Int64Array) -> Tracks:
        """Return some tracks, by number, in the given order."""
        lengths = self.lengths[chosen]
        offsets = np.append(0, np.cumsum(lengths))
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[chosen] - offsets[:-1], lengths)
        return replace(
            self,
            offsets=offsets,
            particle_id=self.particle_id[chosen],
            vertex=self.vertex[chosen],
            momentum=self.momentum[chosen],
            charge=self.charge[chosen],
            hits=_take(self.hits, rows),
            true_position=self.true_position[rows],
            true_momentum=self.true_momentum[rows],
            clusters=None if self.clusters is None else self.clusters.take(rows),
        )


def tracks_of(event: Event) -> Tracks:
    """Return the true tracks of an event, by particle_id; raises InputError if it has no truth."""
    truth, particles = event.truth, event.particles
    if truth is None or particles is None:
        raise InputError(f"event {event.event_id} has no truth: add its truth and particles files")
    truth.require("position", "momentum")
    owner = find_rows(particles.particle_id, truth.particle_id)
    rows = np.flatnonzero((owner != NOT_LISTED) & (truth.particle_id != 0))
    away = np.linalg.norm(truth.position[rows] - particles.vertex[owner[rows]], axis=1)
    rows = rows[np.lexsort((away, truth.particle_id[rows]))]
    ids, counts = np.unique(truth.particle_id[rows], return_counts=True)
    listed = find_rows(particles.particle_id, ids)
    clusters = None if event.hits.cells is None else cluster_shapes(event.hits.cells).take(rows)
    return Tracks(
        event_id=event.event_id,
        offsets=np.append(0, np.cumsum(counts)).astype(np.int64),
        particle_id=ids,
        vertex=particles.vertex[listed],
        momentum=particles.momentum[listed],
        charge=particles.charge[listed],
        hits=_take(event.hits, rows),
        true_position=truth.position[rows],
        true_momentum=truth.momentum[rows],
        clusters=clusters,
    )


def _take(hits: Hits, rows: Int64Array) -> Hits:
    return Hits(
        hits.hit_id[rows],
        hits.x[rows],
        hits.y[rows],
        hits.z[rows],
        hits.volume[rows],
        hits.layer[rows],
        hits.module[rows],
        detector=hits.detector,
    )


def cluster_shapes(cells: Cells) -> Clusters:
    """Return the shape of each hit's cluster."""
    n_cells = np.diff(cells.offsets)
    some = np.flatnonzero(n_cells)
    width = np.zeros((len(n_cells), 2), dtype=np.int32)
    charge = np.zeros(len(n_cells), dtype=np.float32)
    if len(some):
        starts = cells.offsets[some]
        lowest = np.minimum.reduceat(cells.channel, starts, axis=0)
        width[some] = np.maximum.reduceat(cells.channel, starts, axis=0) - lowest + 1
        charge[some] = np.add.reduceat(cells.value, starts)
    return Clusters(n_cells.astype(np.int32), width, charge)
