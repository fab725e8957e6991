"""The study of occupancy: events of few particles alone in the detector, up to several events in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from time import process_time
from typing import Final, TypeVar

import numpy as np
from tqdm import tqdm

from clew.arrays import Int64Array
from clew.event import Cells, Event, Hits, Particles, Truth
from clew.io import EventSource, read_event
from clew.metrics.matching import match, particle_rows
from clew.metrics.rates import ratio
from clew.metrics.tracks import metrics_above
from clew.pipeline import Pipeline
from clew.pipeline.preset import DEFAULT_PRESET

__all__ = ["LEAST_HITS", "LEAST_PT", "Row", "alone", "run", "together"]

LEAST_PT: Final = 0.5
"""GeV, of the particles that are counted."""

LEAST_HITS: Final = 6
"""Of the particles that are put into the detector alone."""

PRESETS: Final = (DEFAULT_PRESET, "clew-accurate")

_NUMBERS: Final = (1, 2, 5, 10, 20, 50, 100, 1000)
_ENOUGH: Final = 200
"""Particles that a row counts, in as many events as that needs."""

_Arrays = TypeVar("_Arrays", Truth, Particles)


@dataclass(frozen=True)
class Row:
    """Events of one size, by one preset.

    Attributes
    ----------
    size : str
    n_events, n_hits : int
        The hits are those of all events.
    found, counted, fakes, tracks : float
        Particles with a double-majority track, particles, fake tracks, tracks; see `ThresholdMetrics`.
    seconds : float
        CPU time of an event.
    """

    size: str
    n_events: int
    n_hits: int
    found: float
    counted: int
    fakes: float
    tracks: int
    seconds: float

    def __str__(self) -> str:
        efficiency, fakes = ratio(self.found, self.counted), ratio(self.fakes, self.tracks)
        return (
            f"{self.size:<18}{self.n_events:>7}{self.n_hits // self.n_events:>10}{self.counted:>11}"
            f"{efficiency:>12.4f}{fakes:>9.4f}{self.seconds:>11.3f}"
        )


def run(sources: Sequence[EventSource], folder: Path) -> str:
    """Measure events of every size; see `clew.studies.Study`."""
    events = [read_event(source) for source in sources]
    return "\n".join(line for name in PRESETS for line in _lines(name, events)) + "\n"


def _lines(name: str, events: Sequence[Event]) -> Iterator[str]:
    """Report what a preset does."""
    pipeline = Pipeline.from_preset(name)
    pipeline.reconstruct(events[0].hits)  # loads or compiles
    yield f"{name}: particles with pT > {LEAST_PT:g} GeV, double majority; CPU time"
    yield f"{'':<18}{'events':>7}{'hits':>10}{'particles':>11}{'efficiency':>12}{'fakes':>9}{'s/event':>11}"
    for number in tqdm(_NUMBERS, desc=name, unit="size", disable=None, leave=False):
        yield str(_measure(pipeline, f"{number} particles", _drawn(events, number)))
    sizes = [1 << k for k in range(len(events).bit_length())]
    rows = [_measure(pipeline, f"{n} events in one", [together(events[:n])]) for n in sizes]
    yield from map(str, rows)
    if len(rows) > 1:
        hits, seconds = (rows[-1].n_hits / rows[0].n_hits, rows[-1].seconds / rows[0].seconds)
        yield f"from one event to {sizes[-1]} in one, time grows as hits^{np.log(seconds) / np.log(hits):.2f}"
    yield ""


def _drawn(events: Sequence[Event], number: int) -> Iterator[Event]:
    """Yield events of so many particles, drawn from given ones: the same every time."""
    draw = np.random.default_rng(number)
    for k in range(-(-_ENOUGH // number)):
        event = events[k % len(events)]
        assert event.particles is not None
        counted = (event.particles.pt > LEAST_PT) & (event.particles.n_hits >= LEAST_HITS)
        rows = np.flatnonzero(counted)
        yield alone(event, draw.choice(rows, min(number, len(rows)), replace=False))


def _measure(pipeline: Pipeline, size: str, events: Iterator[Event] | Sequence[Event]) -> Row:
    n_hits, found, counted, fakes, tracks, seconds, n_events = 0, 0.0, 0, 0.0, 0, 0.0, 0
    for event in events:
        assert event.truth is not None
        assert event.particles is not None
        begin = process_time()
        labels = pipeline.reconstruct(event.hits).labels
        seconds += process_time() - begin
        rates = metrics_above(match(labels, event.truth, event.particles), event.particles, LEAST_PT)
        n_events, n_hits = n_events + 1, n_hits + len(event.hits)
        found, counted = found + rates.double_majority * rates.n_particles, counted + rates.n_particles
        if rates.n_tracks:
            fakes, tracks = fakes + rates.fake * rates.n_tracks, tracks + rates.n_tracks
    return Row(size, n_events, n_hits, found, counted, fakes, tracks, seconds / n_events)


def alone(event: Event, particles: Int64Array) -> Event:
    """Return the hits of some particles, given by their rows, without any other hit."""
    assert event.truth is not None
    assert event.particles is not None
    rows = np.flatnonzero(np.isin(particle_rows(event.truth, event.particles), particles))
    return Event(
        event.event_id, event.hits.select(rows), _taken(event.particles, particles), _taken(event.truth, rows)
    )


def together(events: Sequence[Event]) -> Event:
    """Return several events as one; hits and particles are numbered anew."""
    truths: list[Truth] = []
    particles: list[Particles] = []
    for k, event in enumerate(events):
        assert event.truth is not None
        assert event.particles is not None
        # noise stays 0; the ids of others differ from event to event
        names = np.unique(np.append(event.particles.particle_id, event.truth.particle_id))
        ids = np.where(names == 0, 0, np.arange(1, len(names) + 1) * len(events) + k)
        truths.append(_named(event.truth, names, ids))
        particles.append(_named(event.particles, names, ids))
    return Event(
        events[0].event_id, _joined([event.hits for event in events]), _stacked(particles), _stacked(truths)
    )


def _named(arrays: _Arrays, names: Int64Array, ids: Int64Array) -> _Arrays:
    """Return arrays whose particles, of ascending names, are called by other ids."""
    return replace(arrays, particle_id=ids[np.searchsorted(names, arrays.particle_id)])


def _taken(arrays: _Arrays, rows: Int64Array) -> _Arrays:
    """Return some rows of all arrays."""
    return type(arrays)(**{field.name: getattr(arrays, field.name)[rows] for field in fields(arrays)})


def _stacked(parts: Sequence[_Arrays]) -> _Arrays:
    """Return the arrays of several events, one behind the other."""
    names = [field.name for field in fields(parts[0])]
    return type(parts[0])(**{name: np.concatenate([getattr(one, name) for one in parts]) for name in names})


def _joined(hits: Sequence[Hits]) -> Hits:
    """Return the hits of several events as those of one."""
    columns = {
        name: np.concatenate([getattr(one, name) for one in hits])
        for name in ("x", "y", "z", "volume", "layer", "module")
    }
    cells = [one.cells for one in hits if one.cells is not None]
    whole = None
    if len(cells) == len(hits):
        lengths = np.concatenate([np.diff(one.offsets) for one in cells])
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        channel, value = (
            np.concatenate([getattr(one, name) for one in cells]) for name in ("channel", "value")
        )
        whole = Cells(offsets, channel, value)
    return Hits(np.arange(1, sum(map(len, hits)) + 1), **columns, cells=whole, detector=hits[0].detector)
