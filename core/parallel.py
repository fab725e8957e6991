"""Work on many events at once, in processes that share the cores and end with this one."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numba

from clew.compilation import announce_with, announcement
from clew.errors import RunError
from clew.machine import core_count

if TYPE_CHECKING:
    from multiprocessing.synchronize import Lock

__all__ = ["parallel_events", "workers"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_AFTERMATH: Final = 0.5  # s in which what killed a worker reaches this process, too


def parallel_events(
    work: Callable[[_Item], _Result], sources: Sequence[_Item], jobs: int
) -> Iterator[_Result]:
    """Yield work(source) of each event as it gets ready, from `jobs` processes that share the cores.

    What the processes warn of, this one warns of.  If one event fails, or the caller leaves off, the others
    that are at work are given up.

    Raises
    ------
    RunError
        If a process was killed.
    """
    n_workers = min(jobs, len(sources))
    if n_workers < 2:
        yield from map(work, sources)
        return
    with workers(n_workers, max(1, core_count() // n_workers)) as pool:
        futures = [pool.submit(_caught, work, source) for source in sources]
        # the pool watches the processes that were there when it last got something to do: all, from now on
        pool.submit(int)
        for done in as_completed(futures):
            result, caught = done.result()
            for warning in caught:
                warnings.warn(warning, stacklevel=2)
            yield result


@contextmanager
def workers(n: int = 1, threads: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Give fresh interpreters, which share nothing with this one; none outlives the block or this process.

    They are spawned: a script that comes to this needs `if __name__ == "__main__":`.

    Parameters
    ----------
    n : int
        Processes.
    threads : int, optional
        Of each for its kernels, if it has so many; by default all that it has.
    """
    others = set(active_children())
    pool = _Workers(
        n, mp_context=get_context("spawn"), initializer=_begin, initargs=(announcement(), threads)
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        sleep(_AFTERMATH)
        raise RunError(
            "a worker process was killed, perhaps for want of memory: give fewer --jobs"
        ) from error
    except BaseException:
        for process in set(active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class _Workers(ProcessPoolExecutor):
    """Processes that do not hear Ctrl-C, which a terminal sends to all: this one hears it and ends them."""

    def submit(self, fn: Callable[..., _Result], /, *args: Any, **kwargs: Any) -> Future[_Result]:
        resource_tracker.ensure_running()  # it would let the signal through when it starts
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)  # starts a process if one more is wanted
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(told: Lock | None, threads: int | None) -> None:
    """Make this process a worker; `told` is for `announce_with`."""
    Thread(target=_end_with_parent, daemon=True).start()
    announce_with(told)
    if threads is not None:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _end_with_parent() -> None:
    """Wait until the process that this one works for is gone, however it ended, and end."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _caught(work: Callable[[_Item], _Result], source: _Item) -> tuple[_Result, list[Warning]]:
    """Return what the work gives, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        result = work(source)
    return result, [one.message for one in caught if isinstance(one.message, Warning)]
