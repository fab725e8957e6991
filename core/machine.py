"""What this process runs on, and how much memory it took."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numba

__all__ = ["Machine", "clew_version", "core_count", "describe_machine", "peak_memory"]

_PACKAGES: Final = ("clew", "numpy", "numba", "scipy", "scikit-learn", "hdbscan", "keras")
_BACKENDS: Final = ("tensorflow", "tensorflow-cpu", "jax", "torch")


@dataclass(frozen=True)
class Machine:
    """Hardware and software of a benchmark.

    Attributes
    ----------
    cpu : str
    cores, threads : int
        Cores that the process may use; threads of Clew's kernels.
    memory : float
        GiB.
    system, python : str
    versions : dict
        Of each installed package that matters for the time.
    """

    cpu: str
    cores: int
    threads: int
    memory: float
    system: str
    python: str
    versions: dict[str, str]

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        hardware = f"{self.cpu}, {self.cores} cores, {self.threads} threads, {self.memory:.1f} GiB"
        return f"{hardware}; {self.system}; Python {self.python}; {packages}"


def describe_machine() -> Machine:
    """Describe the machine that this process runs on."""
    return Machine(
        cpu=_cpu_name(),
        cores=core_count(),
        threads=numba.get_num_threads(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=platform.platform(),
        python=platform.python_version(),
        versions=_versions((*_PACKAGES, *_BACKENDS)),
    )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def core_count() -> int:
    """Return the number of cores that this process may use, within its affinity and its container's quota."""
    import joblib  # half a second that a run in one process need not wait for

    return int(joblib.cpu_count())


def clew_version() -> str:
    """Return the version of Clew that is installed; empty for one that is only on the path."""
    return _versions(("clew",)).get("clew", "")


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def peak_memory() -> float:
    """Return the most memory that this process has had resident so far, GiB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage knows of a process that ours was started by
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
