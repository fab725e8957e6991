"""Work on many events at once, in processes that share the cores."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import joblib
import numba

from clew.compilation import announce_with, announcement
from clew.machine import core_count

__all__ = ["new_process", "parallel_events"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def parallel_events(
    work: Callable[[_Item], _Result], sources: Sequence[_Item], jobs: int
) -> Iterator[_Result]:
    """Yield work(source) of each event as it gets ready, from `jobs` processes that share the cores.

    What the processes warn of, this one warns of.
    """
    if jobs == 1 or len(sources) < 2:
        yield from map(work, sources)
        return
    threads = max(1, core_count() // jobs)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    tasks = (joblib.delayed(_in_worker)(work, source, threads, announcement()) for source in sources)
    for result, caught in parallel(tasks):
        for warning in caught:
            warnings.warn(warning, stacklevel=2)
        yield result


def _in_worker(
    work: Callable[[_Item], _Result], source: _Item, threads: int, told: Path | None
) -> tuple[_Result, list[Warning]]:
    """Return what the work gives, and what it warns of; `told` is for `announce_with`."""
    announce_with(told)
    numba.set_num_threads(threads)
    with warnings.catch_warnings(record=True) as caught:
        result = work(source)
    return result, [one.message for one in caught if isinstance(one.message, Warning)]


def new_process() -> ProcessPoolExecutor:
    """Return a worker in a fresh interpreter, which shares nothing with this one."""
    context = get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=announce_with, initargs=(announcement(),))
