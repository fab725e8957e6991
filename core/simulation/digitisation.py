"""Crossings become clusters of cells, and clusters measured positions.

The charge is spread evenly along the path through the sensitive depth, drifts along u by the Lorentz angle on
its way to the read-out side, and is shared among the cells it ends in.  A hit's place is the centre of
charge, corrected for the drift over the whole depth: what the TrackML events show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import Modules
from clew.kernels import kernel
from clew.simulation.config import SimulationConfig
from clew.simulation.volumes import ModuleKinds

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["Clusters", "digitise"]

GRAZING: Final = 1.0 / np.cosh(3.0)
"""Cosine to the module's normal below which a crossing leaves no hit: the data have none beyond it."""


@dataclass(frozen=True)
class Clusters:
    """What was read out of some crossings.

    Attributes
    ----------
    crossing : ndarray of shape (n_clusters,), int64
        Row of the crossing.
    position : ndarray of shape (n_clusters, 3), float64, mm
    offsets : ndarray of shape (n_clusters + 1,), int64
        Cells of cluster i are rows offsets[i] to offsets[i + 1].
    channel : ndarray of shape (n_cells, 2), int32
    value : ndarray of shape (n_cells,), float32
    """

    crossing: Int64Array
    position: Float64Array
    offsets: Int64Array
    channel: Int32Array
    value: Float32Array


def digitise(
    module: Int32Array,
    position: Float64Array,
    direction: Float64Array,
    modules: Modules,
    kinds: ModuleKinds,
    config: SimulationConfig,
    random: Random,
) -> Clusters:
    """Read out crossings.

    Parameters
    ----------
    module : ndarray of shape (n,), int32
        Rows of the modules crossed.
    position, direction : ndarray of shape (n, 3), float64
        In the frames of the modules: place relative to the centre [mm], momentum of any length.
    modules : Modules
    kinds : ModuleKinds
    config : SimulationConfig
    random : numpy Generator

    Returns
    -------
    Clusters
        Of the crossings that left a hit: not grazing, not lost to inefficiency, with cells inside the module.
    """
    size = np.linalg.norm(direction, axis=1)
    seen = np.abs(direction[:, 2]) >= GRAZING * size
    seen &= random.random(len(module)) >= config.inefficiency
    rows = np.flatnonzero(seen)
    start, stop, shift = _segments(module[rows], position[rows], direction[rows], kinds)
    length = kinds.depth[module[rows]] * size[rows] / np.abs(direction[rows, 2])
    half = modules.half_size[module[rows]].astype(np.float64)
    pitch = modules.pitch[module[rows]].astype(np.float64)
    grid = np.column_stack([half[:, 2], half[:, 3]])
    offsets, channel, value = _cells(start, stop, grid, pitch, length)
    pixels = kinds.pixel[module[rows]]
    owner = np.repeat(np.arange(len(rows)), np.diff(offsets))
    smear = 1.0 + config.smearing * random.normal(size=len(value))
    signal = np.where(pixels[owner], value * smear, np.where(value > 0, 1.0, 0.0))
    read_out = (value >= config.threshold) & (signal > 0)
    return _clusters(rows, owner[read_out], channel[read_out], signal[read_out], module, shift, modules)


