"""Doublets: pairs of hits on neighbouring layers that a track from the beam line may join."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numba
import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import LAYERS, N_LAYERS
from clew.detector.transitions import next_layers
from clew.errors import ConfigError
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel

__all__ = ["BARREL_LAYERS", "DoubletConfig", "find_doublets", "layer_pairs"]

BARREL_LAYERS: Final = tuple(i for i, layer in enumerate(LAYERS) if layer.barrel)
"""Dense indices of the ten barrel layers, from the inside outwards."""

_TIGHT_Z: Final = 1.0  # mm; nearer to z = 0 than this a disc's hits tell nothing of r


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
    skipped: int = 0
    most_slope: float = 0.001
    most_z0: float = 200.0

    def __post_init__(self) -> None:
        for name in ("most_slope", "most_z0"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"doublets: {name} is {getattr(self, name)}: it must be above 0")


def layer_pairs(config: DoubletConfig) -> Int32Array:
    """Return the pairs of dense layer indices that doublets may join, inner layer first, shape (n, 2)."""
    if config.layers == "barrel":
        return np.array(list(pairwise(BARREL_LAYERS)), dtype=np.int32)
    following = next_layers(config.skipped)
    inner = np.repeat(np.arange(N_LAYERS, dtype=np.int32), following.shape[1])
    pairs = np.stack([inner, following.ravel()], axis=1)
    return pairs[pairs[:, 1] >= 0]


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
    rows = np.arange(len(hits)) if rows is None else rows
    rows = rows[hits.layer_index[rows] >= 0]
    rows = rows[np.lexsort((hits.phi[rows], hits.layer_index[rows]))]
    starts = np.searchsorted(hits.layer_index[rows], np.arange(N_LAYERS + 1))
    points = np.stack([hits.phi[rows], hits.r[rows], hits.z[rows]], axis=1).astype(np.float64)
    parts = [np.zeros((0, 2), dtype=np.int32)]
    for inner, outer in layer_pairs(config):
        first, second = (points[starts[k] : starts[k + 1]] for k in (inner, outer))
        if len(first) == 0 or len(second) == 0:
            continue
        pairs = _joined(first, second, config.most_slope, config.most_z0)
        parts.append(rows[pairs + np.array([starts[inner], starts[outer]])].astype(np.int32))
    found = np.concatenate(parts)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def _joined(first: Float64Array, second: Float64Array, most_slope: float, most_z0: float) -> Int64Array:
    """Return the doublets between two layers as places within them, shape (n, 2)."""
    counts = np.zeros(len(first) + 1, dtype=np.int64)
    none = np.zeros((0, 2), dtype=np.int64)
    ends = np.array([f(second[:, k]) for k in (1, 2) for f in (np.min, np.max)])
    _search(first, second, ends, most_slope, most_z0, counts, none)
    offsets = np.append(0, np.cumsum(counts[:-1]))
    pairs = np.empty((offsets[-1], 2), dtype=np.int64)
    if len(pairs):
        _search(first, second, ends, most_slope, most_z0, offsets, pairs)
    return pairs


@parallel_kernel
def _search(
    first: Float64Array,
    second: Float64Array,
    ends: Float64Array,
    most_slope: float,
    most_z0: float,
    offsets: Int64Array,
    pairs: Int64Array,
) -> None:
    """Count the doublets of each first hit in `offsets` or, given room in `pairs`, write them there."""
    for i in numba.prange(len(first)):
        phi, r, z = first[i]
        reach = most_slope * _largest_step(r, z, ends, most_z0)
        j = np.searchsorted(second[:, 0], _wrapped(phi - reach))
        found = 0
        for step in range(len(second)):
            k = (j + step) % len(second)
            turn = _wrapped(second[k, 0] - phi)
            if turn < -reach - 1e-9 or turn > reach:
                break
            if _passes(turn, r, z, second[k], most_slope, most_z0):
                if len(pairs):
                    pairs[offsets[i] + found, 0] = i
                    pairs[offsets[i] + found, 1] = k
                found += 1
        if len(pairs) == 0:
            offsets[i] = found


@kernel
def _wrapped(angle: float) -> float:
    """Return the angle [rad] in [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


@kernel
def _passes(turn: float, r: float, z: float, outer: Float64Array, most_slope: float, most_z0: float) -> bool:
    dr = outer[1] - r
    if dr <= 0.0 or abs(turn) > most_slope * dr:
        return False
    return abs(z - r * (outer[2] - z) / dr) <= most_z0


@kernel
def _largest_step(r: float, z: float, ends: Float64Array, most_z0: float) -> float:
    """Return how far out [mm] the second hit may be: on a disc, z0 bounds its r."""
    step = max(ends[1] - r, 0.0)
    outer = ends[3] if z > 0 else ends[2]
    if abs(z) > most_z0 + _TIGHT_Z and abs(outer) > abs(z):
        step = min(step, r * (abs(outer) - most_z0) / (abs(z) - most_z0) - r)
    return step


def true_doublets(doublets: Int32Array, particle: Int64Array) -> BoolArray:
    """Tell which doublets join two hits of one particle; `particle` is each hit's, at most 0 for noise."""
    first, second = particle[doublets[:, 0]], particle[doublets[:, 1]]
    return (first == second) & (first > 0)
