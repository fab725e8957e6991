"""Which layers follow which along tracks from the beam line: computed once, from the detector's geometry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array

if TYPE_CHECKING:
    from clew.detector.detector import Layer

__all__ = ["Transitions", "find_transitions"]

_RADII: Final = (250.0, 400.0, 800.0, 1e5)  # mm, of tracks in the transverse plane
_N_ORIGINS: Final = 17
_COTS: Final = np.sinh(np.linspace(-4.5, 4.5, 361))
_MARGIN: Final = 12.0  # mm by which a crossing may lie outside a layer's reach
_FEWEST: Final = 12  # of the helices; rarer transitions are left out


class Transitions(NamedTuple):
    """Tables of shape (n_layers, width), int32, -1 padded, likeliest first.

    Attributes
    ----------
    following : ndarray
        Layers that may come after each.
    preceding : ndarray
        Layers that may come before each.
    """

    following: Int32Array
    preceding: Int32Array


def find_transitions(layers: Sequence[Layer], beam_spot: float, skipped: int) -> Transitions:
    """Return which layers may follow each, and which may come before it.

    Helices of several radii and slopes, that begin on the beam line within `beam_spot` [mm] of its middle,
    cross the layers; a layer may be followed by the next one that any of them crosses, or, if `skipped` is
    more than 0, by one of as many after it.
    """
    n = len(layers)
    counts = np.zeros((n, n), dtype=np.int64)
    origins = np.linspace(-beam_spot, beam_spot, _N_ORIGINS)
    arcs = _arcs(layers, *(part.reshape(-1, 1) for part in np.meshgrid(_RADII, origins, _COTS)))
    order = np.argsort(arcs, axis=1)
    met = np.isfinite(np.take_along_axis(arcs, order, axis=1))
    for step in range(1, 2 + skipped):
        both = met[:, :-step] & met[:, step:]
        np.add.at(counts, (order[:, :-step][both], order[:, step:][both]), 1)
    following = _ranked(counts)
    return Transitions(following, _reversed(following))


def _ranked(counts: Int64Array) -> Int32Array:
    ranked = np.argsort(-counts, axis=1, kind="stable")
    kept = np.take_along_axis(counts, ranked, axis=1) >= _FEWEST
    width = max(int(kept.sum(axis=1).max(initial=0)), 1)
    return np.where(kept, ranked, -1)[:, :width].astype(np.int32)


def _arcs(
    layers: Sequence[Layer], radius: Float64Array, origin: Float64Array, cot: Float64Array
) -> Float64Array:
    """Return the arc [mm] at which each helix, a row of a column, meets each layer, inf where it does not."""
    barrel = np.array([layer.barrel for layer in layers])
    position = np.array([layer.position for layer in layers])
    low, high = np.array([layer.reach for layer in layers]).T
    arcs = np.full((len(cot), len(layers)), np.inf)

    arc = 2 * radius * np.arcsin(np.minimum(position[barrel] / (2 * radius), 1.0))
    met = (np.abs(origin + cot * arc) <= high[barrel] + _MARGIN) & (position[barrel] < 2 * radius)
    arcs[:, barrel] = np.where(met, arc, np.inf)

    arc = (position[~barrel] - origin) / np.where(cot == 0.0, np.inf, cot)
    reach = 2 * radius * np.sin(np.clip(arc / (2 * radius), 0.0, np.pi / 2))
    met = (arc > 0) & (arc < np.pi * radius)
    met &= (reach >= low[~barrel] - _MARGIN) & (reach <= high[~barrel] + _MARGIN)
    arcs[:, ~barrel] = np.where(met, arc, np.inf)
    return arcs


def _reversed(following: Int32Array) -> Int32Array:
    """Return the layers that each one follows, those first in whose rows it stands first."""
    n = len(following)
    ranked: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for layer, rank in zip(*np.nonzero(following >= 0), strict=True):
        ranked[following[layer, rank]].append((int(rank), int(layer)))
    table = np.full((n, max(1, *map(len, ranked))), -1, dtype=np.int32)
    for layer, before in enumerate(ranked):
        table[layer, : len(before)] = [other for _, other in sorted(before)]
    return table
