"""How good tracks are: perfect, double-majority and LHC efficiency, fake and duplicate rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array
from clew.event import Particles
from clew.metrics.matching import Matching
from clew.metrics.rates import BinnedRate, ratio

__all__ = [
    "MAX_ETA",
    "MIN_HITS",
    "PT_THRESHOLDS",
    "Curves",
    "ThresholdMetrics",
    "TrackReport",
    "metrics_above",
    "track_report",
]

MIN_HITS: Final = 3
"""Hits that a particle and a track must have to be counted."""

MAX_ETA: Final = 4.0
PT_THRESHOLDS: Final = (0.0, 0.5, 0.9)
"""GeV."""

LHC_PURITY: Final = 0.75
_PT_EDGES: Final = np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0])
_ETA_EDGES: Final = np.linspace(-MAX_ETA, MAX_ETA, 17)


@dataclass(frozen=True)
class ThresholdMetrics:
    """Track metrics above one pT threshold, with the definitions of gnn_tracking (DeZoort et al.).

    Counted particles have at least three hits in the event, |eta| < 4 and pT above the threshold; counted
    tracks have at least three hits and a counted leading particle (the one with most of their hits).

    Attributes
    ----------
    pt_above : float
        The threshold, GeV.
    n_particles, n_tracks : int
        Counted particles and counted tracks.
    perfect : float
        Counted tracks with all hits of their leading particle and no other / counted particles.
    double_majority : float
        Counted tracks with more than half of their hits from the leading particle and more than half of
        that particle's hits / counted particles.
    lhc : float
        Counted tracks with more than 75% of their hits from the leading particle / counted tracks.
    fake : float
        Counted tracks with at most half of their hits from the leading particle / counted tracks.
    duplicate : float
        Counted tracks, not fake, whose particle leads another one with more of its hits (among equals,
        with a lower label) / counted tracks.
    """

    pt_above: float
    n_particles: int
    n_tracks: int
    perfect: float
    double_majority: float
    lhc: float
    fake: float
    duplicate: float


@dataclass(frozen=True)
class Curves:
    """The rates of ThresholdMetrics, without a threshold, in bins of one quantity of the particle.

    The first two count particles; the others count tracks in the bin of their leading particle.
    """

    perfect: BinnedRate
    double_majority: BinnedRate
    lhc: BinnedRate
    fake: BinnedRate
    duplicate: BinnedRate


@dataclass(frozen=True)
class TrackReport:
    """Quality of the tracks of one event.

    Attributes
    ----------
    n_tracks : int
        Tracks with at least three hits.
    fake : float
        Such tracks with at most half of their hits from any one particle / such tracks, those made of
        noise or led by a particle that ThresholdMetrics does not count among them.
    duplicate : float
        Such tracks, not fake, whose particle has a better one / such tracks.
    thresholds : tuple of ThresholdMetrics
        Above pT 0, 0.5 and 0.9 GeV.
    against_pt, against_eta : Curves
    """

    n_tracks: int
    fake: float
    duplicate: float
    thresholds: tuple[ThresholdMetrics, ...]
    against_pt: Curves
    against_eta: Curves


def track_report(matching: Matching, particles: Particles) -> TrackReport:
    """Compare the tracks of an event with its particles."""
    long = matching.track_size >= MIN_HITS
    fake, duplicate = long & ~matching.majority, long & duplicate_tracks(matching)
    n_tracks = int(np.count_nonzero(long))
    return TrackReport(
        n_tracks=n_tracks,
        fake=ratio(np.count_nonzero(fake), n_tracks),
        duplicate=ratio(np.count_nonzero(duplicate), n_tracks),
        thresholds=tuple(metrics_above(matching, particles, pt) for pt in PT_THRESHOLDS),
        against_pt=_curves(matching, particles, particles.pt, _PT_EDGES),
        against_eta=_curves(matching, particles, particles.eta, _ETA_EDGES),
    )


def duplicate_tracks(matching: Matching) -> BoolArray:
    """Tell for each track whether it is not fake and its particle leads a better one, shape (n_tracks,)."""
    counted = np.flatnonzero(matching.majority & (matching.track_size >= MIN_HITS))
    order = counted[np.lexsort((counted, -matching.shared[counted], matching.leader[counted]))]
    duplicate = np.zeros(len(matching.leader), dtype=np.bool_)
    again = np.diff(matching.leader[order], prepend=-1) == 0
    duplicate[order[again]] = True
    return duplicate


def _counted(matching: Matching, particles: Particles, pt_above: float) -> tuple[BoolArray, BoolArray]:
    """Return masks of the counted particles and of the counted tracks."""
    particle = (matching.particle_size >= MIN_HITS) & (np.abs(particles.eta) < MAX_ETA)
    particle &= particles.pt > pt_above
    led = np.append(particle, False)[matching.leader]
    return particle, led & (matching.track_size >= MIN_HITS)


def _rates(matching: Matching) -> dict[str, BoolArray]:
    """Return per track what it counts for in the rates whose denominator is the counted tracks."""
    return {
        "lhc": matching.shared > LHC_PURITY * matching.track_size,
        "fake": ~matching.majority,
        "duplicate": duplicate_tracks(matching),
    }


def metrics_above(matching: Matching, particles: Particles, pt_above: float) -> ThresholdMetrics:
    """Compare an event's tracks with its particles above a pT [GeV]."""
    particle, track = _counted(matching, particles, pt_above)
    n_particles, n_tracks = int(np.count_nonzero(particle)), int(np.count_nonzero(track))
    of_tracks = {
        name: ratio(np.count_nonzero(track & passed), n_tracks) for name, passed in _rates(matching).items()
    }
    return ThresholdMetrics(
        pt_above=pt_above,
        n_particles=n_particles,
        n_tracks=n_tracks,
        perfect=ratio(np.count_nonzero(track & matching.perfect), n_particles),
        double_majority=ratio(np.count_nonzero(track & matching.double_majority), n_particles),
        **of_tracks,
    )


def _curves(matching: Matching, particles: Particles, values: Float32Array, edges: Float64Array) -> Curves:
    particle, track = _counted(matching, particles, 0.0)
    of_track = values[matching.leader[track]]

    def of_particles(tracks: BoolArray) -> BinnedRate:
        return BinnedRate.count(values[particle], matching.led_by(track & tracks)[particle], edges)

    of_tracks = {
        name: BinnedRate.count(of_track, passed[track], edges) for name, passed in _rates(matching).items()
    }
    return Curves(
        perfect=of_particles(matching.perfect),
        double_majority=of_particles(matching.double_majority),
        **of_tracks,
    )
