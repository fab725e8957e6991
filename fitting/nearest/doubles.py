"""The second hit on a layer: neighbouring modules overlap, and 24% of crossings leave a hit in both."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array
from clew.detector import Detector
from clew.event import Hits
from clew.fitting.nearest.assignment import assign_hits
from clew.fitting.nearest.distances import DISTANCES
from clew.fitting.nearest.road import path_to
from clew.fitting.nearest.targets import TARGET, along_half_plane
from clew.hits.index import HitIndex, without
from clew.kernels import kernel
from clew.records import RecordArray
from clew.tracks import NO_HIT

__all__ = ["add_doubles"]

_MAXIMUM: Final = 5.0  # expected deviations
_NEIGHBOURS: Final = 2


def add_doubles(hits: Hits, index: HitIndex, windows: Int32Array, rows: Int32Array) -> Int32Array:
    """Return rows with the doubles of their hits and of the windows' last hits in their places.

    Each hit is carried along the line through its neighbours on other layers to the surface of the other
    module; a free hit there is its double.

    Parameters
    ----------
    hits : Hits
    index : HitIndex
        The hits that may be taken; those in `rows` are not taken twice.
    windows : ndarray of shape (n, 5), int32
    rows : ndarray of shape (n, steps), int32

    Returns
    -------
    ndarray of shape (n, 2 * (steps + 1)), int32
        In order of travel, NO_HIT where there is no double.
    """
    line = np.concatenate([windows, rows], axis=1)
    first = windows.shape[1] - 1
    targets = _targets(hits, line, first)
    taken = np.zeros(len(hits), dtype=np.bool_)
    taken[line[line != NO_HIT]] = True
    found = assign_hits(
        without(index, taken),
        targets.reshape(-1),
        np.zeros((targets.size, 0), dtype=np.int32),
        DISTANCES["road"],
        _NEIGHBOURS,
        _MAXIMUM,
        len(hits),
    ).reshape(targets.shape)
    found = _fitting(line[:, first:], found, hits.layer_index, hits.module)
    barrel = hits.detector.barrel[hits.layer_index]
    return _interleave(line[:, first:], targets, found, hits.r, hits.z, barrel)


def _overlaps(detector: Detector) -> Float64Array:
    """Return `clew.detector.LayerClass.overlap` of each layer, shape (n_layers, 3), mm."""
    return np.array([detector.classes[layer.kind].overlap for layer in detector.layers])


def _targets(hits: Hits, line: Int32Array, first: int) -> RecordArray:
    """Make a target of each hit from column `first` on that is alone on its layer, NaN for the others."""
    before, after = _neighbours(line, first, hits.layer_index)
    targets = np.zeros(before.shape, dtype=TARGET)
    alone = before != NO_HIT
    targets["phi"][~alone] = np.nan
    middle, before, after = line[:, first:][alone], before[alone], after[alone]
    space = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    columns = np.concatenate(
        [
            hits.features[middle],
            along_half_plane(space[middle], space[after] - space[before]),
            _overlaps(hits.detector)[hits.layer_index[middle]],
        ],
        axis=1,
    )
    names = ("phi", "r", "z", "z_over_r", "dphi", "dr", "dz", "across_sigma", "r_sigma", "z_sigma")
    for name, column in zip(names, columns.T, strict=True):
        targets[name][alone] = column
    return targets


@kernel(owns=True)
def _neighbours(line: Int32Array, first: int, layer: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Return the hits before and after each one; that itself at the end; NO_HIT twice for doubles."""
    n, width = line.shape
    before = np.full((n, width - first), NO_HIT, dtype=np.int32)
    after = np.full((n, width - first), NO_HIT, dtype=np.int32)
    for i in range(n):
        for place in range(first, width):
            hit = line[i, place]
            if hit == NO_HIT:
                continue
            near, far = _neighbour(line[i], place, -1), _neighbour(line[i], place, 1)
            if far == NO_HIT:
                far = hit
            if layer[near] != layer[hit] and (far == hit or layer[far] != layer[hit]):
                before[i, place - first], after[i, place - first] = near, far
    return before, after


@kernel
def _neighbour(line: Int32Array, place: int, direction: int) -> int:
    place += direction
    while 0 <= place < len(line):
        if line[place] != NO_HIT:
            return line[place]
        place += direction
    return NO_HIT


def _fitting(line: Int32Array, doubles: Int32Array, layer: Int32Array, module: Int32Array) -> Int32Array:
    """Return the doubles without those on another layer than their hit, or on the same module."""
    fits = (layer[doubles] == layer[line]) & (module[doubles] != module[line])
    return np.where(fits, doubles, np.int32(NO_HIT))


@kernel(owns=True)
def _interleave(
    line: Int32Array,
    targets: RecordArray,
    doubles: Int32Array,
    r: Float32Array,
    z: Float32Array,
    barrel: BoolArray,
) -> Int32Array:
    """Put each double before or after its hit, whichever is met first; leave out the lines' first hits."""
    n, width = doubles.shape
    rows = np.full((n, 2 * width), NO_HIT, dtype=np.int32)
    for i in range(n):
        for k in range(width):
            hit, double = line[i, k], doubles[i, k]
            if k > 0:
                rows[i, 2 * k] = hit
            if double == NO_HIT:
                continue
            path = path_to(targets[i, k], r[double], z[double], barrel[hit])
            rows[i, 2 * k + 1] = double
            if k > 0 and path < 0:
                rows[i, 2 * k], rows[i, 2 * k + 1] = double, hit
    return rows
