"""How good edges are: counted against all pairs of hits that a perfect graph would join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from clew.arrays import BoolArray, Int32Array, Int64Array
from clew.errors import InputError
from clew.event import Event, Hits, Truth
from clew.metrics.matching import Matching, match
from clew.metrics.rates import ratio
from clew.seeding.graph.doublets import DoubletConfig, layer_pairs

__all__ = ["EdgeQuality", "count_joinable", "shown_matching"]


@dataclass(frozen=True)
class EdgeQuality:
    """Counts of edges and the rates that they make; those of several events add up.

    Attributes
    ----------
    n_joinable : int
        Pairs of hits of one particle on layers that doublets join.
    n_edges, n_true : int
        Doublets, and those of one particle.
    n_kept, n_kept_true : int
        Doublets that a classifier keeps, and those of one particle among them.
    """

    n_joinable: int
    n_edges: int
    n_true: int
    n_kept: int
    n_kept_true: int

    @classmethod
    def count(cls, truth: BoolArray, kept: BoolArray, n_joinable: int) -> EdgeQuality:
        """Count one graph's edges: which are true, which are kept."""
        numbers = (len(truth), truth.sum(), kept.sum(), (truth & kept).sum())
        return cls(n_joinable, *map(int, numbers))

    @classmethod
    def add(cls, parts: Sequence[EdgeQuality]) -> EdgeQuality:
        """Return the counts of several graphs together."""
        return cls(*(sum(getattr(part, field.name) for part in parts) for field in fields(cls)))

    @property
    def doublet_efficiency(self) -> float:
        """True doublets / pairs that could be joined."""
        return ratio(self.n_true, self.n_joinable)

    @property
    def doublet_purity(self) -> float:
        """True doublets / doublets."""
        return ratio(self.n_true, self.n_edges)

    @property
    def accuracy(self) -> float:
        """Doublets rightly kept or rightly left out / doublets."""
        wrong = self.n_true + self.n_kept - 2 * self.n_kept_true
        return ratio(self.n_edges - wrong, self.n_edges)

    @property
    def purity(self) -> float:
        """Kept true doublets / kept doublets (the precision of HEP.TrkX)."""
        return ratio(self.n_kept_true, self.n_kept)

    @property
    def efficiency(self) -> float:
        """Kept true doublets / true doublets (the recall of HEP.TrkX)."""
        return ratio(self.n_kept_true, self.n_true)


def count_joinable(hits: Hits, config: DoubletConfig, rows: Int64Array, particle: Int64Array) -> int:
    """Count the pairs of the given hits that are of one particle and on layers that doublets join.

    Pairs that no cut on slopes should take, of particles that turn back, count as well.
    """
    layer, own = hits.layer_index[rows], particle[rows]
    layer, own = layer[own > 0], own[own > 0]
    _, number = np.unique(own, return_inverse=True)
    table: Int32Array = np.zeros((number.max(initial=-1) + 1, len(hits.detector)), dtype=np.int32)
    np.add.at(table, (number, layer), 1)
    inner, outer = layer_pairs(hits.detector, config).T
    return int((table[:, inner].astype(np.int64) * table[:, outer]).sum())


def shown_matching(event: Event, labels: Int32Array, shown: Int64Array) -> Matching:
    """Compare tracks with particles as far as some of the hits show them; raises InputError without truth.

    Parameters
    ----------
    event : Event
    labels : ndarray of shape (n_hits,), int32
    shown : ndarray of shape (n_shown,), int64
        Rows of those hits.
    """
    t, particles = event.truth, event.particles
    if t is None or particles is None:
        raise InputError(f"event {event.event_id} has no truth and particles files: add them to compare with")
    part = Truth(t.particle_id[shown], t.position[shown], t.momentum[shown], t.weight[shown])
    return match(labels[shown], part, particles)
