"""The line graph of an event: segments between hits are nodes, and edges join segments that share a hit."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.seeding.graph.doublets import DoubletConfig, true_doublets
from clew.seeding.graph.graph import N_EDGE_FEATURES, N_NODE_FEATURES, Graph, build_graph
from clew.seeding.graph.network import GraphKind

__all__ = ["SEGMENTS", "SegmentGraph", "build_segment_graph"]

_BEND, _Z0, _LEAN = 3, 5, 7
"""Columns of the doublets' features; see clew.seeding.graph.graph."""

_N_JOINT_FEATURES: Final = 8
_CURVATURE: Final = 1000.0  # mm: features are then of order 1

SEGMENTS: Final = GraphKind("segments", N_EDGE_FEATURES + 2 * N_NODE_FEATURES, _N_JOINT_FEATURES)


class SegmentGraph(NamedTuple):
    """Segments and their joints.

    Attributes
    ----------
    segments : ndarray of shape (n_segments, 2), int32
        Hit rows that each segment joins, the inner one first.
    graph : Graph
        Its nodes are segments, named by their row in `segments`; its edges, the joints, run from inside out.
    """

    segments: Int32Array
    graph: Graph

    def targets(self, particle: Int64Array) -> BoolArray:
        """Tell which edges join three hits of one particle; `particle` is each hit's, at most 0 for noise."""
        own = np.where(true_doublets(self.segments, particle), particle[self.segments[:, 0]], 0)
        return self.graph.targets(own)

    def count_joinable(self, particle: Int64Array) -> int:
        """Count the pairs of segments of one particle that share a hit, also those with too large a kink."""
        true = true_doublets(self.segments, particle)
        n = int(self.segments.max(initial=-1)) + 1
        ending, beginning = (np.bincount(self.segments[true, k], minlength=n) for k in (1, 0))
        return int((ending * beginning).sum())


def build_segment_graph(
    hits: Hits, config: DoubletConfig, most_kink: float, rows: Int64Array | None = None
) -> SegmentGraph:
    """Build the line graph of an event's doublets, or of those among the given hits.

    The graph is that of RDGraphNet (E. Shchavelev et al., 2020), the reversed graph of GraphNet in Ariadne.

    Parameters
    ----------
    hits : Hits
    config : DoubletConfig
    most_kink : float, rad
        Of the angle between segments that an edge joins.
    rows : ndarray of shape (n,), int64, optional
        The hits to join; all by default.
    """
    graph = build_graph(hits, config, rows)
    segments = graph.doublets
    points = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    joints = _joints(segments, points, most_kink)
    nodes, ends = np.unique(joints, return_inverse=True)
    inner, outer = graph.edges[nodes].T
    features = [graph.edge_features[nodes], graph.node_features[inner], graph.node_features[outer]]
    return SegmentGraph(
        segments,
        Graph(
            nodes.astype(np.int32),
            ends.reshape(joints.shape).astype(np.int32),
            np.concatenate(features, axis=1),
            _joint_features(points, segments, joints, graph.edge_features),
        ),
    )


def _joints(segments: Int32Array, points: Float64Array, most_kink: float) -> Int32Array:
    """Return pairs of segments that share a hit and go on nearly straight, inner one first, shape (n, 2)."""
    n = len(points)
    starts = np.searchsorted(segments[:, 0], np.arange(n + 1))  # segments are sorted by their inner hit
    counts = np.zeros(len(segments) + 1, dtype=np.int64)
    none = np.zeros((0, 2), dtype=np.int32)
    _search(segments, points, starts, np.cos(most_kink), counts, none)
    offsets = np.append(0, np.cumsum(counts[:-1]))
    joints = np.empty((offsets[-1], 2), dtype=np.int32)
    if len(joints):
        _search(segments, points, starts, np.cos(most_kink), offsets, joints)
    return joints


@parallel_kernel
def _search(
    segments: Int32Array,
    points: Float64Array,
    starts: Int64Array,
    least_cos: float,
    offsets: Int64Array,
    joints: Int32Array,
) -> None:
    """Count the joints of each inner segment in `offsets` or, given room in `joints`, write them there."""
    for inner in numba.prange(len(segments)):
        _search_one(segments, points, starts, least_cos, offsets, joints, inner)


@kernel(owns=True)
def _search_one(
    segments: Int32Array,
    points: Float64Array,
    starts: Int64Array,
    least_cos: float,
    offsets: Int64Array,
    joints: Int32Array,
    inner: int,
) -> None:
    middle, found = segments[inner, 1], 0
    for outer in range(starts[middle], starts[middle + 1]):
        if not _is_straight(points, segments[inner, 0], middle, segments[outer, 1], least_cos):
            continue
        if len(joints):
            joints[offsets[inner] + found, 0], joints[offsets[inner] + found, 1] = inner, outer
        found += 1
    if len(joints) == 0:
        offsets[inner] = found


@kernel(force=True)
def _is_straight(points: Float64Array, first: int, middle: int, last: int, least_cos: float) -> bool:
    """Tell whether the cosine of the kink at the middle one of three points is large enough."""
    both = before = after = 0.0
    for axis in range(3):
        u = points[middle, axis] - points[first, axis]
        v = points[last, axis] - points[middle, axis]
        both += u * v
        before += u * u
        after += v * v
    return both >= least_cos * np.sqrt(before * after)


def _joint_features(
    points: Float64Array, segments: Int32Array, joints: Int32Array, features: Float32Array
) -> Float32Array:
    """Return what a track through the three hits of each joint would be like; nothing tells the azimuth.

    Columns: signed curvature of the circle through the hits [1/m], its size, by how much it differs from the
    mean of both segments' circles through the beam line, the change of the slope's asinh and its size, of z0
    [50 mm] and its size, and the transverse kink [0.1 rad].
    """
    first, middle = segments[joints[:, 0]].T
    last = segments[joints[:, 1], 1]
    u, v = (points[b, :2] - points[a, :2] for a, b in ((first, middle), (middle, last)))
    cross = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    lengths = [np.maximum(np.linalg.norm(w, axis=1), 1e-3) for w in (u, v, u + v)]
    bend = 2 * cross / np.prod(lengths, axis=0) * _CURVATURE
    turn = np.arctan2(cross, (u * v).sum(axis=1))
    inner, outer = features[joints[:, 0]], features[joints[:, 1]]
    lean, z0 = outer[:, _LEAN] - inner[:, _LEAN], outer[:, _Z0] - inner[:, _Z0]
    beam = (inner[:, _BEND] + outer[:, _BEND]) / 2
    columns = [bend, np.abs(bend), bend - beam, lean, np.abs(lean), z0, np.abs(z0), turn * 10]
    return np.column_stack(columns).astype(np.float32)
