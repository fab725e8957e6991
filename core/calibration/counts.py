"""Clusters counted by their extents: along the hits of true particles by direction, and among noise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import Detector
from clew.detector.clusters import N_ANGLES, N_EXTENTS, extent_group
from clew.errors import InputError
from clew.event import Event
from clew.hits.axes import orient_modules
from clew.hits.clusters import crossing_angles, extents, prompt_angle
from clew.hits.index import HitIndex, build_index
from clew.kernels import kernel

__all__ = ["ClusterCounts", "classes_of", "count_clusters"]


class ClusterCounts(NamedTuple):
    """How many clusters had each extent, by the classes of `classes_of`.

    Attributes
    ----------
    across : ndarray of shape (n_classes, N_EXTENTS, N_ANGLES), float64
        Of true particles, by the extent across modules and the angle there; see `clew.detector.clusters`.
    along : ndarray of shape (n_classes, N_EXTENTS, N_ANGLES, N_ANGLES), float64
        By the extent along modules, the angle there, and that of a track from the beam line.
    noise : ndarray of shape (2, n_classes, N_EXTENTS), float64
        Of noise, across and along.
    """

    across: Float64Array
    along: Float64Array
    noise: Float64Array


def classes_of(detector: Detector) -> tuple[str, ...]:
    """Return the classes of a detector's layers in the order of all tables."""
    return tuple(sorted(detector.classes))


def count_clusters(detector: Detector, events: Iterable[Event]) -> ClusterCounts:
    """Count the clusters of events with truth and cells, one event at a time.

    Raises
    ------
    InputError
        For events without truth or cells, or if no particle left a cluster in them.
    """
    classes = classes_of(detector)
    kinds = np.array([classes.index(layer.kind) for layer in detector.layers])
    shape = (len(classes), N_EXTENTS, N_ANGLES)
    counts = ClusterCounts(np.zeros(shape), np.zeros((*shape, N_ANGLES)), np.zeros((2, *shape[:2])))
    for event in events:
        _count_event(event, kinds, counts)
    if not counts.across.any():
        raise InputError("no particle left a cluster in these events: calibrate on ones with particles")
    return counts


def _count_event(event: Event, kinds: Int64Array, counts: ClusterCounts) -> None:
    cells, truth = event.hits.cells, event.truth
    if cells is None or truth is None:
        lacking = "truth" if truth is None else "cells"
        raise InputError(
            f"event {event.event_id} has no {lacking}: clusters are learned from truth and cells"
        )
    truth.require("momentum")
    index = build_index(event.hits)
    orient_modules(event.hits, index)
    own = truth.particle_id[index.row] != 0
    momentum = truth.momentum[index.row].astype(np.float64)
    _count(index, cells.offsets, cells.channel, kinds, own, momentum, counts)


@kernel
def _count(
    index: HitIndex,
    offsets: Int64Array,
    channel: Int32Array,
    kinds: Int64Array,
    own: BoolArray,
    momentum: Float64Array,
    counts: ClusterCounts,
) -> None:
    """Add the clusters of one event's hits."""
    for hit in range(len(index.row)):
        begin, end = offsets[index.row[hit]], offsets[index.row[hit] + 1]
        if begin == end:
            continue
        point = index.points[hit]
        kind, barrel = kinds[point.layer], index.surfaces[point.layer].barrel
        u, v = extents(channel, begin, end)
        u, v = extent_group(u), extent_group(v)
        if own[hit]:
            own_momentum = momentum[hit]
            across, along = crossing_angles(point, barrel, own_momentum[0], own_momentum[1], own_momentum[2])
            counts.across[kind, u, across] += 1.0
            counts.along[kind, v, along, prompt_angle(point, barrel)] += 1.0
        else:
            counts.noise[0, kind, u] += 1.0
            counts.noise[1, kind, v] += 1.0
