"""Presets side by side: the same events, the same metrics, one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import mean, median
from typing import Final

from clew.io import EventSource, read_event
from clew.machine import peak_memory
from clew.metrics import evaluate
from clew.metrics.score import throughput_score
from clew.parallel import workers
from clew.pipeline.driver import preset_pipeline
from clew.pipeline.preset import Preset

__all__ = ["ComparisonRow", "compare_presets", "comparison_table"]

_ABOVE_PT: Final = 0.9


@dataclass(frozen=True)
class ComparisonRow:
    """What one preset made of all events.

    Attributes
    ----------
    preset : str
    phase1, phase2 : float
        Means of the challenge's scores.
    double_majority, perfect, lhc : float
        Means of the efficiencies above 0.9 GeV; see clew.metrics.tracks.
    fake : float
        Mean fake rate of all tracks.
    seconds : float
        Per event, from hits in memory to labels: the mean over events of the median over rounds.
    spread : tuple of float
        Seconds per event of the fastest and of the slowest round.
    memory : float
        Most resident memory that reading and reconstruction added to the imports, GiB.
    throughput : float
        Throughput score with the mean phase 2 score and `seconds`.
    """

    preset: str
    phase1: float
    phase2: float
    double_majority: float
    perfect: float
    lhc: float
    fake: float
    seconds: float
    spread: tuple[float, float]
    memory: float
    throughput: float


def compare_presets(
    presets: Sequence[Preset],
    sources: Sequence[EventSource],
    rounds: int = 3,
    announce: Callable[[], None] | None = None,
) -> list[ComparisonRow]:
    """Reconstruct events with several presets, each in a process of its own.

    The presets take turns in every round, so that whatever else the machine does meets all alike; a first
    round, which compiles and loads, measures quality and does not count for time.

    Parameters
    ----------
    presets : sequence of Preset
    sources : sequence of EventSource
        With truth.
    rounds : int
        Timed rounds over all events.
    announce : callable, optional
        Called after each preset's event in each round, `(rounds + 1) * len(presets) * len(sources)` times.

    Raises
    ------
    InputError
        If an event has no truth.
    """
    for source in sources:
        source.require_truth()
    tell = announce or _silent
    with ExitStack() as stack:
        runs = [_Run(preset, stack.enter_context(workers())) for preset in presets]
        for run in runs:
            run.measure_quality(sources, tell)
        for _ in range(rounds):
            for run in runs:
                run.measure_time(sources, tell)
        return [run.row() for run in runs]


def _silent() -> None:
    """Announce nothing."""


@dataclass
class _Run:
    """One preset's process and what it has measured so far."""

    preset: Preset
    process: ProcessPoolExecutor

    def __post_init__(self) -> None:
        self._imports = self.process.submit(peak_memory).result()
        self._scalars: list[dict[str, float]] = []
        self._rounds: list[list[float]] = []

    def measure_quality(self, sources: Sequence[EventSource], tell: Callable[[], None]) -> None:
        for source in sources:
            self._scalars.append(self.process.submit(_quality, self.preset, source).result())
            tell()

    def measure_time(self, sources: Sequence[EventSource], tell: Callable[[], None]) -> None:
        self._rounds.append([])
        for source in sources:
            self._rounds[-1].append(self.process.submit(_time, self.preset, source).result())
            tell()

    def row(self) -> ComparisonRow:
        of = {name: mean(event[name] for event in self._scalars) for name in self._scalars[0]}
        seconds = mean(median(event) for event in zip(*self._rounds, strict=True))
        per_round = [mean(events) for events in self._rounds]
        return ComparisonRow(
            preset=self.preset.name,
            phase1=of["phase1"],
            phase2=of["phase2"],
            double_majority=of[f"pt>{_ABOVE_PT:g}.double_majority"],
            perfect=of[f"pt>{_ABOVE_PT:g}.perfect"],
            lhc=of[f"pt>{_ABOVE_PT:g}.lhc"],
            fake=of["tracks.fake"],
            seconds=seconds,
            spread=(min(per_round), max(per_round)),
            memory=self.process.submit(peak_memory).result() - self._imports,
            throughput=throughput_score(of["phase2"], seconds),
        )


def _quality(preset: Preset, source: EventSource) -> dict[str, float]:
    event = read_event(source)
    return evaluate(event, preset_pipeline(preset).reconstruct(event.hits).labels).scalars()


def _time(preset: Preset, source: EventSource) -> float:
    return sum(preset_pipeline(preset).reconstruct(read_event(source).hits).seconds.values())


def comparison_table(rows: Sequence[ComparisonRow]) -> str:
    """Return the rows as text, highest phase 1 score first."""
    head = (
        f"{'preset':14s} {'phase 1':>8s} {'phase 2':>8s} {'dm':>6s} {'perfect':>8s} {'LHC':>6s} {'fakes':>6s}"
        f" {'s/event':>8s} {'(rounds)':>15s} {'throughput':>10s} {'GiB':>5s}"
    )
    lines = [
        f"{row.preset:14s} {row.phase1:8.4f} {row.phase2:8.4f} {row.double_majority:6.3f} {row.perfect:8.3f}"
        f" {row.lhc:6.3f} {row.fake:6.3f} {row.seconds:8.3f} {row.spread[0]:7.3f}-{row.spread[1]:<7.3f}"
        f" {row.throughput:10.3f} {row.memory:5.2f}"
        for row in sorted(rows, key=lambda row: -row.phase1)
    ]
    note = f"dm (double majority), perfect and LHC: efficiencies above {_ABOVE_PT:g} GeV, see docs/metrics.md"
    return "\n".join([head, *lines, note])
