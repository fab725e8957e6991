"""How good a preset is: the pipeline run on events with truth, every stage measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from clew.arrays import Int32Array
from clew.event import Event
from clew.extend.recurrent.pulls import pulls_along
from clew.extend.windows.grower import WindowGrower
from clew.io import EventSource, read_event
from clew.metrics import EventReport, PredictionReport, evaluate, prediction_report, true_seeds
from clew.metrics.pulls import pull_table
from clew.parallel import parallel_events
from clew.pipeline.driver import preset_pipeline
from clew.pipeline.preset import Preset
from clew.tracksets import tracks_of

__all__ = ["evaluate_events"]


def evaluate_events(sources: Sequence[EventSource], preset: Preset, jobs: int = 1) -> Iterator[EventReport]:
    """Reconstruct events and yield a full report of each as it gets ready.

    Predictions of presets that extend windows of five hits are measured twice: from the true seeds of all
    particles with at least 10 hits, and from the seeds found.

    Raises
    ------
    InputError
        If an event has no truth.
    """
    for source in sources:
        source.require_truth()
    yield from parallel_events(partial(_evaluate, preset=preset), sources, jobs)


def _evaluate(source: EventSource, preset: Preset) -> EventReport:
    event = read_event(source)
    assert event.truth is not None
    assert event.particles is not None
    pipeline = preset_pipeline(preset)
    result = pipeline.reconstruct(event)
    report = replace(evaluate(event, result.labels, result.seeds), seconds=result.seconds)
    windows, expectation = pipeline.grower.windows, pipeline.grower.expectation
    if expectation is not None:
        report = replace(
            report, pulls=pull_table(event.hits.detector, *pulls_along(tracks_of(event), *expectation))
        )
    if windows is None:
        return report
    return replace(
        report,
        true_seed_predictions=_predictions(event, windows, true_seeds(event.truth, event.particles)),
        found_seed_predictions=_predictions(event, windows, result.seeds.hits),
    )


def _predictions(event: Event, windows: WindowGrower, seeds: Int32Array) -> PredictionReport:
    assert event.truth is not None
    assert event.particles is not None
    free = np.ones(len(event.hits), dtype=np.bool_)
    free[seeds] = False
    fitted = windows.extend_once(event.hits, seeds, free)
    return prediction_report(seeds, fitted, event.truth, event.particles)
