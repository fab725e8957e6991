"""Times two installations of Clew on the same events, turn by turn; called by scripts/compare_commits.sh.

Each installation works in a process of its own, which is asked for one event at a time.  All that is used of
Clew are names that every commit has: read_event, find_events, Pipeline and ClewError.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

STAGES: Final = ("seeding", "extend", "fitting", "ensemble", "total")
CLOCKS: Final = ("cpu", "wall")


def main() -> int:
    """Measure both sides, or answer as one of them."""
    options = _parser().parse_args()
    try:
        if options.serve:
            serve(options.events, options.preset)
        else:
            compare(options)
    except RefusedError as error:
        print(f"compare_commits: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", metavar="EVENTS", help="an event's prefix, a folder or a zip of events")
    parser.add_argument("--side", nargs=2, action="append", metavar=("NAME", "FOLDER"), help="give it twice")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--preset", default="clew", metavar="NAME|FILE")
    parser.add_argument("--serve", action="store_true", help="answer requests on the standard input")
    return parser


class RefusedError(Exception):
    """What a user can correct, in one line."""


# A side: one installation, in a process of its own


def serve(events: str, preset: str) -> None:
    """Say what there is, then answer each line [event, threads] of the standard input, in JSON."""
    import numba

    import clew
    from clew.errors import ClewError
    from clew.io import find_events

    try:
        sources = find_events(events)
        pipeline = clew.Pipeline.from_preset(preset)
    except ClewError as error:
        _answer({"refused": str(error)})
        return
    _answer(
        {
            "events": [source.event_id for source in sources],
            "threads": numba.get_num_threads(),
            "clew": str(Path(clew.__file__).parent),
        }
    )
    _time_stages_with_both_clocks()
    for line in sys.stdin:
        event, threads = json.loads(line)
        _answer(_reconstruct(pipeline, clew.read_event(sources[event]).hits, threads))


def _answer(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


def _both_clocks() -> complex:
    """Return wall time and, as the imaginary part, CPU time of all threads."""
    return complex(time.perf_counter(), time.process_time())


def _time_stages_with_both_clocks() -> None:
    """Let Clew, whose stage times are differences of perf_counter, take both clocks at once."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "clew" and getattr(module, "perf_counter", None) is time.perf_counter:
            vars(module)["perf_counter"] = _both_clocks


def _reconstruct(pipeline: Any, hits: Any, threads: int) -> dict[str, Any]:
    import numba
    from threadpoolctl import threadpool_limits

    numba.set_num_threads(threads)
    with threadpool_limits(threads):
        start = _both_clocks()
        result = pipeline.reconstruct(hits)
        seconds = {**result.seconds, "total": _both_clocks() - start}
    return {
        "cpu": {stage: seconds[stage].imag for stage in STAGES},
        "wall": {stage: seconds[stage].real for stage in STAGES},
        "labels": hashlib.sha256(result.labels.tobytes()).hexdigest(),
        "memory": _peak_memory(),
    }


def _peak_memory() -> float:
    """Return the most memory that this process has had resident, GiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


# Both sides


@dataclass
class Side:
    """One installation and what was measured of it.

    Attributes
    ----------
    name : str
    folder : Path
        Where it is installed.
    seconds : dict
        (threads, clock, stage) to mean seconds per event, one number per round.
    labels : dict
        Number of an event to all hashes that its labels had.
    memory : float
        GiB.
    """

    name: str
    folder: Path
    seconds: dict[tuple[int, str, str], list[float]] = field(default_factory=dict)
    labels: dict[int, set[str]] = field(default_factory=dict)
    memory: float = 0.0

    @contextmanager
    def process(self, events: str, preset: str) -> Iterator[Worker]:
        """Start the installation; it ends with the with-block."""
        environment = os.environ | {
            "PYTHONPATH": str(self.folder),
            "NUMBA_CACHE_DIR": str(self.folder / "kernels"),
        }
        command = [sys.executable, __file__, events, "--preset", preset, "--serve"]
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield Worker(self, process)
            finally:
                process.kill()

    def take(self, event: int, answer: dict[str, Any]) -> None:
        """Keep what does not depend on the number of threads."""
        self.labels.setdefault(event, set()).add(answer["labels"])
        self.memory = answer["memory"]


class Worker:
    """The process of a side."""

    def __init__(self, side: Side, process: subprocess.Popen[str]) -> None:
        self.side, self._process = side, process
        about = self._read()
        if "refused" in about:
            raise RefusedError(about["refused"])
        if not Path(about["clew"]).is_relative_to(side.folder):
            raise RefusedError(f"{side.name}: {about['clew']} was imported in place of {side.folder}")
        self.events: list[int] = about["events"]
        self.threads: int = about["threads"]

    def reconstruct(self, event: int, threads: int) -> dict[str, Any]:
        """Return times, labels and memory of the event with this position."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps([event, threads])}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RefusedError(f"{self.side.name}: its process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


