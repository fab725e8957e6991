"""All metrics of an event in one report, and their mean over events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np

from clew.arrays import Int32Array
from clew.errors import InputError
from clew.event import Event
from clew.metrics.described import described
from clew.metrics.losses import LossTable, loss_table
from clew.metrics.matching import match
from clew.metrics.phases import names_tracks, phase_scores
from clew.metrics.predictions import PredictionReport
from clew.metrics.pulls import PullTable
from clew.metrics.rates import BinnedRate
from clew.metrics.seeds import SeedReport, seed_report
from clew.metrics.tracks import Curves, ThresholdMetrics, TrackReport, track_report
from clew.metrics.weights import phase1_weights
from clew.tracks import Seeds

__all__ = ["EventReport", "MeanError", "Summary", "evaluate", "summarise"]


@dataclass(frozen=True)
class EventReport:
    """What the reconstruction of one event is worth.

    Attributes
    ----------
    event_id, n_hits, n_particles : int
        Particles are those with at least one hit.
    has_tracks : bool
        Whether the labels name tracks; see clew.metrics.phases.
    phase1, phase2 : float
        The challenge's two accuracy scores, see clew.metrics.phases.
    tracks : TrackReport
    losses : LossTable
        Where 1 - phase1 went.
    seeds : SeedReport or None
    true_seed_predictions, found_seed_predictions : PredictionReport or None
        Of the hits that follow true seeds, and found ones.
    seconds : dict
        Wall time of each stage.
    pulls : PullTable or None
        Of an extender that works in a loop.
    """

    event_id: int
    n_hits: int
    n_particles: int
    has_tracks: bool
    phase1: float
    phase2: float
    tracks: TrackReport
    losses: LossTable
    seeds: SeedReport | None = None
    true_seed_predictions: PredictionReport | None = None
    found_seed_predictions: PredictionReport | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    pulls: PullTable | None = None

    def scalars(self) -> dict[str, float]:
        """Return the single numbers by name, such as "phase1", "seeds.found" or "pt>0.9.lhc"."""
        numbers = _numbers("", self) | _numbers("tracks.", self.tracks)
        for row in self.tracks.thresholds:
            numbers |= _numbers(f"pt>{row.pt_above:g}.", row)
        optional = {
            "seeds.": self.seeds,
            "true seeds.": self.true_seed_predictions,
            "found seeds.": self.found_seed_predictions,
        }
        for prefix, report in optional.items():
            if report is not None:
                numbers |= _numbers(prefix, report)
        return numbers | {f"seconds.{stage}": spent for stage, spent in self.seconds.items()}


_Report: TypeAlias = "EventReport | TrackReport | ThresholdMetrics | SeedReport | PredictionReport"


def _numbers(prefix: str, report: _Report) -> dict[str, float]:
    names = [item.name for item in fields(report) if item.name not in ("event_id", "pt_above")]
    values = {name: getattr(report, name) for name in names}
    return {prefix + name: float(v) for name, v in values.items() if type(v) in (int, float)}


def evaluate(event: Event, labels: Int32Array, seeds: Seeds | None = None) -> EventReport:
    """Compare labels, and seeds if given, with the event's truth.

    Parameters
    ----------
    event : Event
        With particles and truth.
    labels : ndarray of shape (n_hits,), int32
        Track of each hit; 0 for none.
    seeds : Seeds, optional

    Raises
    ------
    InputError
        If the event has no truth or the labels do not fit it.
    """
    truth, particles = event.truth, event.particles
    if truth is None or particles is None:
        raise InputError(f"event {event.event_id} has no truth: add its truth and particles files")
    matching = match(labels, truth, particles)
    weight = phase1_weights(truth, particles)
    phase1, phase2 = phase_scores(labels, truth, particles)
    return EventReport(
        event_id=event.event_id,
        n_hits=len(event.hits),
        n_particles=int(np.count_nonzero(matching.particle_size)),
        has_tracks=names_tracks(labels, truth),
        phase1=phase1,
        phase2=phase2,
        tracks=track_report(matching, particles),
        losses=loss_table(matching, particles, weight),
        seeds=None if seeds is None else seed_report(seeds.hits, truth, particles),
    )


@dataclass(frozen=True)
class MeanError:
    """Mean over events and its standard error (NaN for fewer than two events)."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Sequence[float]) -> MeanError:
        """Average over the values that are defined."""
        defined = np.array([value for value in values if not np.isnan(value)])
        if len(defined) == 0:
            return cls(float("nan"), float("nan"))
        error = defined.std(ddof=1) / np.sqrt(len(defined)) if len(defined) > 1 else float("nan")
        return cls(float(defined.mean()), float(error))

    def __str__(self) -> str:
        if np.isnan(self.mean):
            return "-"
        digits = 4 if abs(self.mean) < 10 else 1
        text = f"{self.mean:.{digits}f}"
        return text if np.isnan(self.error) else f"{text} ± {self.error:.{digits}f}"


@dataclass(frozen=True)
class Summary:
    """The reports of several events together.

    Attributes
    ----------
    n_events : int
    scalars : dict
        Mean and standard error of each of EventReport.scalars; every event counts the same.
    losses : LossTable
        Mean over events.
    against_pt, against_eta : Curves
        Particles and tracks of all events in the same bins.
    pulls : PullTable or None
        Mean over events.
    """

    n_events: int
    scalars: dict[str, MeanError]
    losses: LossTable
    against_pt: Curves
    against_eta: Curves
    pulls: PullTable | None = None

    def table(self) -> str:
        """Return aligned text: numbers by group with what they mean, then the losses, then the pulls."""
        events = "1 event" if self.n_events == 1 else f"mean of {self.n_events} events ± standard error"
        pulls = [] if self.pulls is None else ["", self.pulls.table()]
        return "\n".join([events, *described(self.scalars), "", self.losses.table(), *pulls])


def summarise(reports: Sequence[EventReport]) -> Summary:
    """Average the reports of at least one event."""
    if not reports:
        raise InputError("there is no event to summarise: give at least one event with truth")
    rows = [report.scalars() for report in reports]
    pulls = [report.pulls for report in reports if report.pulls is not None]
    names = dict.fromkeys(name for row in rows for name in row)
    return Summary(
        n_events=len(reports),
        scalars={name: MeanError.of([row[name] for row in rows if name in row]) for name in names},
        losses=LossTable.mean([report.losses for report in reports]),
        against_pt=_add([report.tracks.against_pt for report in reports]),
        against_eta=_add([report.tracks.against_eta for report in reports]),
        pulls=PullTable.mean(pulls) if pulls else None,
    )


def _add(curves: Sequence[Curves]) -> Curves:
    names = [field.name for field in fields(Curves)]
    return Curves(**{name: BinnedRate.add([getattr(curve, name) for curve in curves]) for name in names})
