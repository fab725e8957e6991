"""The second hit on a layer: neighbouring modules overlap, and 24% of crossings leave a hit in both."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.event import Hits
from clew.fitting.nearest.assignment import assign_hits
from clew.fitting.nearest.distances import DISTANCES
from clew.fitting.nearest.road import TARGET_WIDTH, path_to
from clew.fitting.nearest.targets import along_half_plane
from clew.hits.index import HitIndex, without
from clew.kernels import kernel
from clew.tracks import NO_HIT

__all__ = ["add_doubles"]

_MAXIMUM: Final = 5.0  # expected deviations
_DEVIATIONS: Final = np.zeros((32, 3))
"""mm between two hits on overlapping modules, across (r*phi) and along (r and z) the path, by volume."""
_DEVIATIONS[[7, 9]] = 0.02, 0.02, 0.02
_DEVIATIONS[8] = 0.03, 0.03, 0.03
_DEVIATIONS[[12, 14]] = 0.04, 0.4, 0.4
_DEVIATIONS[13] = 0.08, 0.4, 0.4
_DEVIATIONS[[16, 18]] = 0.2, 3.0, 3.0
_DEVIATIONS[17] = 0.2, 3.5, 3.5


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
        targets.reshape(-1, TARGET_WIDTH),
        np.zeros((targets.shape[0] * targets.shape[1], 0), dtype=np.int32),
        DISTANCES["road"],
        2,
        _MAXIMUM,
        len(hits),
    ).reshape(targets.shape[:2])
    return _interleave(
        line, first, targets, found, hits.features, hits.layer_index, hits.module, index.surfaces
    )


def _targets(hits: Hits, line: Int32Array, first: int) -> Float64Array:
    """Make a target of each hit from column `first` on that is alone on its layer, NaN for the others."""
    before, after = _neighbours(line, first, hits.layer_index)
    targets = np.full((*before.shape, TARGET_WIDTH), np.nan)
    alone = before != NO_HIT
    middle, before, after = line[:, first:][alone], before[alone], after[alone]
    space = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    targets[alone, :4] = hits.features[middle]
    targets[alone, 4:7] = along_half_plane(space[middle], space[after] - space[before])
    targets[alone, 7:10] = _DEVIATIONS[hits.volume[middle]]
    targets[alone, 10:] = 0.0
    return targets


@kernel
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


@kernel
def _interleave(
    line: Int32Array,
    first: int,
    targets: Float64Array,
    doubles: Int32Array,
    features: Float32Array,
    layer: Int32Array,
    module: Int32Array,
    surfaces: Float64Array,
) -> Int32Array:
    """Put each double before or after its hit, whichever is met first; leave out unfit ones."""
    n, width = doubles.shape
    rows = np.full((n, 2 * width), NO_HIT, dtype=np.int32)
    for i in range(n):
        for k in range(width):
            hit, double = line[i, first + k], doubles[i, k]
            if k > 0:
                rows[i, 2 * k] = hit
            if double == NO_HIT or layer[double] != layer[hit] or module[double] == module[hit]:
                continue
            barrel = surfaces[layer[hit], 4] > 0
            path = path_to(targets[i, k], features[double, 1], features[double, 2], barrel)
            rows[i, 2 * k + 1] = double
            if k > 0 and path < 0:
                rows[i, 2 * k], rows[i, 2 * k + 1] = double, hit
    return rows
