"""Fitted tracks of an event as flat arrays, one of them by itself, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntFlag
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import Solenoid
from clew.records import RecordArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PARAMETERS", "Flag", "Track", "Tracks"]

PARAMETERS: Final = ("d0", "z0", "phi", "theta", "qop")
"""Names of the parameters in order: mm, mm, rad, rad, 1/GeV."""

_HITS, _LAYERS, _OUTLIERS, _HOLES = range(4)
"""Columns of `Tracks.counts`."""


class Flag(IntFlag):
    """Why a track could not be fitted; its parameters, covariance and chi2 are then 0."""

    FEW_LAYERS = 1
    """Its hits are on fewer than three layers."""
    ONE_MODULE = 2
    """All of its hits are on one module."""
    NO_FIELD = 4
    """The detector has no field: momenta cannot be measured."""
    NO_ERRORS = 8
    """The detector tells no errors of its hits."""
    LOST = 16
    """The filter lost it: its hits are no track's, or it curls up."""
    NO_PERIGEE = 32
    """It does not come near the beam line, or circles around it."""


@dataclass(frozen=True)
class Track:
    """One fitted track, as the helix at its perigee in the field there.

    Attributes
    ----------
    d0, z0 : float, mm
        At the perigee to the beam line; d0 is positive where that is to the left of the direction.
    phi, theta : float, rad
    qop : float, 1/GeV
        Charge over momentum.
    bending : float, GeV/mm
        Transverse momentum times curvature at the perigee.
    beam : tuple of two floats, mm

    Examples
    --------
    >>> track = Track(0.0, 0.0, 0.0, np.pi / 2, 1.0, 6e-4)
    >>> track.at_radius(0.0)
    (0.0, 0.0, 0.0)
    """

    d0: float
    z0: float
    phi: float
    theta: float
    qop: float
    bending: float
    beam: tuple[float, float] = (0.0, 0.0)

    @property
    def pt(self) -> float:
        """Transverse momentum, GeV."""
        return float(np.sin(self.theta) / abs(self.qop))

    @property
    def eta(self) -> float:
        """Pseudorapidity."""
        return float(-np.log(np.tan(0.5 * self.theta)))

    @property
    def charge(self) -> int:
        """1 or -1."""
        return 1 if self.qop > 0.0 else -1

    @property
    def curvature(self) -> float:
        """Curvature in the transverse plane at the perigee, 1/mm, positive to the left."""
        return float(-self.bending * self.qop / np.sin(self.theta))

    def at_arc(self, arc: float) -> tuple[float, float, float]:
        """Return x, y, z [mm] after a transverse arc [mm] from the perigee."""
        half = 0.5 * self.curvature * arc
        chord = arc * np.sinc(half / np.pi)
        x = self.beam[0] - self.d0 * np.sin(self.phi) + chord * np.cos(self.phi + half)
        y = self.beam[1] + self.d0 * np.cos(self.phi) + chord * np.sin(self.phi + half)
        return float(x), float(y), float(self.z0 + arc / np.tan(self.theta))

    def at_radius(self, radius: float) -> tuple[float, float, float] | None:
        """Return x, y, z [mm] where the helix first comes so far [mm] from the beam line, or None."""
        curvature, d0 = self.curvature, self.d0
        if radius < abs(d0):
            return None
        # of a circle: radius² = d0² + (1 + curvature d0) chord²
        chord = np.sqrt((radius**2 - d0**2) / max(1.0 + curvature * d0, 1e-12))
        half = 0.5 * curvature * chord
        if abs(half) > 1.0:
            return None
        return self.at_arc(float(chord if abs(half) < 1e-9 else chord * np.arcsin(half) / half))

    def at_z(self, z: float) -> tuple[float, float, float] | None:
        """Return x, y, z [mm] where the helix is at a z [mm], or None for one that stays in its plane."""
        slope = 1.0 / np.tan(self.theta)
        return self.at_arc(float((z - self.z0) / slope)) if abs(slope) > 1e-9 else None


