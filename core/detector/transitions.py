"""Which layers follow which along tracks from the beam line: computed once, from the detector's geometry."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector import LAYERS, N_LAYERS

__all__ = ["next_layers", "preceding_layers"]

_RADII: Final = (250.0, 400.0, 800.0, 1e5)
_ORIGINS: Final = np.linspace(-200.0, 200.0, 17)
_COTS: Final = np.sinh(np.linspace(-4.5, 4.5, 361))
_MARGIN: Final = 12.0  # mm by which a crossing may lie outside a layer's reach
_FEWEST: Final = 12  # of the helices; rarer transitions are left out


@cache
def next_layers(skipped: int) -> Int32Array:
    """Return the layers that may follow each, most frequent first, shape (N_LAYERS, width), int32, -1 padded.

    Helices of several radii, origins and slopes cross the layers of `clew.detector.LAYERS`; a layer may be
    followed by the next one that any of them crosses, or, if `skipped` is more than 0, by one of as many
    after it.
    """
    counts = np.zeros((N_LAYERS, N_LAYERS), dtype=np.int64)
    for radius in _RADII:
        for origin in _ORIGINS:
            arcs = _arcs(radius, origin)
            order = np.argsort(arcs, axis=1)
            met = np.isfinite(np.take_along_axis(arcs, order, axis=1))
            for step in range(1, 2 + skipped):
                both = met[:, :-step] & met[:, step:]
                np.add.at(counts, (order[:, :-step][both], order[:, step:][both]), 1)
    ranked = np.argsort(-counts, axis=1, kind="stable")
    kept = np.take_along_axis(counts, ranked, axis=1) >= _FEWEST
    width = int(kept.sum(axis=1).max())
    return np.where(kept, ranked, -1)[:, :width].astype(np.int32)


def _arcs(radius: float, origin: float) -> Float64Array:
    """Return the arc [mm] at which helices of all slopes meet each layer, inf where they do not."""
    arcs = np.full((len(_COTS), N_LAYERS), np.inf)
    for number, layer in enumerate(LAYERS):
        if layer.barrel:
            arc = np.full(len(_COTS), 2 * radius * np.arcsin(min(layer.position / (2 * radius), 1.0)))
            reach = np.abs(origin + _COTS * arc)
            met = (reach <= layer.reach[1] + _MARGIN) & (layer.position < 2 * radius)
        else:
            arc = (layer.position - origin) / np.where(_COTS == 0.0, np.inf, _COTS)
            reach = 2 * radius * np.sin(np.clip(arc / (2 * radius), 0.0, np.pi / 2))
            met = (arc > 0) & (reach >= layer.reach[0] - _MARGIN) & (reach <= layer.reach[1] + _MARGIN)
            met &= arc < np.pi * radius
        arcs[met, number] = arc[met]
    return arcs


@cache
def preceding_layers() -> Int32Array:
    """Return the layers that may come before each, likeliest first; see `next_layers`."""
    following = next_layers(1)
    ranked: list[list[tuple[int, int]]] = [[] for _ in range(N_LAYERS)]
    for layer, rank in zip(*np.nonzero(following >= 0), strict=True):
        ranked[following[layer, rank]].append((int(rank), int(layer)))
    table = np.full((N_LAYERS, max(map(len, ranked))), -1, dtype=np.int32)
    for layer, before in enumerate(ranked):
        table[layer, : len(before)] = [other for _, other in sorted(before)]
    return table
