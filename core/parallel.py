"""Work on many events at once, in processes that share the cores."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import joblib
import numba

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
    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    for result, told in parallel(joblib.delayed(_with_threads)(work, source, threads) for source in sources):
        for warning in told:
            warnings.warn(warning, stacklevel=2)
        yield result


def _with_threads(
    work: Callable[[_Item], _Result], source: _Item, threads: int
) -> tuple[_Result, list[Warning]]:
    """Return what the work gives, and what it warns of."""
    numba.set_num_threads(threads)
    with warnings.catch_warnings(record=True) as told:
        result = work(source)
    return result, [one.message for one in told if isinstance(one.message, Warning)]


def new_process() -> ProcessPoolExecutor:
    """Return a worker in a fresh interpreter, which shares nothing with this one."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))
