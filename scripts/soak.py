"""Reconstruct many events while the command is killed and the disk fills up; nothing may be lost or doubled.

    .venv/bin/python scripts/soak.py out/soak
    .venv/bin/python scripts/soak.py out/soak --events 20 --kills 4

The events, of pile-up 20, are simulated into OUT/events if they are not there.  They are then reconstructed
twice: undisturbed, while the memory of all processes is watched, and under kills, with two runs in which
files may grow to a limit only, as on a full disk: one that some events meet, and one that the submission
meets.  Both submissions must be the same, with a row for each hit, and the memory must not grow.  Exit code 1
if not.  Linux.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from pathlib import Path
from typing import Final

from crash import clew, disturb, draw, finish, session

from clew.io import find_events, read_event, read_submission

GROWTH: Final = 1.1
"""Factor by which memory may be above what it was."""

ENOUGH: Final = 200
"""Events from which growth means something: workers fill their buffers with the first ones."""


def resident(process: int) -> float:
    """Return the resident memory of a process, MiB."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0  # it has just ended
    return pages * resource.getpagesize() / 2**20


def watch(words: list[str], folder: Path) -> list[float]:
    """Run a command to its end; return the resident memory of all its processes, MiB, twice a second."""
    process, seen = clew(words, folder), []
    while process.poll() is None:
        seen.append(sum(map(resident, session(process.pid))))
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"clew {' '.join(words)}: exit code {process.returncode}")
    return seen


def growth(seen: list[float]) -> float:
    """Return the highest memory of the last quarter over that of the second: in the first one it fills."""
    quarter = max(len(seen) // 4, 1)
    return max(seen[-quarter:]) / max(seen[quarter : 2 * quarter])


def fill_disk(words: list[str], folder: Path, limit: int) -> list[str]:
    """Run a command whose files may have so many bytes; return what went wrong."""
    process = clew(words, folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    _, error = process.communicate()
    lines = [line for line in error.splitlines() if not line.startswith("compiling kernels")]
    print(f"files of {limit} bytes at most: exit code {process.returncode}: {lines[-1] if lines else ''}")
    good = process.returncode == 2 and len(lines) == 1 and "cannot be written" in lines[0]
    return [] if good else [f"full disk: exit code {process.returncode}, {len(lines)} lines"]


def check_rows(events: Path, submission: Path, n: int) -> list[str]:
    """Return which events have not exactly one row per hit."""
    made, wrong = read_submission(submission), []
    sources = find_events(events, nevents=n)
    if made.event_ids != [source.event_id for source in sources]:
        wrong.append("events are missing or too many")
    for source in sources:
        made.labels(source.event_id, read_event(source, ["hits"]).hits.hit_id)  # refuses anything else
    return wrong


def trouble(words: list[str], folder: Path, seconds: float, options: argparse.Namespace) -> list[str]:
    """Reconstruct under kills and on full disks; return what went wrong."""
    rng, wrong = random.Random(options.seed), []
    whole = (folder / "whole.csv").stat().st_size
    for k in range(options.kills):
        if k == options.kills // 2:  # a finished event takes about as many bytes as its rows
            wrong += fill_disk(words, folder, whole // options.events)
        kill = draw(rng, 2 * seconds / (options.kills + 1))
        wrong += [f"{kill}: {one}" for one in disturb(clew(words, folder), kill, options.slack)]
    wrong += fill_disk(words, folder, whole // 2)
    finish(words, folder)
    return wrong


def main() -> int:
    """Simulate, reconstruct twice, compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("output", type=Path, metavar="OUT", help="folder for events and submissions")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--slack", type=float, default=1.0, help="factor of the seconds allowed to end")
    parser.add_argument("--seed", type=int, default=1, help="of all chance")
    options = parser.parse_args()
    folder, jobs = options.output.resolve(), ["--jobs", str(options.jobs)]
    folder.mkdir(parents=True, exist_ok=True)
    finish(["simulate", "events", "--events", str(options.events), "--pileup", "20", *jobs], folder)
    reconstruct = ["reconstruct", "events", "--events", str(options.events), *jobs, "-o"]
    begin = time.monotonic()
    seen = watch([*reconstruct, "whole.csv"], folder)
    seconds = time.monotonic() - begin
    print(f"undisturbed: {options.events} events in {seconds:.0f} s, at most {max(seen):.0f} MiB")
    wrong = trouble([*reconstruct, "troubled.csv"], folder, seconds, options)
    wrong += check_rows(folder / "events", folder / "troubled.csv", options.events)
    if (folder / "whole.csv").read_bytes() != (folder / "troubled.csv").read_bytes():
        wrong.append("the submissions differ")
    left = [path.name for path in folder.iterdir() if path.name.startswith(".") or path.suffix == ".parts"]
    wrong += [f"{name} is left" for name in left]
    print(f"memory of the last quarter over that of the second: {growth(seen):.3f}")
    if options.events >= ENOUGH and growth(seen) > GROWTH:
        wrong.append("memory grows")
    print(*wrong, f"{options.kills} kills, 2 full disks, {len(wrong)} faults", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
