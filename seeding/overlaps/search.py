"""Four hits on two layers: on each a pair on neighbouring modules, all on one helix from the beam line."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.hits.clusters import cluster_gain
from clew.hits.index import HitPoint, cell_span, cells_of, columns_of, in_columns
from clew.hits.space import SearchSpace
from clew.kernels import kernel, run_blocks
from clew.seeding.doublets import DoubletCuts, doublet_window, turn

__all__ = ["OverlapCuts", "search_overlaps"]

_WIDEST: Final = 1.0
"""rad; half the azimuth in which the other hit of a pair is looked for at most."""

_PAIRS_PER_HIT: Final = 4
"""So many pairs are kept for each free hit on average; further ones are left out."""


class OverlapCuts(NamedTuple):
    """What pairs and the tracks of two of them must keep to.

    Attributes
    ----------
    apart : float, mm
        Largest distance of the hits of a pair.
    error : float, mm
        Expected deviation of a hit from the helix, across the track and along the beam.
    most_chi2 : float
        Of all four hits.
    least_clusters : float
        What their clusters must gain; see `clew.hits.clusters`.
    """

    apart: float
    error: float
    most_chi2: float
    least_clusters: float


class _Pairs(NamedTuple):
    """Pairs by the entry of their first hit.

    Attributes
    ----------
    first, second : ndarray of shape (n_pairs,), int32
        Entries of the space; the first is nearer to the origin.
    starts : ndarray of shape (n + 1,), int64
        Pairs of entry i are numbers starts[i] to starts[i + 1].
    """

    first: Int32Array
    second: Int32Array
    starts: Int64Array


@kernel(force=True)
def _is_pair(first: HitPoint, second: HitPoint, cuts: DoubletCuts, own: OverlapCuts) -> bool:
    dx, dy, dz = second.x - first.x, second.y - first.y, second.z - first.z
    outwards = second.r + abs(second.z) > first.r + abs(first.z)
    near = dx * dx + dy * dy + dz * dz < own.apart * own.apart
    return (
        outwards and second.module != first.module and near and _may_be_on_one_track(first, second, cuts, own)
    )


@kernel(force=True)
def _may_be_on_one_track(first: HitPoint, second: HitPoint, cuts: DoubletCuts, own: OverlapCuts) -> bool:
    """Tell whether any helix that the cuts allow passes both hits of a pair.

    Both deviate by half of what their distance deviates by, which chi2 limits: no track of `_chi2` is lost,
    but nearly all pairs by chance, of which a dense event has very many.
    """
    gap = second.r - first.r
    most = np.sqrt(2.0 * own.most_chi2) * own.error
    side = abs(turn(second.phi - first.phi)) - 0.5 * cuts.most_curvature * abs(gap)
    if side * min(first.r, second.r) > most:
        return False
    r, z = 0.5 * (first.r + second.r), 0.5 * (first.z + second.z)
    low, high = (z - cuts.most_z0) / r, (z + cuts.most_z0) / r
    steepest = max(abs(low), abs(high))
    height = abs(second.z - first.z - gap * z / r) - abs(gap) * cuts.most_z0 / r
    return height <= most * np.sqrt(1.0 + steepest * steepest)


@kernel
def _find_pairs(
    space: SearchSpace, wanted: BoolArray, cuts: DoubletCuts, own: OverlapCuts, pairs: _Pairs
) -> int:
    """Write the pairs of hits on the wanted layers; return their number."""
    n = 0
    for hit in range(len(space.row)):
        pairs.starts[hit] = n
        if wanted[space.points[hit].layer]:
            n = _add_partners(space, hit, cuts, own, pairs, n)
    pairs.starts[len(space.row)] = n
    return n


@kernel(force=True)
def _add_partners(
    space: SearchSpace, hit: int, cuts: DoubletCuts, own: OverlapCuts, pairs: _Pairs, n: int
) -> int:
    """Write the pairs of which a hit is the first after n others; return the number of all."""
    point, apart = space.points[hit], own.apart
    near, far = max(point.r - apart, 1.0), point.r + apart
    low, high = point.z - apart, point.z + apart
    low, high = low / (far if low > 0 else near), high / (near if high > 0 else far)
    columns = columns_of(point.phi, min(apart / near, _WIDEST))
    left, right = cells_of(space, columns)
    for cell in range(left, right + 1):
        begin, end = cell_span(space, point.layer, cell, low, high)
        for other in range(begin, end):
            if n < len(pairs.first) and _is_pair(point, space.points[other], cuts, own):
                pairs.first[n], pairs.second[n] = hit, other
                n += 1
    return n


@kernel(force=True)
def _chi2(a: HitPoint, b: HitPoint, c: HitPoint, d: HitPoint, cuts: DoubletCuts, error: float) -> float:
    """Return chi2 of four hits against the helix from the beam line through the middles of the pairs.

    Infinite where it is beyond the cuts.  Azimuth and z are linear in r: the track is short.
    """
    r1, r2 = 0.5 * (a.r + b.r), 0.5 * (c.r + d.r)
    if r2 - r1 < cuts.least_gap:
        return np.inf
    pb, pc, pd = turn(b.phi - a.phi), turn(c.phi - a.phi), turn(d.phi - a.phi)
    p1, z1 = 0.5 * pb, 0.5 * (a.z + b.z)
    bend = (0.5 * (pc + pd) - p1) / (r2 - r1)
    slope = (0.5 * (c.z + d.z) - z1) / (r2 - r1)
    if abs(bend) > 0.5 * cuts.most_curvature or abs(z1 - slope * r1) > cuts.most_z0:
        return np.inf
    level = 1.0 / (1.0 + slope * slope)
    total = 0.0
    for r, phi, z in ((a.r, 0.0, a.z), (b.r, pb, b.z), (c.r, pc, c.z), (d.r, pd, d.z)):
        side = (phi - p1 - bend * (r - r1)) * r
        height = z - z1 - slope * (r - r1)
        total += side * side + height * height * level
    return total / (error * error)


@kernel(force=True)
def _clusters(space: SearchSpace, a: HitPoint, b: HitPoint, c: HitPoint, d: HitPoint) -> float:
    """Return what the clusters of four hits gain for the line through the middles of the pairs."""
    dx, dy = 0.5 * (c.x + d.x - a.x - b.x), 0.5 * (c.y + d.y - a.y - b.y)
    length = np.sqrt(dx * dx + dy * dy) + 1e-9
    heading, slope = (dx / length, dy / length), 0.5 * (c.z + d.z - a.z - b.z) / length
    near, far = space.surfaces[a.layer].barrel, space.surfaces[c.layer].barrel
    shapes = space.shapes
    gain = cluster_gain(shapes, a, near, heading, slope) + cluster_gain(shapes, b, near, heading, slope)
    return gain + cluster_gain(shapes, c, far, heading, slope) + cluster_gain(shapes, d, far, heading, slope)


@kernel
def _best_partner(
    space: SearchSpace,
    following: Int32Array,
    pairs: _Pairs,
    number: int,
    cuts: DoubletCuts,
    own: OverlapCuts,
    best: Int32Array,
) -> float:
    """Write the likeliest track of a pair and one on the next layer; return its chi2, infinite for none."""
    points, least = space.points, own.most_chi2
    a, b = points[pairs.first[number]], points[pairs.second[number]]
    found = np.inf
    for layer in following[a.layer]:
        if layer < 0:
            break
        half, low, high = doublet_window(a, space.surfaces[layer], cuts)
        if half < 0.0:
            continue
        columns = columns_of(a.phi, half)
        left, right = cells_of(space, columns)
        for cell in range(left, right + 1):
            begin, end = cell_span(space, layer, cell, low, high)
            for entry in range(begin, end):
                if not in_columns(space, entry, columns):
                    continue
                for other in range(pairs.starts[entry], pairs.starts[entry + 1]):
                    c, d = points[entry], points[pairs.second[other]]
                    chi2 = _chi2(a, b, c, d, cuts, own.error)
                    if chi2 < least and _clusters(space, a, b, c, d) >= own.least_clusters:
                        least = found = chi2
                        best[0], best[1] = pairs.first[number], pairs.second[number]
                        best[2], best[3] = entry, pairs.second[other]
    return found


@kernel
def _search_block(
    space: SearchSpace,
    following: Int32Array,
    pairs: _Pairs,
    cuts: tuple[DoubletCuts, OverlapCuts],
    tracks: Int32Array,
    chi2: Float64Array,
    block: tuple[int, int],
) -> None:
    for number in range(block[0], block[1]):
        chi2[number] = _best_partner(space, following, pairs, number, cuts[0], cuts[1], tracks[number])


def search_overlaps(
    space: SearchSpace, wanted: BoolArray, following: Int32Array, cuts: DoubletCuts, own: OverlapCuts
) -> Int32Array:
    """Return the likeliest track of each pair, shape (n, 4), int32, entries of the space, likeliest first.

    Parameters
    ----------
    space : SearchSpace
    wanted : ndarray of shape (n_layers,), bool
        On which layers pairs are looked for.
    following : ndarray of shape (n_layers, any), int32
        Layers that may follow each, -1 padded.
    cuts : DoubletCuts
    own : OverlapCuts
    """
    n = len(space.row)
    room = _PAIRS_PER_HIT * n
    pairs = _Pairs(np.empty(room, np.int32), np.empty(room, np.int32), np.zeros(n + 1, dtype=np.int64))
    n_pairs = _find_pairs(space, wanted, cuts, own, pairs)
    tracks, chi2 = np.full((n_pairs, 4), -1, dtype=np.int32), np.full(n_pairs, np.inf)

    def search_block(begin: int, end: int) -> None:
        _search_block(space, following, pairs, (cuts, own), tracks, chi2, (begin, end))

    run_blocks(search_block, n_pairs)
    order = np.argsort(chi2, kind="stable")
    best: Int32Array = tracks[order[: np.count_nonzero(chi2 < np.inf)]]
    return best