def _segments(
    module: Int32Array, position: Float64Array, direction: Float64Array, kinds: ModuleKinds
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return where the charge of both ends of the path arrives (u, v), and the mean drift's double in u."""
    depth, tangent = kinds.depth[module], kinds.lorentz[module]
    slope = direction[:, :2] / direction[:, 2:]
    reach = 0.5 * depth[:, None] * slope
    start, stop = position[:, :2] - reach, position[:, :2] + reach
    shift = tangent * depth
    start[:, 0] += np.maximum(shift, 0.0)
    stop[:, 0] += np.minimum(shift, 0.0)
    return start, stop, shift


@kernel(owns=True)
def _cells(
    start: Float64Array, stop: Float64Array, half: Float64Array, pitch: Float64Array, length: Float64Array
) -> tuple[Int64Array, Int32Array, Float64Array]:
    """Return offsets, channels and path length of the cells under every segment."""
    n = len(start)
    offsets = np.zeros(n + 1, dtype=np.int64)
    most = 0
    for i in range(n):
        for axis in range(2):
            most += int(abs(stop[i, axis] - start[i, axis]) / pitch[i, axis]) + 2
    channel = np.empty((most, 2), dtype=np.int32)
    path = np.empty(most)
    filled = 0
    for i in range(n):
        filled = _walk(start[i], stop[i], half[i], pitch[i], length[i], channel, path, filled)
        offsets[i + 1] = filled
    return offsets, channel[:filled].copy(), path[:filled].copy()


@kernel
def _walk(
    start: Float64Array,
    stop: Float64Array,
    half: Float64Array,
    pitch: Float64Array,
    length: float,
    channel: Int32Array,
    path: Float64Array,
    filled: int,
) -> int:
    """Walk from cell to cell along a segment; cells outside the module are left out."""
    u, v = (start[0] + half[0]) / pitch[0], (start[1] + half[1]) / pitch[1]
    du, dv = (stop[0] - start[0]) / pitch[0], (stop[1] - start[1]) / pitch[1]
    column, row = int(np.floor(u)), int(np.floor(v))
    n_columns, n_rows = (
        int(np.ceil(2 * half[0] / pitch[0] - 1e-6)),
        int(np.ceil(2 * half[1] / pitch[1] - 1e-6)),
    )
    next_u = (column + (1 if du > 0 else 0) - u) / du if du != 0.0 else np.inf
    next_v = (row + (1 if dv > 0 else 0) - v) / dv if dv != 0.0 else np.inf
    step_u = abs(1.0 / du) if du != 0.0 else np.inf
    step_v = abs(1.0 / dv) if dv != 0.0 else np.inf
    t = 0.0
    while t < 1.0 and filled < len(path):
        leave = min(next_u, next_v, 1.0)
        if leave > t and 0 <= column < n_columns and 0 <= row < n_rows:
            channel[filled, 0], channel[filled, 1] = column, row
            path[filled] = (leave - t) * length
            filled += 1
        t = leave
        if next_u <= next_v:
            column += 1 if du > 0 else -1
            next_u += step_u
        else:
            row += 1 if dv > 0 else -1
            next_v += step_v
    return filled


def _clusters(
    rows: Int64Array,
    owner: Int64Array,
    channel: Int32Array,
    signal: Float64Array,
    module: Int32Array,
    shift: Float64Array,
    modules: Modules,
) -> Clusters:
    count = np.bincount(owner, minlength=len(rows))
    hit = count > 0
    charge = np.bincount(owner, signal, len(rows))[hit]
    centre = [np.bincount(owner, signal * (channel[:, k] + 0.5), len(rows))[hit] / charge for k in (0, 1)]
    place = module[rows[hit]]
    pitch, half = modules.pitch[place].astype(np.float64), modules.half_size[place].astype(np.float64)
    u = centre[0] * pitch[:, 0] - half[:, 2] - shift[hit]
    v = centre[1] * pitch[:, 1] - half[:, 3]
    rotation = modules.rotation[place].astype(np.float64)
    position = modules.centre[place] + rotation[:, :, 0] * u[:, None] + rotation[:, :, 1] * v[:, None]
    offsets = np.append(0, np.cumsum(count[hit]))
    return Clusters(rows[hit], position, offsets, channel, signal.astype(np.float32))


def fits(position: Float64Array, module: Int32Array, modules: Modules) -> BoolArray:
    """Tell for places of shape (n, 2) in the modules' frames whether they lie inside."""
    half = modules.half_size[module].astype(np.float64)
    slope = 0.5 * (half[:, 2] - half[:, 1]) / half[:, 3]
    width = 0.5 * (half[:, 1] + half[:, 2]) + slope * position[:, 1]
    return (np.abs(position[:, 0]) <= width) & (np.abs(position[:, 1]) <= half[:, 3])
