"""DBSCAN of points in a few dimensions, compiled: a grid finds the neighbours, union-find joins them.

It gives the same clusters as scikit-learn's `DBSCAN` (see `clew.seeding.clusterers`).  The grid is over the
direction of the first two columns and over the third, so it is fast where the first two are sine and cosine
of an angle, as those of `clew.seeding.unrolling`.
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
_MARGIN: Final = np.float32(1.0001)  # cells wider than eps by more than rounding can matter


class Workspace(NamedTuple):
    """Buffers of one clustering of n points, to be used again and again.

    Attributes
    ----------
    order, place : ndarray of shape (n,), int32
        Points sorted by cell, and where each point is in that order.
    parent, neighbours, label : ndarray of shape (n,), int32
        Union-find forest, neighbours including itself, and cluster of the sorted points.
    start : ndarray of shape (n_cells + 1,), int32
        First sorted point of each cell.
    points : ndarray of shape (n, n_columns), float32
        The sorted points.
    """

    order: Int32Array
    place: Int32Array
    parent: Int32Array
    neighbours: Int32Array
    label: Int32Array
    start: Int32Array
    points: Float32Array


class Grid(NamedTuple):
    """Cells over direction, which wraps, and column 2; neighbours are never more than one cell apart."""

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
    if len(points):
        rows = np.ascontiguousarray(points, dtype=np.float32)
        cluster_into(rows, np.float32(eps), min_samples, make_workspace(*rows.shape), labels)
    return labels


@kernel
def make_workspace(n: int, n_columns: int) -> Workspace:
    """Return buffers for `cluster_into` with n points."""
    return Workspace(
        np.empty(n, np.int32),
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
    grid = _make_grid(points, eps)
    _sort_into_cells(points, grid, work)
    work.neighbours[:] = 1
    if min_samples > 1:
        _visit_neighbours(_COUNT, min_samples, eps, grid, work)
    for i in range(len(points)):
        work.parent[i] = i
    _visit_neighbours(_JOIN, min_samples, eps, grid, work)
    n_clusters = _number_clusters(min_samples, work)
    if min_samples > 1:
        _visit_neighbours(_CLAIM, min_samples, eps, grid, work)
    for i in range(len(points)):
        labels[i] = work.label[work.place[i]]
    return n_clusters


@kernel
def _make_grid(points: Float32Array, eps: np.float32) -> Grid:
    """Choose cells wide enough for eps, about as many as there are points."""
    radius2 = np.float32(np.inf)
    lowest, highest = points[0, 2], points[0, 2]
    for i in range(len(points)):
        radius2 = min(radius2, points[i, 0] * points[i, 0] + points[i, 1] * points[i, 1])
        lowest, highest = min(lowest, points[i, 2]), max(highest, points[i, 2])
    width, radius = eps * _MARGIN, np.sqrt(radius2)
    turns = 1
    if width < radius:
        turns = min(len(points), int(4.0 / (2.0 * np.arcsin(0.5 * width / radius) + 1e-6)))
    turns = turns if turns >= 3 else 1
    extent = max(highest - lowest, width)
    rows = max(1, min(2 * len(points) // turns, int(extent / width)))
    return Grid(turns, rows, lowest, np.float32(rows / extent))


@kernel
def _cell(point: Float32Array, grid: Grid) -> int:
    turn = 0
    if grid.turns > 1:
        # the direction as a number in 0..4 that never grows faster than the angle, without an arctangent
        part = point[1] / (abs(point[0]) + abs(point[1]))
        direction = 1 - part if point[0] >= 0 else 3 + part
        turn = min(int(direction * np.float32(0.25 * grid.turns)), grid.turns - 1)
    row = min(int((point[2] - grid.lowest) * grid.rows_per_unit), grid.rows - 1)
    return turn * grid.rows + row


@kernel
def _sort_into_cells(points: Float32Array, grid: Grid, work: Workspace) -> None:
    """Fill order, place, start and points of the workspace by a counting sort."""
    n, n_cells = len(points), grid.turns * grid.rows
    cell, start = work.label, work.start
    start[: n_cells + 1] = 0
    for i in range(n):
        cell[i] = _cell(points[i], grid)
        start[cell[i]] += 1
    for c in range(n_cells):
        start[c + 1] += start[c]
    for i in range(n - 1, -1, -1):
        start[cell[i]] -= 1
        k = start[cell[i]]
        work.order[k], work.place[i] = i, k
        for column in range(points.shape[1]):
            work.points[k, column] = points[i, column]


@kernel
def _visit_neighbours(task: int, min_samples: int, eps: np.float32, grid: Grid, work: Workspace) -> None:
    """Do a task for each pair of neighbours: a point's own and next cell, and three cells of the next turn."""
    start, rows, limit = work.start, grid.rows, eps * eps
    for turn in range(grid.turns):
        own, following = turn * rows, ((turn + 1) % grid.turns) * rows
        for row in range(rows):
            end = start[own + min(row + 2, rows)]
            first = start[following + max(row - 1, 0)]
            last = start[following + min(row + 2, rows)] if grid.turns > 1 else first
            for i in range(start[own + row], start[own + row + 1]):
                for j in range(i + 1, end):
                    if _distance2(work.points, i, j) <= limit:
                        _meet(task, i, j, min_samples, work)
                for j in range(first, last):
                    if _distance2(work.points, i, j) <= limit:
                        _meet(task, i, j, min_samples, work)


@kernel(inline=True)
def _distance2(points: Float32Array, i: int, j: int) -> np.float32:
    total = np.float32(0)
    for column in range(points.shape[1]):
        step = points[i, column] - points[j, column]
        total += step * step
    return total


@kernel
def _meet(task: int, i: int, j: int, min_samples: int, work: Workspace) -> None:
    if task == _COUNT:
        work.neighbours[i] += 1
        work.neighbours[j] += 1
        return
    core_i, core_j = work.neighbours[i] >= min_samples, work.neighbours[j] >= min_samples
    if task == _JOIN and core_i and core_j:
        a, b = _root(work.parent, i), _root(work.parent, j)
        work.parent[max(a, b)] = min(a, b)
    elif task == _CLAIM and core_i != core_j:
        core, border = (i, j) if core_i else (j, i)
        if work.label[border] == _NO_CLUSTER or work.label[core] < work.label[border]:
            work.label[border] = work.label[core]


@kernel
def _root(parent: Int32Array, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def _number_clusters(min_samples: int, work: Workspace) -> int:
    """Label the core points, clusters in the order of their first core point, the others _NO_CLUSTER."""
    n_clusters = 0
    work.label[:] = _NO_CLUSTER
    for i in work.place:
        if work.neighbours[i] >= min_samples:
            root = _root(work.parent, i)
            if work.label[root] == _NO_CLUSTER:
                work.label[root] = n_clusters
                n_clusters += 1
            work.label[i] = work.label[root]
    return n_clusters
