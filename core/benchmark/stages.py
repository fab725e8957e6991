"""Time of the stages of a preset on one event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from clew.benchmark.timing import Timing, measure
from clew.errors import InputError
from clew.event import Event, Hits
from clew.extend.windows.grower import WindowGrower
from clew.machine import peak_memory
from clew.metrics.report import evaluate
from clew.metrics.score import throughput_score
from clew.pipeline import Pipeline
from clew.pipeline.preset import Preset
from clew.stages import STAGES
from clew.tracks import Seeds

__all__ = ["StageTimes", "time_stages"]


@dataclass(frozen=True)
class StageTimes:
    """What a preset takes for one event.

    Attributes
    ----------
    preset : str
    n_hits, n_seeds, n_tracks : int
    stages : dict of str to Timing
        Seconds per event of "seeding", "extend", "fitting" and "ensemble", all rounds together.
    extenders : dict of str to Timing
        Seconds of each extender alone for one prediction from every seed.
    fit : Timing
        Seconds of fitting the predictions from every seed once.
    total : Timing
        Seconds per event from hits to labels.
    memory : float
        Most resident memory of the process so far, GiB.
    phase1, phase2, throughput : float or None
        Scores, where the truth is known; throughput with the median of `total`.
    """

    preset: str
    n_hits: int
    n_seeds: int
    n_tracks: int
    stages: dict[str, Timing]
    extenders: dict[str, Timing]
    fit: Timing | None
    total: Timing
    memory: float
    phase1: float | None = None
    phase2: float | None = None
    throughput: float | None = None

    @property
    def hits_per_second(self) -> float:
        """Hits of the event / median of `total`."""
        return self.n_hits / self.total.median


def time_stages(preset: Preset, event: Event, repeats: int) -> StageTimes:
    """Reconstruct the event once for warm-up and `repeats` times for the clock.

    Raises
    ------
    InputError
        If seeding finds no seed, so that there is nothing to extend.
    """
    pipeline = Pipeline.from_preset(preset)
    hits = event.hits
    result = pipeline.reconstruct(hits)
    if len(result.seeds) == 0:
        raise InputError(f"event {event.event_id}: preset {preset.name} finds no seed: use a larger event")
    runs = [pipeline.reconstruct(hits).seconds for _ in range(repeats)]
    windows = pipeline.grower.windows
    total = Timing.of([sum(run.values()) for run in runs])
    times = StageTimes(
        preset=preset.name,
        n_hits=len(hits),
        n_seeds=len(result.seeds),
        n_tracks=result.n_tracks,
        stages={stage: Timing.of([run[stage] for run in runs]) for stage in STAGES},
        extenders={} if windows is None else _time_extenders(preset, windows, hits, result.seeds, repeats),
        fit=None if windows is None else _time_fit(windows, hits, result.seeds, repeats),
        total=total,
        memory=peak_memory(),
    )
    if event.truth is None or event.particles is None:
        return times
    report = evaluate(event, result.labels)
    throughput = throughput_score(report.phase2, total.median)
    return replace(times, phase1=report.phase1, phase2=report.phase2, throughput=throughput)


def _time_extenders(
    preset: Preset, windows: WindowGrower, hits: Hits, seeds: Seeds, repeats: int
) -> dict[str, Timing]:
    times: dict[str, Timing] = {}
    for number, (settings, extender) in enumerate(zip(preset.extend, windows.extenders, strict=True), 1):
        work = partial(extender.extend, hits, seeds.hits)
        times[f"{number} {settings['method']}"] = measure(work, repeats)
    return times


def _time_fit(windows: WindowGrower, hits: Hits, seeds: Seeds, repeats: int) -> Timing:
    free = np.ones(len(hits), dtype=np.bool_)
    free[seeds.hits] = False
    predictions = windows.predict(hits, seeds.hits)
    return measure(lambda: windows.fitter.fit(hits, seeds.hits, predictions, free), repeats)
