"""How time grows with the number of hits, and what more threads give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from clew.benchmark.timing import Timing
from clew.errors import InputError
from clew.event import Hits
from clew.io import EventSource, read_event
from clew.pipeline import Pipeline
from clew.pipeline.preset import Preset

__all__ = ["Scaling", "time_scaling"]


@dataclass(frozen=True)
class Scaling:
    """Times of events of several sizes, by number of hits.

    Attributes
    ----------
    threads : int
        More than 1; as many as the machine has cores for.
    n_hits : tuple of int
    one, all : tuple of Timing
        Seconds per event with one thread and with `threads`.
    """

    threads: int
    n_hits: tuple[int, ...]
    one: tuple[Timing, ...]
    all: tuple[Timing, ...]

    @property
    def exponent(self) -> float:
        """The power of the number of hits with which the time of all threads grows, by least squares."""
        times = [timing.median for timing in self.all]
        return float(np.polyfit(np.log(self.n_hits), np.log(times), 1)[0])


def time_scaling(preset: Preset, sources: Sequence[EventSource], repeats: int) -> Scaling:
    """Time events of different sizes.

    Raises
    ------
    InputError
        If there are not two events of different sizes.
    """
    pipeline, threads = Pipeline.from_preset(preset), numba.get_num_threads()
    rows = []
    for source in sources:
        hits = read_event(source).hits
        pipeline.reconstruct(hits)
        one, every = ([_seconds(pipeline, hits, n) for _ in range(repeats)] for n in (1, threads))
        rows.append((len(hits), Timing.of(one), Timing.of(every)))
    if len({n for n, _, _ in rows}) < 2:
        raise InputError("scaling needs events of different sizes: name two or more")
    n_hits, one_thread, all_threads = zip(*sorted(rows, key=lambda row: row[0]), strict=True)
    return Scaling(threads, n_hits, one_thread, all_threads)


def _seconds(pipeline: Pipeline, hits: Hits, threads: int) -> float:
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        return sum(pipeline.reconstruct(hits).seconds.values())
    finally:
        numba.set_num_threads(before)
