"""An event as a struct of arrays: what the detector measured, and, apart from it, what really happened.

Reconstruction is handed `Hits` only; `Truth` and `Particles` are for training and for scoring.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import Detector, trackml
from clew.errors import InputError

__all__ = ["Cells", "Event", "Hits", "Particles", "Truth"]


@dataclass(frozen=True)
class Cells:
    """The charge clusters: cells sorted by hit.

    Attributes
    ----------
    offsets : ndarray of shape (n_hits + 1,), int64
        Cells of hit i are rows offsets[i] to offsets[i + 1].
    channel : ndarray of shape (n_cells, 2), int32
        Column numbers ch0 (along u) and ch1 (along v) within the module.
    value : ndarray of shape (n_cells,), float32
        Deposited charge, in the data set's arbitrary unit.
    """

    offsets: Int64Array
    channel: Int32Array
    value: Float32Array

    def select(self, rows: Int64Array) -> Cells:
        """Return the cells of the hits of some rows, shape (n,), in their order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        chosen = np.repeat(self.offsets[:-1][rows], lengths) + within
        return Cells(offsets, self.channel[chosen], self.value[chosen])


@dataclass(frozen=True)
class Hits:
    """The hits of one event, in the order of its file.

    Attributes
    ----------
    hit_id : ndarray of shape (n_hits,), int64
        The identity in files; unique, neither dense nor sorted by need.
    x, y, z : ndarray of shape (n_hits,), float32, mm
    volume, layer, module : ndarray of shape (n_hits,), int32
    cells : Cells or None
    detector : Detector
        What measured them; the TrackML detector by default.
    """

    hit_id: Int64Array
    x: Float32Array
    y: Float32Array
    z: Float32Array
    volume: Int32Array
    layer: Int32Array
    module: Int32Array
    cells: Cells | None = None
    detector: Detector = field(default_factory=trackml)

    def __len__(self) -> int:
        return len(self.hit_id)

    def select(self, rows: Int64Array) -> Hits:
        """Return the hits of some rows, shape (n,), in their order."""
        return Hits(
            hit_id=self.hit_id[rows],
            x=self.x[rows],
            y=self.y[rows],
            z=self.z[rows],
            volume=self.volume[rows],
            layer=self.layer[rows],
            module=self.module[rows],
            cells=None if self.cells is None else self.cells.select(rows),
            detector=self.detector,
        )

    @cached_property
    def r(self) -> Float32Array:
        """Distance from the beam axis, shape (n_hits,), float32, mm."""
        return np.hypot(self.x, self.y)

    @cached_property
    def phi(self) -> Float32Array:
        """Azimuth in (-pi, pi], shape (n_hits,), float32, rad."""
        return np.arctan2(self.y, self.x)

    @cached_property
    def layer_index(self) -> Int32Array:
        """Place of each hit's layer in `detector.layers`, -1 where it has none, shape (n_hits,), int32."""
        return self.detector.layer_index(self.volume, self.layer)

    @cached_property
    def features(self) -> Float32Array:
        """The four features of the networks: phi [rad], r [mm], z [mm], z/r; shape (n_hits, 4), float32."""
        ratio = self.z / np.maximum(self.r, np.float32(1e-3))
        return np.stack([self.phi, self.r, self.z, ratio], axis=1)


@dataclass(frozen=True)
class Particles:
    """The generated particles of one event.

    Attributes
    ----------
    particle_id : ndarray of shape (n_particles,), int64
    vertex : ndarray of shape (n_particles, 3), float32, mm
    momentum : ndarray of shape (n_particles, 3), float32, GeV
    charge, n_hits : ndarray of shape (n_particles,), int32
    """

    particle_id: Int64Array
    vertex: Float32Array
    momentum: Float32Array
    charge: Int32Array
    n_hits: Int32Array

    @cached_property
    def pt(self) -> Float32Array:
        """Transverse momentum, shape (n_particles,), float32, GeV."""
        return np.hypot(self.momentum[:, 0], self.momentum[:, 1])

    @cached_property
    def eta(self) -> Float32Array:
        """Pseudorapidity of the momentum, shape (n_particles,), float32."""
        return np.arcsinh(self.momentum[:, 2] / np.maximum(self.pt, np.float32(1e-6)))


@dataclass(frozen=True)
class Truth:
    """What made each hit; row i belongs to hit i of the event's `Hits`.

    Position, momentum and weight are NaN where the truth does not tell them; see `require`.

    Attributes
    ----------
    particle_id : ndarray of shape (n_hits,), int64
        0 for noise.
    position : ndarray of shape (n_hits, 3), float32, mm
        Where the particle crossed the module.
    momentum : ndarray of shape (n_hits, 3), float32, GeV
    weight : ndarray of shape (n_hits,), float64
        The official phase 1 weight; an event's weights sum to 1.
    """

    particle_id: Int64Array
    position: Float32Array
    momentum: Float32Array
    weight: Float64Array

    def require(self, *names: str) -> None:
        """Raise InputError unless these arrays, such as "momentum", are known."""
        for name in names:
            if np.isnan(getattr(self, name)).any():
                raise InputError(f"the truth lacks columns {_TRUTH_COLUMNS[name]}: add them")


_TRUTH_COLUMNS: Final = {"position": "tx, ty, tz", "momentum": "tpx, tpy, tpz", "weight": "weight"}


@dataclass(frozen=True)
class Event:
    """One bunch crossing: its number, its hits, and the truth where it is known."""

    event_id: int
    hits: Hits
    particles: Particles | None = None
    truth: Truth | None = None
