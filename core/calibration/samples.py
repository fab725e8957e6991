"""What true tracks tell of a detector: residuals of hits, and how directions change from hit to hit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import Detector
from clew.detector.solenoid import PT_PER_FIELD
from clew.event import Event
from clew.tracksets import Tracks, tracks_of

__all__ = ["HitSample", "Samples", "StepSample", "sample_events"]

_MOST_TURN: Final = 1.0
"""Turn [rad] from hit to hit beyond which a path is not a short piece of a helix."""


class HitSample(NamedTuple):
    """The hits of true particles.

    Attributes
    ----------
    layer : ndarray of shape (n,), int64
        Dense index.
    across, along : ndarray of shape (n,), float64, mm
        Hit minus true crossing, across the module's length and along it.
    off : ndarray of shape (n,), float64, mm
        By how much the hit is off its layer's position.
    columns : ndarray of shape (n,), int64
        Extent of its cluster along the module, 0 without cells.
    slope : ndarray of shape (n,), float64
        Of the momentum: abs(dz/dr) on a cylinder, abs(dr/dz) on a disc.
    """

    layer: Int64Array
    across: Float64Array
    along: Float64Array
    off: Float64Array
    columns: Int64Array
    slope: Float64Array


class StepSample(NamedTuple):
    """Pieces of true tracks from one hit to the next one on another layer.

    Attributes
    ----------
    layer : ndarray of shape (n,), int64
        Dense index at the end.
    middle : ndarray of shape (n, 3), float64, mm
    arc : ndarray of shape (n,), float64, mm
        Transverse path.
    rise : ndarray of shape (n,), float64, mm
        By how much r grows.
    field : ndarray of shape (n,), float64, T
        By which the momentum would turn as it does.
    kink : ndarray of shape (n,), float64, rad
        Change of the angle to the transverse plane.
    turn : ndarray of shape (n,), float64, rad
        Change of the azimuth of the momentum.
    heading : ndarray of shape (n, 2), float64
        Its cosine and sine at the middle.
    momentum, slope : ndarray of shape (n,), float64
        GeV; dz over transverse path.
    """

    layer: Int64Array
    middle: Float64Array
    arc: Float64Array
    rise: Float64Array
    field: Float64Array
    kink: Float64Array
    turn: Float64Array
    heading: Float64Array
    momentum: Float64Array
    slope: Float64Array


class Samples(NamedTuple):
    """What some events tell.

    Attributes
    ----------
    hits : HitSample
    steps : StepSample
    origins : ndarray of shape (n,), float64, mm
        z of the particles that begin near the beam line.
    lengths : ndarray of shape (n_tracks,), int64
        Hits of each true track.
    n_events : int
    """

    hits: HitSample
    steps: StepSample
    origins: Float64Array
    lengths: Int64Array
    n_events: int

    @property
    def n_tracks(self) -> int:
        """Number of true tracks."""
        return len(self.lengths)


_Sample = TypeVar("_Sample", HitSample, StepSample)


def sample_events(events: Iterable[Event], positions: Float64Array) -> Samples:
    """Gather what events with truth tell; `positions` [mm] are those of the layers."""
    hits: list[HitSample] = []
    steps: list[StepSample] = []
    origins: list[Float64Array] = []
    lengths: list[Int64Array] = []
    for event in events:
        tracks = tracks_of(event)
        lengths.append(tracks.lengths)
        hits.append(_hits(tracks, positions))
        steps.append(_steps(tracks))
        origins.append(_origins(tracks))
    return Samples(
        _joined(HitSample, hits),
        _joined(StepSample, steps),
        np.concatenate(origins),
        np.concatenate(lengths),
        len(hits),
    )


def _joined(kind: type[_Sample], parts: Sequence[_Sample]) -> _Sample:
    return kind(*(np.concatenate(same) for same in zip(*parts, strict=True)))


def _hits(tracks: Tracks, positions: Float64Array) -> HitSample:
    hits = tracks.hits
    place = np.stack([hits.x, hits.y, hits.z], axis=1).astype(np.float64)
    residual = place - tracks.true_position
    layer = hits.layer_index.astype(np.int64)
    barrel = hits.detector.barrel[layer]
    cos, sin = _pointing(hits.detector, layer, hits.module, hits.phi.astype(np.float64))
    across = cos * residual[:, 1] - sin * residual[:, 0]
    along = np.where(barrel, residual[:, 2], cos * residual[:, 0] + sin * residual[:, 1])
    off = np.where(barrel, hits.r, hits.z) - positions[layer]
    columns = np.zeros(len(layer), np.int64) if tracks.clusters is None else tracks.clusters.width[:, 1]
    p = tracks.true_momentum.astype(np.float64)
    steep = np.abs(p[:, 2]) / np.maximum(np.hypot(p[:, 0], p[:, 1]), 1e-9)
    slope = np.where(barrel, steep, 1.0 / np.maximum(steep, 1e-9))
    return HitSample(layer, across, along, off, columns.astype(np.int64), slope)


def _pointing(
    detector: Detector, layer: Int64Array, module: Int32Array, phi: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Return cosine and sine of the azimuth to which each hit's module points, the hit's own if not known."""
    cos, sin = np.cos(phi), np.sin(phi)
    if detector.axes is None:
        return cos, sin
    inside = (module >= 0) & (module < detector.axes.shape[1])
    axes = detector.axes[layer, np.where(inside, module, 0)]
    known = inside & np.isfinite(axes[:, 0])
    return np.where(known, axes[:, 0], cos), np.where(known, axes[:, 1], sin)


