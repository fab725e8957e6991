"""Measure events one by one, in parallel, and add up what they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np

from clew.detector import Modules
from clew.errors import InputError
from clew.event import Event
from clew.io import EventSource, TableFile, read_event, read_modules, read_particles
from clew.parallel import parallel_events
from clew.validation.histograms import (
    Histograms,
    cell_histograms,
    particle_histograms,
    residual_histograms,
)
from clew.validation.moments import Quantities, add_quantities
from clew.validation.quantities import (
    hit_quantities,
    module_residuals,
    particle_quantities,
    residual_quantities,
)

__all__ = ["Measured", "measure_event", "measure_events"]


@dataclass(frozen=True)
class Measured:
    """What one or more events gave: quantities by the facts' names, and spectra."""

    n_events: int
    quantities: Quantities = field(default_factory=dict)
    histograms: Histograms = field(default_factory=dict)

    @classmethod
    def add(cls, parts: Iterable[Measured]) -> Measured:
        """Add up; what some events lack is of the others."""
        given = list(parts)
        counts: dict[str, np.ndarray] = {}
        for part in given:
            for name, histogram in part.histograms.items():
                counts[name] = counts[name] + histogram if name in counts else histogram
        quantities = add_quantities([part.quantities for part in given])
        return cls(sum(part.n_events for part in given), quantities, counts)


def measure_events(
    sources: Sequence[EventSource], detectors: TableFile | None = None, jobs: int = 1
) -> Iterator[Measured]:
    """Measure events and yield what each gave as it gets ready.

    Parameters
    ----------
    sources : sequence of EventSource
        With hits, particles, or both; cells and truth where they are.
    detectors : TableFile, optional
        The modules' geometry, for residuals; by default the detectors.csv beside the events.
    jobs : int
        Events at the same time.
    """
    yield from parallel_events(partial(_measure, detectors=detectors), sources, jobs)


def _measure(source: EventSource, detectors: TableFile | None) -> Measured:
    if "hits" not in source.tables:
        if "particles" not in source.tables:
            raise InputError(f"event {source.event_id} has neither hits nor particles: add one of the files")
        particles = read_particles(source.tables["particles"])
        return Measured(1, particle_quantities(particles), particle_histograms(particles))
    geometry = detectors or source.detectors
    return measure_event(read_event(source), None if geometry is None else _modules(geometry))


@lru_cache(maxsize=1)
def _modules(file: TableFile) -> Modules:
    return read_modules(file)


def measure_event(event: Event, modules: Modules | None = None) -> Measured:
    """Measure one event in memory; `modules` are needed for residuals only."""
    quantities = dict(hit_quantities(event))
    histograms: dict[str, np.ndarray] = {}
    if event.particles is not None:
        quantities |= particle_quantities(event.particles)
        histograms |= particle_histograms(event.particles)
    if event.truth is not None:
        event.truth.require("position", "momentum", "weight")
        real = event.truth.particle_id != 0
        histograms |= cell_histograms(event.hits, real)
        if modules is not None:
            residuals = module_residuals(event.hits, event.truth, modules)
            quantities |= residual_quantities(event.hits, event.truth, residuals)
            histograms |= residual_histograms(event.hits, real, residuals)
    return Measured(1, quantities, histograms)
