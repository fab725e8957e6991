"""DBSCAN of points in a few dimensions, compiled: a grid finds the neighbours, union-find joins them.

It gives the same clusters as scikit-learn's `DBSCAN` (see `clew.seeding.unrolled.clusterers`).  The grid is
over the direction of the first two columns and over the third, so it is fast where the first two are sine
and cosine of an angle, as those of `clew.seeding.unrolled.unrolling`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.kernels import kernel

__all__ = ["Workspace", "cluster_into", "dbscan", "make_workspace"]

_COUNT: Final = 0
_JOIN: Final = 1
_CLAIM: Final = 2
_NO_CLUSTER: Final = -1
_MARGIN: Final = np.float32(1.001)  # cells are wider than eps by more than rounding can matter
_MOST_ROWS: Final = 4096
_QUADRANT: Final = np.float32(5 / 3)  # what `_direction` grows by in a quarter turn
_STEEPEST: Final = 1.125  # largest derivative of `_direction`


class Workspace(NamedTuple):
    """Buffers for clustering up to n points, to be used again and again.

    Attributes
    ----------
    place : ndarray of shape (n,), int32
        Where each point is among the sorted ones.
    parent, neighbours, label : ndarray of shape (n,), int32
        Union-find forest, neighbours including itself, and cluster of the sorted points.
    start : ndarray of shape (2 * n + 2,), int32
        First sorted point of each cell.
    points : ndarray of shape (n, n_columns), float32
        The sorted points.
    """

    place: Int32Array
    parent: Int32Array
    neighbours: Int32Array
    label: Int32Array
    start: Int32Array
    points: Float32Array


class _Forest(NamedTuple):
    """The sorted points: fewest neighbours of a core point, and per point see `Workspace`."""

    min_samples: int
    parent: Int32Array
    neighbours: Int32Array
    label: Int32Array


class _Grid(NamedTuple):
    """Cells over direction, which wraps, and column 2; neighbours are at most one cell apart in each."""

    turns: int
    rows: int
    lowest: np.float32
    rows_per_unit: np.float32


def dbscan(points: Float32Array, eps: float, min_samples: int = 1) -> Int32Array:
    """Cluster points by density.

    Parameters
    ----------
    points : ndarray of shape (n, n_columns), float32
        At least three columns.
    eps : float
        Points at most this far apart (Euclidean) are neighbours; a point is its own neighbour.
    min_samples : int
        Neighbours that make a point a core point.

    Returns
    -------
    ndarray of shape (n,), int32
        Cluster from 0, numbered by their first core point; -1 for points that no core point neighbours.
        A point at the border of several clusters is in the one of lowest number.

    References
    ----------
    Ester, Kriegel, Sander, Xu: A density-based algorithm for discovering clusters (KDD 1996).
    """
    labels = np.empty(len(points), dtype=np.int32)
    rows = np.ascontiguousarray(points, dtype=np.float32)
    cluster_into(rows, np.float32(eps), min_samples, make_workspace(*rows.shape), labels)
    return labels


@kernel(owns=True)
def make_workspace(n: int, n_columns: int) -> Workspace:
    """Return buffers for `cluster_into` with up to n points."""
    return Workspace(
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(2 * n + 2, np.int32),
        np.empty((n, n_columns), np.float32),
    )


@kernel
def cluster_into(
    points: Float32Array, eps: np.float32, min_samples: int, work: Workspace, labels: Int32Array
) -> int:
    """Write the labels of `dbscan` into `labels` and return the number of clusters."""
    n = len(points)
    if n == 0:
        return 0
    grid = _make_grid(points, eps)
    ordered, start, place = work.points[:n], work.start, work.place[:n]
    forest = _Forest(min_samples, work.parent[:n], work.neighbours[:n], work.label[:n])
    _sort_into_cells(points, grid, forest.label, start, place, ordered)
    for i in range(n):
        forest.parent[i] = i
        forest.neighbours[i] = 1
    if min_samples > 1:
        _visit_neighbours(_COUNT, ordered, start, grid, eps, forest)
    _visit_neighbours(_JOIN, ordered, start, grid, eps, forest)
    n_clusters = _number_clusters(place, forest)
    if min_samples > 1:
        _visit_neighbours(_CLAIM, ordered, start, grid, eps, forest)
    for i in range(n):
        labels[i] = forest.label[place[i]]
    return n_clusters


@kernel
def _make_grid(points: Float32Array, eps: np.float32) -> _Grid:
    """Choose cells wide enough for eps, at most twice as many as there are points."""
    radius2 = np.float32(np.inf)
    lowest, highest = points[0, 2], points[0, 2]
    for i in range(len(points)):
        radius2 = min(radius2, points[i, 0] * points[i, 0] + points[i, 1] * points[i, 1])
        lowest, highest = min(lowest, points[i, 2]), max(highest, points[i, 2])
    width, radius = eps * _MARGIN, np.sqrt(radius2)
    turns = 1
    if width < radius:
        widest = _STEEPEST * 2.0 * np.arcsin(0.5 * width / radius) + 1e-5
        turns = min(len(points), int(4 * _QUADRANT / widest))
    turns = turns if turns >= 3 else 1
    extent = max(highest - lowest, width)
    rows = max(1, min(2 * len(points) // turns, int(extent / width), _MOST_ROWS))
    return _Grid(turns, rows, lowest, np.float32(rows / extent))


@kernel(inline=True)
def _direction(u: np.float32, v: np.float32) -> np.float32:
    """Return the direction of (u, v) in 0 to 4 _QUADRANT: nearly its angle, without an arctangent."""
    a, b = abs(u), abs(v)
    q = (b - a) / (a + b)
    bent = q - q * q * q * np.float32(1 / 6)
    half = np.float32(0.5) * _QUADRANT
    if u >= 0:
        return half - bent if v >= 0 else 3 * half + bent
    return 5 * half - bent if v < 0 else 7 * half + bent


@kernel
def _sort_into_cells(
    points: Float32Array,
    grid: _Grid,
    cell: Int32Array,
    start: Int32Array,
    place: Int32Array,
    ordered: Float32Array,
) -> None:
    """Sort the points by cell, counting; `start` is where each cell begins, `place` where each point went."""
    n_cells = grid.turns * grid.rows
    turns_per_unit = np.float32(grid.turns / (4 * _QUADRANT))
    start[: n_cells + 1] = 0
    for i in range(len(points)):
        turn = 0
        if grid.turns > 1:
            turn = min(int(_direction(points[i, 0], points[i, 1]) * turns_per_unit), grid.turns - 1)
        row = min(int((points[i, 2] - grid.lowest) * grid.rows_per_unit), grid.rows - 1)
        cell[i] = turn * grid.rows + row
        start[cell[i]] += 1
    for c in range(n_cells):
        start[c + 1] += start[c]
    for i in range(len(points) - 1, -1, -1):
        k = start[cell[i]] - 1
        start[cell[i]] = k
        place[i] = k
        for column in range(points.shape[1]):
            ordered[k, column] = points[i, column]


@kernel
def _visit_neighbours(
    task: int,
    points: Float32Array,
    start: Int32Array,
    grid: _Grid,
    eps: np.float32,
    forest: _Forest,
) -> None:
    """Do the task once for each pair of neighbours.

    They are in the same cell, in the next one of the turn, or in the three adjacent ones of the next turn.
    """
    rows, limit = grid.rows, eps * eps
    for turn in range(grid.turns):
        own, following = turn * rows, ((turn + 1) % grid.turns) * rows
        for row in range(rows):
            begin, end = start[own + row], start[own + row + 1]
            if begin == end:
                continue
            ahead = start[own + min(row + 2, rows)]
            first = start[following + max(row - 1, 0)]
            last = start[following + min(row + 2, rows)] if grid.turns > 1 else first
            for i in range(begin, end):
                for same_turn in (True, False):
                    for j in range(i + 1 if same_turn else first, ahead if same_turn else last):
                        if _are_near(points, i, j, limit):
                            _meet(task, i, j, forest)


@kernel(inline=True)
def _are_near(points: Float32Array, i: int, j: int, limit: np.float32) -> bool:
    a = points[i, 0] - points[j, 0]
    b = points[i, 1] - points[j, 1]
    c = points[i, 2] - points[j, 2]
    distance2 = a * a + b * b + c * c
    if distance2 > limit:
        return False
    for column in range(3, points.shape[1]):
        step = points[i, column] - points[j, column]
        distance2 += step * step
    return distance2 <= limit


@kernel
def _meet(task: int, i: int, j: int, forest: _Forest) -> None:
    """Count a pair of neighbours, join two core points, or let a core point claim one at the border."""
    neighbours, label = forest.neighbours, forest.label
    if task == _COUNT:
        neighbours[i] += 1
        neighbours[j] += 1
        return
    core_i, core_j = neighbours[i] >= forest.min_samples, neighbours[j] >= forest.min_samples
    if task == _JOIN and core_i and core_j:
        a, b = _root(forest.parent, i), _root(forest.parent, j)
        forest.parent[max(a, b)] = min(a, b)
    elif task == _CLAIM and core_i != core_j:
        core, border = (i, j) if core_i else (j, i)
        if label[border] == _NO_CLUSTER or label[core] < label[border]:
            label[border] = label[core]


@kernel
def _root(parent: Int32Array, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def _number_clusters(place: Int32Array, forest: _Forest) -> int:
    """Label the core points, clusters in the order of their first core point, the others _NO_CLUSTER."""
    n_clusters, label = 0, forest.label
    label[:] = _NO_CLUSTER
    for i in place:
        if forest.neighbours[i] >= forest.min_samples:
            root = _root(forest.parent, i)
            if label[root] == _NO_CLUSTER:
                label[root] = n_clusters
                n_clusters += 1
            label[i] = label[root]
    return n_clusters
