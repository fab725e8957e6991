"""Doublets: pairs of hits on neighbouring layers that a track from the beam line may join."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Final, Literal, NamedTuple

import numba
import numpy as np

from clew.arrays import BoolArray, Int32Array, Int64Array
from clew.detector import Detector
from clew.detector.surface import Surface
from clew.event import Hits
from clew.hits.index import HitIndex, HitPoint, build_index, cell_span, cells_of, columns_of, in_columns
from clew.kernels import kernel, parallel_kernel
from clew.settings import within

__all__ = ["DoubletConfig", "find_doublets", "layer_pairs", "true_doublets"]

_TIGHT_Z: Final = 1.0
"""A hit must be farther than this beyond most_z0 [mm], that z0 tells how far out a disc's hits may be."""

_ROUNDING: Final = 1e-4
"""By how much windows are wider than the cuts, which decide: z/r is kept in single precision."""


@dataclass(frozen=True)
class DoubletConfig:
    """Settings of doublets, by default those that HEP.TrkX published for pT > 1 GeV.

    Attributes
    ----------
    layers : "barrel" or "all"
        Barrel layers each with the next one, or any layers that follow each other along tracks.
    skipped : int
        Layers of "all" that a doublet may leave out.
    most_slope : float, rad/mm
        Of abs(dphi / dr).
    most_z0 : float, mm
        Of the abs(z) at which the doublet's line in r and z meets the beam line.
    """

    layers: Literal["barrel", "all"] = "barrel"
    skipped: Annotated[int, within(0, 5)] = 0
    most_slope: Annotated[float, within(1e-6, 1)] = 0.001
    most_z0: Annotated[float, within(0.1, 10_000)] = 200.0


class _Cuts(NamedTuple):
    """See `DoubletConfig`."""

    most_slope: float
    most_z0: float


def layer_pairs(detector: Detector, config: DoubletConfig) -> Int32Array:
    """Return the pairs of dense layer indices that doublets may join, inner layer first, shape (n, 2)."""
    following = _following(detector, config)
    inner = np.repeat(np.arange(len(detector), dtype=np.int32), following.shape[1])
    pairs = np.stack([inner, following.ravel()], axis=1)
    return pairs[pairs[:, 1] >= 0]


def _following(detector: Detector, config: DoubletConfig) -> Int32Array:
    """Return the layers of the outer hits for each layer of the inner ones, (n_layers, any), -1 padded."""
    if config.layers == "all":
        return detector.following(config.skipped)
    following = np.full((len(detector), 1), -1, dtype=np.int32)
    barrel = np.flatnonzero(detector.barrel)
    outwards = sorted(barrel.tolist(), key=lambda layer: detector.layers[layer].position)
    for inner, outer in pairwise(outwards):
        following[inner] = outer
    return following


def find_doublets(hits: Hits, config: DoubletConfig, rows: Int64Array | None = None) -> Int32Array:
    """Find the doublets of an event.

    The method is that of HEP.TrkX (Farrell et al., 2018): cuts on the slope in phi against r and on z0.

    Parameters
    ----------
    hits : Hits
    config : DoubletConfig
    rows : ndarray of shape (n,), int64, optional
        The hits to join; all by default.

    Returns
    -------
    ndarray of shape (n_doublets, 2), int32
        Hit rows, the inner layer's first, sorted by both.
    """
    index = build_index(hits, rows)
    cuts = _Cuts(config.most_slope, config.most_z0)
    following = _following(hits.detector, config)
    offsets = np.zeros(len(index.row) + 1, dtype=np.int64)
    _search(index, following, cuts, offsets, np.empty((0, 2), dtype=np.int32))
    offsets[1:] = np.cumsum(offsets[:-1])
    offsets[0] = 0
    pairs = np.empty((offsets[-1], 2), dtype=np.int32)
    if len(pairs):
        _search(index, following, cuts, offsets, pairs)
    found: Int32Array = index.row[pairs]
    return found[np.lexsort((found[:, 1], found[:, 0]))]