@dataclass(frozen=True)
class Tracks:
    """Fitted tracks as a struct of arrays; those with a `flag` have parameters of 0.

    Attributes
    ----------
    label : ndarray of shape (n_tracks,), int32
        The track's number in the labels of hits.
    offsets : ndarray of shape (n_tracks + 1,), int64
        Hits of track i are hits[offsets[i]:offsets[i + 1]].
    hits : ndarray of shape (n_hits,), int32
        Rows of the event, each track's from the inside outwards.
    solenoid : Solenoid
        The field that they were fitted in.
    parameters : ndarray of shape (n_tracks, 5), float64
        d0, z0 [mm], phi, theta [rad], q/p [1/GeV] at the perigee to the beam line.
    covariance : ndarray of shape (n_tracks, 5, 5), float64
    chi2 : ndarray of shape (n_tracks,), float64
    counts : ndarray of shape (n_tracks, 4), int32
        Hits used, layers with such hits, outliers, and holes: layers crossed without a hit.
    flag : ndarray of shape (n_tracks,), int32
        See `Flag`; 0 for a good fit.
    states : ndarray of shape (n_hits,), `clew.motion.state.State`
        The smoothed state at each hit with its covariance, in the direction of the filter: inwards.
    hit_chi2 : ndarray of shape (n_hits,), float32
        Of each hit against the smoothed state, two degrees of freedom.
    outlier : ndarray of shape (n_hits,), bool
        Whether the hit was left out.
    beam : tuple of two floats, mm
        x and y of the beam line.
    """

    label: Int32Array
    offsets: Int64Array
    hits: Int32Array
    solenoid: Solenoid
    parameters: Float64Array
    covariance: Float64Array
    chi2: Float64Array
    counts: Int32Array
    flag: Int32Array
    states: RecordArray
    hit_chi2: Float32Array
    outlier: BoolArray
    beam: tuple[float, float] = (0.0, 0.0)

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, i: int) -> Track:
        if not -len(self) <= i < len(self):
            raise IndexError(f"track {i} of {len(self)}")
        d0, z0, phi, theta, qop = self.parameters[i].tolist()
        return Track(d0, z0, phi, theta, qop, float(self.bending[i]), self.beam)

    def __iter__(self) -> Iterator[Track]:
        return (self[i] for i in range(len(self)))

    def select(self, rows: Int64Array) -> Tracks:
        """Return some tracks, by row, in the given order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.append(0, np.cumsum(lengths)).astype(np.int64)
        own = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        by_track = ("label", "parameters", "covariance", "chi2", "counts", "flag")
        by_hit = ("hits", "states", "hit_chi2", "outlier")
        taken = {name: getattr(self, name)[rows] for name in by_track}
        taken |= {name: getattr(self, name)[own] for name in by_hit}
        return replace(self, offsets=offsets, **taken)

    @cached_property
    def good(self) -> BoolArray:
        """Whether each track was fitted, shape (n_tracks,), bool."""
        good: BoolArray = self.flag == 0
        return good

    @cached_property
    def bending(self) -> Float64Array:
        """Transverse momentum times curvature at each perigee, shape (n_tracks,), float64, GeV/mm."""
        d0, z0, phi = self.parameters[:, :3].T
        x = self.beam[0] - d0 * np.sin(phi) - self.solenoid.centre[0]
        y = self.beam[1] + d0 * np.cos(phi) - self.solenoid.centre[1]
        axial = np.zeros(len(self))
        if len(self):
            axial = self.solenoid.axial(np.hypot(x, y), z0 - self.solenoid.centre[2])
        return axial

    @property
    def charge(self) -> Int32Array:
        """1 or -1, shape (n_tracks,), int32; 0 of tracks that were not fitted."""
        return np.sign(self.parameters[:, 4]).astype(np.int32)

    @property
    def pt(self) -> Float64Array:
        """Transverse momentum, shape (n_tracks,), float64, GeV; 0 of tracks that were not fitted."""
        size = np.abs(self.parameters[:, 4])
        return np.sin(self.parameters[:, 3]) / np.where(self.good, size, 1.0)

    @property
    def eta(self) -> Float64Array:
        """Pseudorapidity, shape (n_tracks,), float64; 0 of tracks that were not fitted."""
        theta = np.where(self.good, self.parameters[:, 3], 1.0)
        return np.where(self.good, -np.log(np.tan(0.5 * theta)), 0.0)

    @property
    def ndf(self) -> Int32Array:
        """Degrees of freedom, shape (n_tracks,), int32; 0 of tracks that were not fitted."""
        return np.where(self.good, 2 * self.counts[:, _HITS] - len(PARAMETERS), 0).astype(np.int32)

    @property
    def n_hits(self) -> Int32Array:
        """Hits used, shape (n_tracks,), int32."""
        return self.counts[:, _HITS]

    @property
    def n_layers(self) -> Int32Array:
        """Layers with hits used, shape (n_tracks,), int32."""
        return self.counts[:, _LAYERS]

    @property
    def n_outliers(self) -> Int32Array:
        """Hits left out, shape (n_tracks,), int32."""
        return self.counts[:, _OUTLIERS]

    @property
    def n_holes(self) -> Int32Array:
        """Layers crossed without a hit between the first and the last one, shape (n_tracks,), int32."""
        return self.counts[:, _HOLES]

    def columns(self) -> dict[str, Any]:
        """Return the columns of the table that is written, one row a track."""
        named = {name: self.parameters[:, k] for k, name in enumerate(PARAMETERS)}
        upper = [(i, j) for i in range(5) for j in range(i, 5)]
        covariance = {f"cov_{PARAMETERS[i]}_{PARAMETERS[j]}": self.covariance[:, i, j] for i, j in upper}
        whole = {"track": self.label} | named | {"pt": self.pt, "eta": self.eta, "charge": self.charge}
        counts = {
            "hits": self.n_hits,
            "layers": self.n_layers,
            "outliers": self.n_outliers,
            "holes": self.n_holes,
        }
        return whole | {"chi2": self.chi2, "ndf": self.ndf} | counts | {"flag": self.flag} | covariance

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.columns())
