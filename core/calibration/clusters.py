"""How often clusters have each extent, counted along the hits of true particles and among noise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import ClusterTables, Detector
from clew.detector.clusters import N_ANGLES, N_EXTENTS, angle_of, extent_group
from clew.errors import InputError
from clew.event import Event
from clew.hits.axes import orient_modules
from clew.hits.clusters import extents
from clew.hits.index import HitIndex, build_index
from clew.kernels import kernel

__all__ = ["learn_clusters"]

_NEAR: Final = 1.5
"""Bins over which the angles of a table are smoothed."""

_FAR: Final = 8.0
"""The same where few tracks cross at such an angle."""

_FEW: Final = 30.0
"""As many tracks count as much as what is known from farther off."""

_STRAY: Final = 0.03
"""Share of a track's clusters that are as those of noise: merged with others, split, or of delta rays."""


def learn_clusters(detector: Detector, events: Iterable[Event]) -> ClusterTables:
    """Return the tables of a detector from events with truth and cells.

    Raises
    ------
    InputError
        For events without truth or cells, or none at all.
    """
    classes = tuple(sorted(detector.classes))
    shape = (len(classes), N_EXTENTS, N_ANGLES)
    across, along = np.zeros(shape), np.zeros(shape)
    noise = np.zeros((2, *shape[:2]))
    kinds = np.array([classes.index(layer.kind) for layer in detector.layers])
    for event in events:
        if event.truth is None or event.hits.cells is None:
            raise InputError("clusters are learned from events with truth and cells: this one lacks them")
        index = build_index(event.hits)
        orient_modules(event.hits, index)
        own = event.truth.particle_id[index.row] != 0
        cells, momentum = event.hits.cells, event.truth.momentum[index.row].astype(np.float64)
        _count(index, cells.offsets, cells.channel, kinds, own, momentum, across, along, noise)
    if not across.any():
        raise InputError("clusters are learned from events with truth and cells: there are none")
    along += along[:, :, ::-1]  # modules are alike on both sides of the beam's crossing
    flat = np.array([not layer.barrel for layer in detector.layers])
    for kind in np.unique(kinds[flat]):
        across[kind] += across[kind, :, ::-1].copy()
    shares = _shares(noise)
    return ClusterTables(
        classes,
        _smoothed(across, shares[0]).astype(np.float32),
        _smoothed(along, shares[1]).astype(np.float32),
        _background(shares[0], across).astype(np.float32),
        shares[1].astype(np.float32),
    )


def _shares(counts: Float64Array) -> Float64Array:
    """Return the share of each extent, shape (..., N_EXTENTS), none of them 0."""
    counts = counts + 0.5
    shares: Float64Array = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def _background(noise: Float64Array, counts: Float64Array) -> Float64Array:
    """Return how often other hits have an extent: half of them are noise, half of other tracks."""
    return 0.5 * noise + 0.5 * _shares(counts.sum(axis=-1))


def _smoothed(counts: Float64Array, noise: Float64Array) -> Float64Array:
    """Return the probability of each extent at each angle.

    Where tracks are few, those of farther angles count, and at last all: each as much as `_FEW` tracks.
    """
    known = _shares(counts.sum(axis=-1))[:, :, None] * np.ones(N_ANGLES)
    for width in (_FAR, _NEAR):
        near = _blur(counts, width)
        known = (near + _FEW * known) / (near.sum(axis=1, keepdims=True) + _FEW)
    return (1.0 - _STRAY) * known + _STRAY * noise[:, :, None]


def _blur(counts: Float64Array, width: float) -> Float64Array:
    """Return the counts of near angles, weighted by a Gaussian of so many bins; one bin alone counts 1."""
    apart = np.arange(N_ANGLES)[:, None] - np.arange(N_ANGLES)
    blurred: Float64Array = counts @ np.exp(-0.5 * (apart / width) ** 2)
    return blurred


@kernel
def _count(
    index: HitIndex,
    offsets: Int64Array,
    channel: Int32Array,
    kinds: Int64Array,
    own: Float64Array,
    momentum: Float64Array,
    across: Float64Array,
    along: Float64Array,
    noise: Float64Array,
) -> None:
    """Add the clusters of one event's hits to the tables."""
    for hit in range(len(index.row)):
        begin, end = offsets[index.row[hit]], offsets[index.row[hit] + 1]
        if begin == end:
            continue
        point = index.points[hit]
        kind = kinds[point.layer]
        u, v = extents(channel, begin, end)
        u, v = extent_group(u), extent_group(v)
        if not own[hit]:
            noise[0, kind, u] += 1.0
            noise[1, kind, v] += 1.0
            continue
        outward = point.axis_cos * momentum[hit, 0] + point.axis_sin * momentum[hit, 1]
        aside = point.axis_cos * momentum[hit, 1] - point.axis_sin * momentum[hit, 0]
        if index.surfaces[point.layer].barrel:
            ahead, upward = outward, momentum[hit, 2]
        else:
            ahead, upward = momentum[hit, 2], outward
        across[kind, u, angle_of(aside, ahead)] += 1.0
        along[kind, v, angle_of(upward, ahead)] += 1.0