@parallel_kernel
def _search(
    index: HitIndex, following: Int32Array, cuts: _Cuts, offsets: Int64Array, pairs: Int32Array
) -> None:
    """Count the doublets of each inner hit in `offsets` or, given room in `pairs`, write them there."""
    for inner in numba.prange(len(index.row)):
        _search_one(index, following, cuts, offsets, pairs, inner)


@kernel(owns=True)
def _search_one(
    index: HitIndex,
    following: Int32Array,
    cuts: _Cuts,
    offsets: Int64Array,
    pairs: Int32Array,
    inner: int,
) -> None:
    if len(pairs) == 0:
        offsets[inner] = _join(index, following, cuts, inner, pairs)
    else:
        _join(index, following, cuts, inner, pairs[offsets[inner] : offsets[inner + 1]])


@kernel
def _join(index: HitIndex, following: Int32Array, cuts: _Cuts, inner: int, pairs: Int32Array) -> int:
    """Write the doublets of a hit, entries of the index, as far as there is room; return their number."""
    points, hit = index.points, index.points[inner]
    n = 0
    for layer in following[hit.layer]:
        if layer < 0:
            break
        turn, rise = _window(hit, index.surfaces[layer], cuts)
        if turn < 0.0:
            continue
        columns = columns_of(hit.phi, turn)
        first, last = cells_of(index, columns)
        for cell in range(first, last + 1):
            begin, end = cell_span(index, layer, cell, hit.z_over_r - rise, hit.z_over_r + rise)
            for outer in range(begin, end):
                if not in_columns(index, outer, columns):
                    continue
                if _passes(hit, points[outer], cuts):
                    if n < len(pairs):
                        pairs[n, 0], pairs[n, 1] = inner, outer
                    n += 1
    return n


@kernel(force=True)
def _window(hit: HitPoint, surface: Surface, cuts: _Cuts) -> tuple[float, float]:
    """Return half the range of phi [rad], negative for nowhere, and of z/r where outer hits may be.

    On the line from (0, z0) through both hits z/r changes by z0 (1/r2 - 1/r1).
    """
    step = _largest_step(hit, surface, cuts)
    if step <= 0.0:
        return -1.0, 0.0
    rise = cuts.most_z0 * (1.0 / hit.r - 1.0 / surface.r_high)
    return cuts.most_slope * step + _ROUNDING, rise + _ROUNDING * (1.0 + abs(hit.z_over_r))


@kernel(force=True)
def _largest_step(hit: HitPoint, surface: Surface, cuts: _Cuts) -> float:
    """Return how far out [mm] the second hit may be: on a disc, z0 bounds its r."""
    step = surface.r_high - hit.r
    level, beyond = abs(hit.z), abs(surface.z_high if hit.z > 0 else surface.z_low)
    if level > cuts.most_z0 + _TIGHT_Z and beyond > level:
        step = min(step, hit.r * (beyond - cuts.most_z0) / (level - cuts.most_z0) - hit.r)
    return step


@kernel(force=True)
def _passes(inner: HitPoint, outer: HitPoint, cuts: _Cuts) -> bool:
    """Tell whether a track from the beam line may join two hits."""
    dr = outer.r - inner.r
    turn = (outer.phi - inner.phi + np.pi) % (2 * np.pi) - np.pi
    if dr <= 0.0 or abs(turn) > cuts.most_slope * dr:
        return False
    return abs(inner.z - inner.r * (outer.z - inner.z) / dr) <= cuts.most_z0


def true_doublets(doublets: Int32Array, particle: Int64Array) -> BoolArray:
    """Tell which doublets join two hits of one particle; `particle` is each hit's, at most 0 for noise."""
    first, second = particle[doublets[:, 0]], particle[doublets[:, 1]]
    return (first == second) & (first > 0)
