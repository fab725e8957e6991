"""From a new process to a submission: what starting costs, and what an event costs once started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from clew.benchmark.timing import Timing
from clew.io import EventSource
from clew.parallel import workers
from clew.pipeline.driver import reconstruct_events
from clew.pipeline.preset import Preset

__all__ = ["StartTimes", "time_start"]


@dataclass(frozen=True)
class StartTimes:
    """What a new process takes.

    Attributes
    ----------
    start : Timing
        Seconds for interpreter, imports, weights and cached kernels: all of the process less two events.
    event : Timing
        Seconds from an event's files to its submission, once started.
    """

    start: Timing
    event: Timing

    def __str__(self) -> str:
        return (
            f"start-up {self.start.median:.2f} s ({self.start.low:.2f} to {self.start.high:.2f}), "
            f"then from files to submission {self.event.median:.2f} s"
        )


def time_start(preset: Preset, source: EventSource, repeats: int) -> StartTimes:
    """Reconstruct an event twice in each of several new processes, after one that does not count."""
    runs = [_start(preset, source) for _ in range(repeats + 1)][1:]
    starts, events = zip(*runs, strict=True)
    return StartTimes(Timing.of(starts), Timing.of(events))


def _start(preset: Preset, source: EventSource) -> tuple[float, float]:
    begin = perf_counter()
    with workers() as process:
        event = process.submit(_reconstruct_twice, preset, source).result()
    return perf_counter() - begin - 2 * event, event


def _reconstruct_twice(preset: Preset, source: EventSource) -> float:
    """Return what the second time takes; the first one loads."""
    with TemporaryDirectory() as folder:
        for number in range(2):
            begin = perf_counter()
            list(reconstruct_events([source], Path(folder) / f"{number}.csv", preset))
        return perf_counter() - begin
