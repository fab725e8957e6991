"""How well hits are measured, learned from where particles really crossed their modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.calibration.counts import classes_of
from clew.detector import Detector, ResolutionTables
from clew.detector.clusters import N_ANGLES, N_EXTENTS, extent_group
from clew.event import Event
from clew.hits.axes import orient_modules
from clew.hits.clusters import crossing_angles, extents
from clew.hits.index import HitIndex, build_index
from clew.kernels import kernel

__all__ = ["Residuals", "learn_resolutions", "residuals_of"]

_CORE: Final = (0.1587, 0.8413)
_FARTHEST: Final = 4.0
"""Widths of its extent's residuals at which one is cut off: clusters at the edges of modules have tails."""

_LEAST: Final = 1e-3  # mm; no hit is measured better
_NEAR: Final = 1.5
_FAR: Final = 8.0
"""Bins over which angles are smoothed: where hits are many, and where they are few."""

_FEW: Final = 30.0
"""As many hits count as much as what is known from farther off."""


class Residuals(NamedTuple):
    """Hits of true particles; arrays of shape (2, n) are across modules and along them.

    Attributes
    ----------
    kind : ndarray of shape (n,), int64
        Number among `classes_of`.
    extent, angle : ndarray of shape (2, n), int32
        See `clew.detector.clusters`.
    residual : ndarray of shape (2, n), float64, mm
        Hit minus crossing.
    """

    kind: Int64Array
    extent: Int32Array
    angle: Int32Array
    residual: Float64Array

    @classmethod
    def concatenate(cls, parts: Sequence[Residuals]) -> Residuals:
        """Put the hits of several events one after the other."""
        return cls(
            np.concatenate([part.kind for part in parts]),
            np.concatenate([part.extent for part in parts], axis=1),
            np.concatenate([part.angle for part in parts], axis=1),
            np.concatenate([part.residual for part in parts], axis=1),
        )


def residuals_of(event: Event, detector: Detector) -> Residuals:
    """Return how far the hits of an event with truth and cells are from where particles crossed."""
    assert event.truth is not None
    assert event.hits.cells is not None
    index = build_index(event.hits)
    orient_modules(event.hits, index)
    classes = classes_of(detector)
    kinds = np.array([classes.index(layer.kind) for layer in detector.layers])
    n = len(index.row)
    found = Residuals(
        kinds[index.points["layer"]],
        np.zeros((2, n), dtype=np.int32),
        np.zeros((2, n), dtype=np.int32),
        np.zeros((2, n)),
    )
    true = np.hstack([event.truth.position, event.truth.momentum]).astype(np.float64)[index.row]
    _measure(index, event.hits.cells.offsets, event.hits.cells.channel, true, found)
    own = (event.truth.particle_id[index.row] != 0) & (found.extent[0] >= 0)
    return Residuals(found.kind[own], found.extent[:, own], found.angle[:, own], found.residual[:, own])


@kernel
def _measure(
    index: HitIndex, offsets: Int64Array, channel: Int32Array, true: Float64Array, found: Residuals
) -> None:
    """Write extents, angles and residuals of all hits; extent -1 of those without cells."""
    for hit in range(len(index.row)):
        point, own = index.points[hit], true[hit]
        barrel = index.surfaces[point.layer].barrel
        begin, end = offsets[index.row[hit]], offsets[index.row[hit] + 1]
        if begin == end:
            found.extent[0, hit] = -1
            continue
        u, v = extents(channel, begin, end)
        found.extent[0, hit], found.extent[1, hit] = extent_group(u), extent_group(v)
        across, along = crossing_angles(point, barrel, own[3], own[4], own[5])
        found.angle[0, hit], found.angle[1, hit] = across, along
        dx, dy, dz = point.x - own[0], point.y - own[1], point.z - own[2]
        found.residual[0, hit] = dy * point.axis_cos - dx * point.axis_sin
        found.residual[1, hit] = dz if barrel else dx * point.axis_cos + dy * point.axis_sin


def learn_resolutions(detector: Detector, hits: Residuals) -> ResolutionTables:
    """Return the tables of a detector from the hits of true particles in it.

    Along modules, and across those of discs, tracks that cross at opposite angles count together.
    """
    classes = classes_of(detector)
    flat = {layer.kind for layer in detector.layers if not layer.barrel}
    drifts = np.array([name not in flat for name in classes])
    offset, across = _learned(hits, 0, drifts)
    _, along = _learned(hits, 1, np.zeros(len(classes), dtype=np.bool_))
    return ResolutionTables(classes, across, along, offset)


def _learned(hits: Residuals, axis: int, drifts: BoolArray) -> tuple[Float32Array, Float32Array]:
    """Return mean and deviation by class, extent and angle, float32; the mean is 0 where nothing drifts."""
    shape = (len(drifts), N_EXTENTS, N_ANGLES)
    cell = np.ravel_multi_index((hits.kind, hits.extent[axis], hits.angle[axis]), shape)
    residual = _clipped(hits.residual[axis], cell // N_ANGLES)
    count, total, square = (
        np.bincount(cell, weights, np.prod(shape)).reshape(shape).astype(np.float64)
        for weights in (np.ones(len(cell)), residual, residual**2)
    )
    even = ~drifts
    for table, sign in ((count, 1.0), (total, -1.0), (square, 1.0)):
        table[even] += sign * table[even, :, ::-1].copy()
    mean, squared = _smoothed(total, count), _smoothed(square, count)
    mean[even] = 0.0
    error = np.sqrt(np.maximum(squared - mean**2, _LEAST**2))
    return mean.astype(np.float32), error.astype(np.float32)


def _clipped(residual: Float64Array, group: Int64Array) -> Float64Array:
    """Return the residuals, those far out of their class and extent cut off."""
    clipped = residual.copy()
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(rows):
            low, high = np.quantile(residual[rows], _CORE)
            middle, reach = 0.5 * (low + high), _FARTHEST * max(0.5 * (high - low), _LEAST)
            clipped[rows] = np.clip(residual[rows], middle - reach, middle + reach)
    return clipped


def _smoothed(total: Float64Array, count: Float64Array) -> Float64Array:
    """Return the mean of each cell; of few hits those of farther angles count, then all of the class."""
    known = total.sum(axis=(1, 2), keepdims=True) / np.maximum(count.sum(axis=(1, 2), keepdims=True), 1.0)
    own, n = total.sum(axis=2, keepdims=True), count.sum(axis=2, keepdims=True)
    known = (own + _FEW * known) / (n + _FEW)
    apart = np.arange(N_ANGLES)[:, None] - np.arange(N_ANGLES)
    for width in (_FAR, _NEAR):
        weights = np.exp(-0.5 * (apart / width) ** 2)
        known = (total @ weights + _FEW * known) / (count @ weights + _FEW)
    smoothed: Float64Array = known
    return smoothed
