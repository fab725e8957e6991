"""Which way the modules of discs point: their strips lie along the radius at the module's centre."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.detector import Detector
from clew.event import Hits
from clew.hits.index import HitIndex
from clew.kernels import kernel

__all__ = ["orient_modules"]

_NONE: Final = -1


def orient_modules(hits: Hits, index: HitIndex) -> None:
    """Write into the points of an index how the modules of their hits lie: `axis_cos` and `axis_sin`.

    All discs of a volume are alike, so the mean azimuth of the hits that a module number has on any of
    them tells which of the ring's evenly spaced modules it is.  Hits on discs without known rings point along
    their own azimuth.
    """
    group, edges, spacings = _rings_of_layers(hits.detector)
    n_modules = 1 + int(hits.module.max(initial=0))
    sums = np.zeros((len(edges), n_modules, 4))
    _add_up(hits.x, hits.y, hits.r, hits.module, hits.layer_index, group, sums)
    _centre(sums, edges, spacings)
    _orient(index, group, sums)


def _rings_of_layers(detector: Detector) -> tuple[Int32Array, Float64Array, Float64Array]:
    """Return each layer's group of alike discs, and the rings of each group: edges [mm], spacings [rad].

    Shapes (n_layers,), _NONE for layers without rings, and twice (n_groups, n_rings).
    """
    owners = [(layer.volume, layer.kind) for layer in detector.layers]
    groups = sorted({owner for owner in owners if detector.classes[owner[1]].rings})
    group = np.array([groups.index(owner) if owner in groups else _NONE for owner in owners], dtype=np.int32)
    rings = [detector.classes[kind].rings for _, kind in groups]
    width = max(map(len, rings), default=1)
    edges, spacings = np.full((len(groups), width), np.inf), np.ones((len(groups), width))
    for number, own in enumerate(rings):
        edges[number, : len(own)] = [edge for edge, _ in own]
        spacings[number, : len(own)] = [2.0 * np.pi / n for _, n in own]
    return group, edges, spacings


@kernel
def _add_up(
    x: Float32Array,
    y: Float32Array,
    r: Float32Array,
    module: Int32Array,
    layer: Int32Array,
    group: Int32Array,
    sums: Float64Array,
) -> None:
    """Add up x, y, r and the number of each module's hits."""
    for hit in range(len(x)):
        own = group[layer[hit]] if layer[hit] >= 0 else _NONE
        if own >= 0 and module[hit] >= 0:
            total = sums[own, module[hit]]
            total[0] += x[hit]
            total[1] += y[hit]
            total[2] += r[hit]
            total[3] += 1.0


@kernel
def _centre(sums: Float64Array, edges: Float64Array, spacings: Float64Array) -> None:
    """Put cosine and sine of each module's azimuth in the place of its sums."""
    for own in range(len(sums)):
        for module in range(sums.shape[1]):
            total = sums[own, module]
            n = max(total[3], 1.0)
            ring = 0
            while ring + 1 < edges.shape[1] and edges[own, ring] < total[2] / n:
                ring += 1
            spacing = spacings[own, ring]
            azimuth = np.arctan2(total[1] / n, total[0] / n)
            centre = (np.floor((azimuth + np.pi) / spacing) + 0.5) * spacing - np.pi
            total[0], total[1] = np.cos(centre), np.sin(centre)


@kernel
def _orient(index: HitIndex, group: Int32Array, axes: Float64Array) -> None:
    for hit in range(len(index.points)):
        point = index.points[hit]
        own = group[point.layer]
        if own >= 0 and point.module >= 0:
            point.axis_cos, point.axis_sin = axes[own, point.module, 0], axes[own, point.module, 1]
        else:
            point.axis_cos, point.axis_sin = np.cos(point.phi), np.sin(point.phi)
