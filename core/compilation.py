"""Compiling kernels: the line that tells a user about it, and the clock that leaves it out."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from time import perf_counter
from typing import TYPE_CHECKING, Final

from numba.core import event as numba_event

from clew.kernel_cache import root

if TYPE_CHECKING:
    from multiprocessing.synchronize import Lock

__all__ = [
    "announce_with",
    "announcement",
    "announcing_compilation",
    "working_time",
]

_NOTICE: Final = "compiling kernels, once: a minute or two; later runs start at once"
_NOWHERE: Final = (
    "compiling kernels in memory, in every run: a minute or two; no folder to keep them can be written: "
    "set NUMBA_CACHE_DIR to one"
)
_ERASE_LINE: Final = "\r\x1b[K"


def working_time() -> float:
    """Return seconds of a clock that stands still while this thread compiles kernels or loads them."""
    return perf_counter() - _READYING.own.seconds


@contextmanager
def announcing_compilation() -> Iterator[None]:
    """Tell on stderr, once for this process and its workers, when kernels get compiled in a with-block."""
    _COMPILING.notice = _Notice()
    try:
        yield
    finally:
        announce_with(None)


def announcement() -> Lock | None:
    """Return what a worker process needs for `announce_with`, to announce as this process does."""
    return None if _COMPILING.notice is None else _COMPILING.notice.shared()


def announce_with(told: Lock | None) -> None:
    """Announce compilation, unless another process has taken the lock `told` and does; None: be silent."""
    _COMPILING.notice = None if told is None else _Notice(told)


class _Notice:
    """Writes the line, and on a terminal the seconds that pass below it.

    Whoever takes the lock `told` writes the line and keeps the lock; a process that has no workers has none.
    """

    def __init__(self, told: Lock | None = None) -> None:
        self._told = told
        self._is_told = False
        self._start: float | None = None
        self._end = threading.Event()
        self._ticker: threading.Thread | None = None

    def shared(self) -> Lock:
        """Return the lock, made when it is first wanted: to make one starts a process."""
        if self._told is None:
            self._told = get_context("spawn").Lock()
            if self._is_told:
                self._told.acquire()
        return self._told

    def begin(self) -> None:
        self._start = self._start or perf_counter()
        terminal = sys.stderr.isatty()
        if self._is_first():
            # a progress bar without progress may stand in this line; it is drawn again
            _write(f"{_ERASE_LINE if terminal else ''}{_NOWHERE if root() is None else _NOTICE}\n")
        if terminal:
            self._end.clear()
            self._ticker = threading.Thread(target=self._tick, args=(self._start,), daemon=True)
            self._ticker.start()

    def end(self) -> None:
        """Take the seconds away: what comes next may write to the line."""
        if self._ticker is not None:
            self._end.set()
            self._ticker.join()
            self._ticker = None

    def _is_first(self) -> bool:
        if self._is_told:
            return False
        self._is_told = True
        return self._told is None or self._told.acquire(block=False)

    def _tick(self, start: float) -> None:
        while not self._end.is_set():
            _write(f"{_ERASE_LINE}compiling, {perf_counter() - start:.0f} s")
            self._end.wait(1)
        _write(_ERASE_LINE)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class _Compiling(numba_event.Listener):
    """Hears when a kernel is compiled, not when it is loaded from the cache.

    numba compiles one kernel at a time, with those that it calls inside, whichever threads ask: this needs no
    lock of its own.
    """

    def __init__(self) -> None:
        self.notice: _Notice | None = None
        self._depth = 0

    def on_start(self, event: object) -> None:
        self._depth += 1
        if self._depth == 1 and self.notice is not None:
            self.notice.begin()

    def on_end(self, event: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self.notice is not None:
            self.notice.end()


class _Own(threading.local):
    """What a thread has spent in the compiler: in which it loads kernels too, or waits for another thread."""

    seconds = 0.0
    start = 0.0
    depth = 0


class _Readying(numba_event.Listener):
    """Hears when a thread enters and leaves numba's compiler."""

    def __init__(self) -> None:
        self.own = _Own()

    def on_start(self, event: object) -> None:
        if self.own.depth == 0:
            self.own.start = perf_counter()
        self.own.depth += 1

    def on_end(self, event: object) -> None:
        self.own.depth -= 1
        if self.own.depth == 0:
            self.own.seconds += perf_counter() - self.own.start


_COMPILING: Final = _Compiling()
_READYING: Final = _Readying()
numba_event.register("numba:compile", _COMPILING)
numba_event.register("numba:compiler_lock", _READYING)
