"""Ctrl-C, SIGTERM and a closed terminal end a command within two seconds, whatever it is at.

The signal raises KeyboardInterrupt where the main thread is, which takes away what is half written.  A
kernel, the compiler or an import of compiled code may keep the main thread from that, and a library may
swallow it: then a second thread, which hears of signals too, ends the process.  What that leaves behind, the
next run takes away.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Lock, Thread
from time import sleep
from types import FrameType
from typing import Any, Final

__all__ = ["Stopper"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE: Final = 1.0  # s


class Stopper:
    """Hears the signals that stop a command, from `listen` to `deafen`.

    Parameters
    ----------
    say : callable
        Writes the one line about a stop by the signal of that number.

    Attributes
    ----------
    heard : int
        Number of the first signal that came; 0 before.
    """

    def __init__(self, say: Callable[[int], None]) -> None:
        self.heard = 0
        self._say = say
        self._saying = Lock()
        self._taken: list[signal.Signals] = []

    def listen(self) -> None:
        """Take over the signals, but for those that are ignored, as they are under nohup."""
        self._taken = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        Thread(target=self._watch, args=(reader,), daemon=True).start()
        for number in self._taken:
            signal.signal(number, self._stop)

    def say(self) -> int:
        """Write the line, once, and return the exit code; no further signal is heard."""
        self.deafen()
        return self._say_once(self.heard or signal.SIGINT)

    def deafen(self) -> None:
        """Let nothing disturb the end of a command."""
        for number in self._taken:
            signal.signal(number, signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.heard = self.heard or number
        sys.unraisablehook = _be_silent  # raised in a destructor it would be lost, and traced on stderr
        raise KeyboardInterrupt

    def _watch(self, reader: int) -> None:
        number = os.read(reader, 1)[0]
        sleep(_PATIENCE)
        os._exit(self._say_once(number))

    def _say_once(self, number: int) -> int:
        if self._saying.acquire(blocking=False):
            self._say(number)
        return 128 + number


def _be_silent(unraisable: Any) -> None:
    """Write nothing."""
