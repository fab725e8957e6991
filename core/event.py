"""An event as a struct of arrays: what the detector measured, and, apart from it, what really happened.

Reconstruction is handed `Hits` only; `Truth` and `Particles` are for training and for scoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import Detector, trackml
from clew.display import Displayed
from clew.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cells", "Event", "Hits", "Particles", "Truth"]

_FRAMES: Final = "clew.io.frames"
"""Reads data frames as files are read; events know of no files, so it is loaded when first used."""


@dataclass(frozen=True, repr=False)
class Cells(Displayed):
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

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        return {"hits": len(self.offsets) - 1, "cells": len(self.value)}

    def select(self, rows: Int64Array) -> Cells:
        """Return the cells of the hits of some rows, shape (n,), in their order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        chosen = np.repeat(self.offsets[:-1][rows], lengths) + within
        return Cells(offsets, self.channel[chosen], self.value[chosen])


@dataclass(frozen=True, repr=False)
class Hits(Displayed):
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

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        n_cells = None if self.cells is None else len(self.cells.value)
        return {"hits": len(self), "cells": n_cells, "detector": self.detector.name}

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


@dataclass(frozen=True, repr=False)
class Particles(Displayed):
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

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        return {"particles": len(self.particle_id)}

    @cached_property
    def pt(self) -> Float32Array:
        """Transverse momentum, shape (n_particles,), float32, GeV."""
        return np.hypot(self.momentum[:, 0], self.momentum[:, 1])

    @cached_property
    def eta(self) -> Float32Array:
        """Pseudorapidity of the momentum, shape (n_particles,), float32."""
        return np.arcsinh(self.momentum[:, 2] / np.maximum(self.pt, np.float32(1e-6)))


@dataclass(frozen=True, repr=False)
class Truth(Displayed):
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

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        return {"hits": len(self.particle_id), "noise": int(np.count_nonzero(self.particle_id == 0))}

    def require(self, *names: str) -> None:
        """Raise InputError unless these arrays, such as "momentum", are known."""
        for name in names:
            if np.isnan(getattr(self, name)).any():
                raise InputError(f"the truth lacks columns {_TRUTH_COLUMNS[name]}: add them")


_TRUTH_COLUMNS: Final = {"position": "tx, ty, tz", "momentum": "tpx, tpy, tpz", "weight": "weight"}


@dataclass(frozen=True, repr=False)
class Event(Displayed):
    """One bunch crossing: its number, its hits, and the truth where it is known."""

    event_id: int
    hits: Hits
    particles: Particles | None = None
    truth: Truth | None = None

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        n_particles = None if self.particles is None else len(self.particles.particle_id)
        about = {"event_id": self.event_id, **self.hits.facts(), "particles": n_particles}
        return about | {"truth": self.truth is not None}

    @classmethod
    def from_pandas(
        cls,
        hits: pd.DataFrame,
        cells: pd.DataFrame | None = None,
        particles: pd.DataFrame | None = None,
        truth: pd.DataFrame | None = None,
        event_id: int = 0,
        detector: Detector | None = None,
    ) -> Event:
        """Make an event of data frames with the columns of the TrackML format; others are left aside.

        Parameters
        ----------
        hits : DataFrame
            Columns hit_id, x, y, z [mm], volume_id, layer_id, module_id.
        cells, particles, truth : DataFrame, optional
        event_id : int
        detector : Detector, optional
            What measured the event; TrackML's by default.

        Raises
        ------
        TypeError
            For what is no DataFrame.
        InputError
            As `clew.read_event`, naming table and row.
        """
        frames = {"hits": hits, "cells": cells, "particles": particles, "truth": truth}
        made: Event = import_module(_FRAMES).event_of_frames(event_id, frames, detector)
        return made

    def to_pandas(self, part: str = "hits") -> pd.DataFrame:
        """Return one of the event's tables, "hits", "cells", "particles" or "truth", as a data frame.

        Raises InputError for a table that the event does not have.
        """
        frame: pd.DataFrame = import_module(_FRAMES).frame_of_event(self, part)
        return frame