def compare(options: argparse.Namespace) -> None:
    """Compile, measure in turn and print."""
    sides = [Side(name, Path(folder)) for name, folder in options.side]
    for side in sides:
        print(f"compiling the kernels of {side.name}", file=sys.stderr)
        with side.process(options.events, options.preset) as worker:
            _warm(worker)
    with ExitStack() as stack:  # new processes: compiling takes more memory than reconstruction
        workers = [stack.enter_context(side.process(options.events, options.preset)) for side in sides]
        for worker in workers:
            _warm(worker)
        threads = sorted({1, workers[0].threads})
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for n in threads:
                _round(workers if number % 2 == 0 else workers[::-1], n)
        events = workers[0].events
    print(f"preset {options.preset}, seconds per event, medians of {options.rounds} rounds (least..most)\n")
    print(report(sides, threads, events))


def _warm(worker: Worker) -> None:
    for event in range(len(worker.events)):
        worker.reconstruct(event, worker.threads)


def _round(workers: Sequence[Worker], threads: int) -> None:
    """Reconstruct every event with every side, side by side, and keep the mean times."""
    answers: list[list[dict[str, Any]]] = [[] for _ in workers]
    for event in range(len(workers[0].events)):
        for worker, taken in zip(workers, answers, strict=True):
            taken.append(worker.reconstruct(event, threads))
            worker.side.take(event, taken[-1])
    for worker, taken in zip(workers, answers, strict=True):
        for clock in CLOCKS:
            for stage in STAGES:
                mean = sum(answer[clock][stage] for answer in taken) / len(taken)
                worker.side.seconds.setdefault((threads, clock, stage), []).append(mean)


# The report


def report(sides: Sequence[Side], threads: Sequence[int], events: Sequence[int]) -> str:
    """Return tables of times, of the speed-up by threads and of memory, and whether the labels are equal."""
    old, new = sides
    parts = [_times(old, new, n, clock) for n in threads for clock in CLOCKS]
    if len(threads) > 1:
        parts.append(_speed_ups(sides, threads[-1]))
    parts.append("\n".join(f"peak memory of {side.name}: {side.memory:.2f} GiB" for side in sides))
    parts.append("\n".join(_label_lines(old, new, events)))
    return "\n\n".join(parts)


def _times(old: Side, new: Side, threads: int, clock: str) -> str:
    title = {"cpu": "CPU time", "wall": "wall time"}[clock]
    head = f"{f'{title}, {threads} threads' if threads > 1 else f'{title}, 1 thread':24s}"
    lines = [f"{head}{old.name:>14s}{new.name:>14s}   {new.name} / {old.name}"]
    for stage in STAGES:
        before, after = (side.seconds[threads, clock, stage] for side in (old, new))
        ratio = _spread(_ratios(after, before))
        lines.append(f"{stage:24s}{median(before):14.4f}{median(after):14.4f}   {ratio}")
    return "\n".join(lines)


def _speed_ups(sides: Sequence[Side], threads: int) -> str:
    lines = [f"{f'speed-up, {threads} threads':24s}" + "".join(f"{side.name:>26s}" for side in sides)]
    for stage in STAGES:
        cells = [
            _spread(_ratios(side.seconds[1, "wall", stage], side.seconds[threads, "wall", stage]))
            for side in sides
        ]
        lines.append(f"{stage:24s}" + "".join(f"{cell:>26s}" for cell in cells))
    return "\n".join(lines)


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratios of the rounds; a stage that takes no time has none."""
    return [a / b for a, b in zip(above, below, strict=True) if b > 0]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{median(values):.3f} ({min(values):.3f}..{max(values):.3f})"


def _label_lines(old: Side, new: Side, events: Sequence[int]) -> Iterator[str]:
    for position, event in enumerate(events):
        before, after = (_hashes(side.labels[position]) for side in (old, new))
        told = f"equal, sha256 {before}" if before == after else f"DIFFERENT, sha256 {before} and {after}"
        yield f"labels of event {event}: {told}"


def _hashes(found: set[str]) -> str:
    return " or ".join(sorted(label[:12] for label in found))


if __name__ == "__main__":
    sys.exit(main())
