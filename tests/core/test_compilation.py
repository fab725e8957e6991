"""Compilation of kernels is announced once and left out of times; a warm cache leaves nothing to announce."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

KERNELS = """
from clew.kernels import kernel

@kernel
def inner(x):
    return x + 1

@kernel
def outer(x):
    return 2 * inner(x)

def work(x):
    return outer(x)
"""

PARALLEL = """
from clew.compilation import announcing_compilation
from clew.parallel import parallel_events
from kernels import work
if __name__ == "__main__":
    with announcing_compilation():
        print(sorted(parallel_events(work, [1, 2.0, 3], jobs=2)))
"""

PROCESSES = """
from clew.compilation import announcing_compilation
from clew.parallel import workers
from kernels import work
if __name__ == "__main__":
    with announcing_compilation(), workers() as first, workers() as second:
        print(first.submit(work, 1).result(), second.submit(work, 2.0).result())
"""

SECONDS = """
from threading import Thread
from time import perf_counter
from clew.compilation import working_time
from kernels import work

def left_out():
    return perf_counter() - working_time()

start = perf_counter()
before = left_out()
work(1)
compiled = left_out() - before
elapsed = perf_counter() - start
print(elapsed / 2 < compiled <= elapsed)
other = Thread(target=lambda: print(left_out() <= 0))
other.start()
other.join()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with kernels that no cache holds yet."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "NUMBA_CACHE_DIR": str(folder / "cache")}


def run(folder: Path, code: str) -> tuple[str, str]:
    """Run a script in a process of its own; returns what it wrote to stdout and stderr."""
    script = folder / "script.py"
    script.write_text(code)
    command = [sys.executable, str(script)]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


@pytest.mark.slow
def test_all_workers_together_announce_once_and_never_again(folder: Path) -> None:
    result, error = run(folder, PARALLEL)
    assert result == "[4, 6.0, 8]"
    assert error.startswith("compiling kernels, once")
    assert error.count("\n") == 1
    assert run(folder, PARALLEL) == (result, "")


def test_the_clock_leaves_out_each_kernel_once_and_as_a_library_tells_nothing(folder: Path) -> None:
    assert run(folder, SECONDS) == ("True\nTrue", "")


def test_a_terminal_shows_the_seconds_and_is_left_clean(folder: Path) -> None:
    script = folder / "script.py"
    script.write_text(PROCESSES)
    outside, inside = pty.openpty()
    try:
        command = [sys.executable, str(script)]
        subprocess.run(
            command, env=environment(folder), stdout=subprocess.PIPE, stderr=inside, timeout=120, check=True
        )
        shown = os.read(outside, 100_000).decode()
    finally:
        os.close(outside)
        os.close(inside)
    assert shown.count("compiling kernels, once") == 1
    assert "\r\x1b[Kcompiling, 0 s" in shown
    assert shown.endswith("\r\x1b[K")