def _steps(tracks: Tracks) -> StepSample:
    layer, owner = tracks.hits.layer_index.astype(np.int64), tracks.owners
    first = np.flatnonzero((owner[1:] == owner[:-1]) & (layer[1:] != layer[:-1]))
    last = first + 1
    place, p = tracks.true_position.astype(np.float64), tracks.true_momentum.astype(np.float64)
    way = place[last] - place[first]
    pt = np.hypot(p[:, 0], p[:, 1])
    size = np.hypot(pt, p[:, 2])
    turn = _angle(p[last]) - _angle(p[first])
    turn = (turn + np.pi) % (2.0 * np.pi) - np.pi
    chord = np.hypot(way[:, 0], way[:, 1])
    ahead = (p[first] * way).sum(axis=1) > 0.0
    charge = tracks.charge[owner[first]].astype(np.float64)
    good = (
        (charge != 0.0)
        & (np.abs(turn) < _MOST_TURN)
        & (chord > 0.0)
        & (pt[first] > 0.0)
        & (pt[last] > 0.0)
        & ahead
    )
    first, last, turn, chord, way = first[good], last[good], turn[good], chord[good], way[good]
    arc, charge = chord / np.sinc(0.5 * turn / np.pi), charge[good]
    dip = np.arctan2(p[:, 2], np.maximum(pt, 1e-9))
    r = np.hypot(place[:, 0], place[:, 1])
    return StepSample(
        layer[last],
        0.5 * (place[first] + place[last]),
        arc,
        r[last] - r[first],
        -turn * pt[first] / (arc * PT_PER_FIELD * charge),
        dip[last] - dip[first],
        turn,
        way[:, :2] / chord[:, None],
        size[first],
        way[:, 2] / arc,
    )


def _angle(momentum: Float64Array) -> Float64Array:
    angle: Float64Array = np.arctan2(momentum[:, 1], momentum[:, 0])
    return angle


def _origins(tracks: Tracks) -> Float64Array:
    """Return the z of the particles that begin within a tenth of the innermost hit's distance."""
    vertex = tracks.vertex.astype(np.float64)
    near = np.hypot(vertex[:, 0], vertex[:, 1]) < 0.1 * max(float(tracks.hits.r.min(initial=np.inf)), 1.0)
    origins: Float64Array = vertex[near, 2]
    return origins
