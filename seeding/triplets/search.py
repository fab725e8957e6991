"""The combinatorial search: doublets from each first hit, triplets, and the best track that grows of them.

Every first hit writes its best track into its own row, so that the threads do not matter.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector.solenoid import FieldMap
from clew.hits.index import HitIndex, cell_span, cells_of, columns_of, in_columns
from clew.kernels import copy_into, interleaved, kernel, parallel_kernel
from clew.motion.crossings import HELIX
from clew.records import RecordArray
from clew.seeding.doublets import DOUBLET, DoubletCuts, doublet_window, find_thirds, make_doublet
from clew.seeding.triplets.probing import PROBE, SPREAD, aim, collect, gain, project

__all__ = ["LONGEST", "search_all"]

LONGEST: Final = 20
"""Hits of a track at most, one per layer."""

_MOST_NEAR: Final = 16
"""Hits near an expected place that are looked at."""

_BLOCK: Final = 32
"""First hits that a thread takes at a time."""


class _Layers(NamedTuple):
    """Layers on which a second hit, and those after it, may be, shape (n_layers, any), -1 padded."""

    adjacent: Int32Array
    following: Int32Array


class _Rules(NamedTuple):
    """What a search depends on besides the hits; a first hit with a track of quality `enough` is done."""

    layers: _Layers
    cuts: DoubletCuts
    field: FieldMap
    enough: float


class _Scratch(NamedTuple):
    """What one thread works in.

    Attributes
    ----------
    doublets : ndarray of shape (1,), `clew.seeding.doublets.Doublet`
    helices : ndarray of shape (2,), `clew.motion.crossings.Helix`
        At the last hit of a track, and on the next layer.
    probes, spreads : ndarray of shape (1,), `clew.seeding.triplets.probing.Probe` and `Spread`
        Of the first and of the second helix.
    track : ndarray of shape (LONGEST,), int32
    thirds, near : ndarray of shape (_MOST_NEAR,), int32
        Third hits of a doublet, and hits near a target.
    gains, chi2 : ndarray of shape (_MOST_NEAR,), float64
        Theirs.
    """

    doublets: RecordArray
    helices: RecordArray
    probes: RecordArray
    spreads: RecordArray
    track: Int32Array
    thirds: Int32Array
    gains: Float64Array
    near: Int32Array
    chi2: Float64Array


@kernel(owns=True)
def _new_scratch() -> _Scratch:
    return _Scratch(
        np.zeros(1, dtype=DOUBLET),
        np.zeros(2, dtype=HELIX),
        np.zeros(1, dtype=PROBE),
        np.zeros(1, dtype=SPREAD),
        np.empty(LONGEST, dtype=np.int32),
        np.empty(_MOST_NEAR, dtype=np.int32),
        np.empty(_MOST_NEAR),
        np.empty(_MOST_NEAR, dtype=np.int32),
        np.empty(_MOST_NEAR),
    )


@parallel_kernel
def search_all(
    index: HitIndex,
    adjacent: Int32Array,
    following: Int32Array,
    firsts: Int64Array,
    cuts: DoubletCuts,
    field: FieldMap,
    enough: float,
) -> tuple[Int32Array, Float64Array]:
    """Return the best track of each first hit and its quality, 0 where there is none.

    Parameters
    ----------
    index : HitIndex
    adjacent, following : ndarray of shape (n_layers, width), int32
        Layers on which a second hit, and those after it, may be; see `clew.detector.Detector.following`.
    firsts : ndarray of shape (n_firsts,), int64
        Places of the first hits in the index.
    cuts : DoubletCuts
    field : FieldMap
    enough : float
        Quality of a track that makes any further search needless.

    Returns
    -------
    tracks : ndarray of shape (n_firsts, LONGEST), int32
        Places in the index, -1 behind the last.
    quality : ndarray of shape (n_firsts,), float64
    """
    n = len(firsts)
    tracks, quality = np.full((n, LONGEST), -1, dtype=np.int32), np.zeros(n)
    n_blocks = (n + _BLOCK - 1) // _BLOCK
    for number in numba.prange(n_blocks):
        rules = _Rules(_Layers(adjacent, following), cuts, field, enough)
        _search_block(index, firsts, rules, tracks, quality, interleaved(number, n_blocks))
    return tracks, quality


@kernel(owns=True)
def _search_block(
    index: HitIndex,
    firsts: Int64Array,
    rules: _Rules,
    tracks: Int32Array,
    quality: Float64Array,
    block: int,
) -> None:
    scratch = _new_scratch()
    for i in range(block * _BLOCK, min(len(firsts), (block + 1) * _BLOCK)):
        quality[i] = _search_one(index, rules, firsts[i], scratch, tracks[i])


@kernel
def _search_one(index: HitIndex, rules: _Rules, first: int, scratch: _Scratch, best: Int32Array) -> float:
    """Write the best track of one first hit; return its quality."""
    points, most = index.points, 0.0
    start = points[first]
    scratch.track[0] = first
    for layer in rules.layers.adjacent[start.layer]:
        if layer < 0 or most > rules.enough:
            break
        half, low, high = doublet_window(start, index.surfaces[layer], rules.cuts)
        if half < 0.0:
            continue
        columns = columns_of(start.phi, half)
        left, right = cells_of(index, columns)
        for cell in range(left, right + 1):
            begin, end = cell_span(index, layer, cell, low, high)
            for second in range(begin, end):
                if not in_columns(index, second, columns):
                    continue
                if most > rules.enough:
                    break
                scratch.track[1] = second
                most = _search_doublet(index, rules, scratch, most, best)
    return most


@kernel
def _search_doublet(
    index: HitIndex, rules: _Rules, scratch: _Scratch, most: float, best: Int32Array
) -> float:
    """Write the best track of two first hits if its quality is above `most`; return the higher of the two."""
    points, track, cuts, doublet = index.points, scratch.track, rules.cuts, scratch.doublets[0]
    first, second = points[track[0]], points[track[1]]
    if not make_doublet(first, second, index.surfaces, cuts, doublet):
        return most
    for layer in rules.layers.following[second.layer]:
        if layer < 0 or most > rules.enough:
            break
        n = find_thirds(index, layer, doublet, cuts, scratch.thirds, scratch.gains)
        for k in range(n):
            track[2] = scratch.thirds[k]
            length, value = _grow(index, rules, scratch.gains[k], scratch)
            if value > most:
                most = value
                copy_into(best, track, length)
                best[length:] = -1
    return most


@kernel
def _grow(index: HitIndex, rules: _Rules, value: float, scratch: _Scratch) -> tuple[int, float]:
    """Add hit by hit to a triplet, each time the one that gains most; return length and quality."""
    points, track, helix, probe = index.points, scratch.track, scratch.helices[0], scratch.probes[0]
    length = 3
    while length < LONGEST:
        first, second = points[track[length - 3]], points[track[length - 2]]
        last = points[track[length - 1]]
        if not aim(first, second, last, index.surfaces, rules.cuts, helix, probe):
            break
        hit, most = _next_hit(index, rules, last.layer, scratch)
        if hit < 0:
            break
        track[length] = hit
        value += most
        length += 1
    return length, value


@kernel
def _next_hit(index: HitIndex, rules: _Rules, last_layer: int, scratch: _Scratch) -> tuple[int, float]:
    """Return the hit that gains most on one of the following layers, nearer ones first."""
    cuts, helix, probe = rules.cuts, scratch.helices[0], scratch.probes[0]
    target, spread = scratch.helices[1], scratch.spreads[0]
    best, most, nearest = -1, cuts.least_gain, np.inf
    for layer in rules.layers.following[last_layer]:
        if layer < 0:
            break
        surface = index.surfaces[layer]
        arc = project(helix, probe, surface, layer == last_layer, rules.field, cuts, target, spread)
        if arc == np.inf or arc > nearest:
            continue
        worth = gain(target, spread, surface)
        if worth < cuts.least_gain:
            continue
        n = collect(index, layer, target, spread, cuts.pull, scratch.near, scratch.chi2)
        top, chosen = cuts.least_gain, -1
        for k in range(n):
            value = worth - 0.5 * scratch.chi2[k]
            if value > top:
                top, chosen = value, scratch.near[k]
        if chosen >= 0:
            best, most, nearest = chosen, top, arc
    return best, most
