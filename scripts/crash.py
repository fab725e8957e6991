"""Kill the long commands at random moments, let them go on, and compare what they made byte for byte.

    .venv/bin/python scripts/crash.py 100
    .venv/bin/python scripts/crash.py 10 --commands dataset prepare --seed 3

A kill is SIGINT, SIGTERM, SIGHUP or SIGKILL to the command, or to all its processes, or SIGKILL to a worker.
A command must then end in time, with its exit code and at most one line, its workers with it, and the same
command again must give the files of an undisturbed run and no other.  Exit code 1 if one does not.  Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

GUN: Final = "particles=60,pt=0.3:5,eta=-2.5:2.5"
TRANSFORMS: Final = '[[transforms]]\nmethod = "cylindrical"\n'
COMMANDS: Final = {
    "reconstruct": "reconstruct ../events -o out/submission.csv --jobs {jobs}",
    "simulate": f"simulate out/events --events 6 --gun {GUN} --jobs {{jobs}}",
    "prepare": "prepare ../events --config ../transforms.toml -o out/points --jobs {jobs}",
    "dataset": "dataset ../events -o out/tracks --jobs {jobs}",
    "train": "train ../tracks --validation ../tracks -o out/trained --network lstm-64 --epochs 4 --resume",
}
"""What is killed, in a folder of its own; what it makes is in `out`."""

ALLOWED: Final = {signal.SIGINT: 2.0, signal.SIGTERM: 2.0, signal.SIGHUP: 2.0, signal.SIGKILL: 2.0}
"""In which a command must end."""

ORPHANS: Final = 5.0  # s in which workers must end


class Kill(NamedTuple):
    """One kill: a signal, to whom, after how many seconds."""

    number: signal.Signals
    whom: str
    delay: float

    def __str__(self) -> str:
        return f"{self.number.name} to the {self.whom} after {self.delay:.2f} s"


def _begin(before: Callable[[], object] | None) -> None:
    """Take signals as on a terminal: in the background a shell has some ignored, as commands then do."""
    for number in ALLOWED:
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
    if before is not None:
        before()


def clew(words: list[str], folder: Path, before: Callable[[], object] | None = None) -> subprocess.Popen[str]:
    """Start a command in a session of its own; `before` is called in its process first."""
    command = [sys.executable, "-c", "import sys; from clew.cli.main import main; sys.exit(main())", *words]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(_begin, before),
    )


def finish(words: list[str], folder: Path) -> float:
    """Run a command to its end; return its seconds."""
    begin = time.monotonic()
    process = clew(words, folder)
    _, error = process.communicate()
    if process.returncode:
        raise SystemExit(f"clew {' '.join(words)}: exit code {process.returncode}: {error}")
    return time.monotonic() - begin


def session(leader: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # it has just ended
        if int(its_session) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


def is_worker(process: int) -> bool:
    """Tell whether a process is one of Clew's workers."""
    try:
        return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def disturb(process: subprocess.Popen[str], kill: Kill, slack: float) -> list[str]:
    """Kill a command; return what went wrong, nothing if all went as it must."""
    time.sleep(kill.delay)
    workers = [one for one in session(process.pid) if is_worker(one)]
    victims = {"command": [process.pid], "group": session(process.pid), "worker": workers[:1]}[kill.whom]
    for victim in victims:
        try:
            os.kill(victim, kill.number)
        except ProcessLookupError:
            continue  # it has just ended
    begin = time.monotonic()
    # the commands here are short: one that has lost no process comes to its end
    _, error = process.communicate(timeout=300)
    wrong = []
    seconds, code = time.monotonic() - begin, process.returncode
    expected = {0, 2} if kill.whom == "worker" else {0, 128 + kill.number, -kill.number}
    if code not in expected:
        wrong.append(f"exit code {code}")
    if code and kill.whom != "worker" and seconds > slack * ALLOWED[kill.number]:
        wrong.append(f"ended after {seconds:.1f} s")
    lines = [line for line in error.splitlines() if not line.startswith("compiling kernels")]
    if len(lines) > 1 and kill.number != signal.SIGKILL:
        wrong.append(f"{len(lines)} lines, the last: {lines[-1]}")
    if "Traceback" in error:
        wrong.append("a traceback")
    while session(process.pid) and time.monotonic() - begin < seconds + slack * ORPHANS:
        time.sleep(0.1)
    if session(process.pid):
        wrong.append("workers outlive it")
    return wrong


def draw(rng: random.Random, seconds: float) -> Kill:
    """Return a kill at a random moment of a command that takes so many seconds."""
    whom = rng.choice(("command", "command", "group", "worker"))
    number = signal.SIGKILL if whom == "worker" else rng.choice(list(ALLOWED))
    return Kill(number, whom, rng.uniform(0.05, 1.05 * seconds))


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of all files of a folder by their relative paths."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def differences(made: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Return which files are missing, too many or of other content."""
    names = sorted(made.keys() | expected.keys())
    return [f"{name} differs" for name in names if made.get(name) != expected.get(name)]


def campaign(
    name: str, kills: int, folder: Path, rng: random.Random, options: argparse.Namespace
) -> list[str]:
    """Kill a command so many times; return what went wrong."""
    words = COMMANDS[name].format(jobs=options.jobs).split()
    reference = new_folder(folder / name / "reference")
    finish(words, reference)  # compiles what no cache holds yet
    seconds, expected = finish(words, new_folder(folder / name / "timed")), tree(reference / "out")
    wrong, counts, left = [], Counter[str](), kills
    while left:
        victim = new_folder(folder / name / str(left))
        in_a_row = min(left, rng.choice((1, 1, 2, 3)))
        done = [draw(rng, seconds) for _ in range(in_a_row)]
        for kill in done:
            wrong += [f"{name}, {kill}: {one}" for one in disturb(clew(words, victim), kill, options.slack)]
            counts[f"{kill.number.name} {kill.whom}"] += 1
        finish(words, victim)
        story = ", ".join(map(str, done))
        wrong += [f"{name}, {story}: {one}" for one in differences(tree(victim / "out"), expected)]
        left -= in_a_row
    what = ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
    print(f"{name}: {kills} kills of {seconds:.1f} s ({what})")
    return wrong


def new_folder(folder: Path) -> Path:
    """Make a folder with the empty `out` in it."""
    (folder / "out").mkdir(parents=True)
    return folder


def prepare(commands: list[str], folder: Path) -> None:
    """Put what the commands read beside their folders, as their arguments say."""
    (folder / "events").symlink_to(Path(__file__).resolve().parents[1] / "data" / "events")
    (folder / "transforms.toml").write_text(TRANSFORMS)
    if "train" in commands:
        finish(["dataset", "events", "-o", "tracks"], folder)
    for name in commands:
        (folder / name).mkdir()
        for link in ("events", "tracks", "transforms.toml"):
            (folder / name / link).symlink_to(folder / link)


def main() -> int:
    """Share the kills among the commands; print what went wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kills", type=int, nargs="?", default=100, help="in all (default: 100)")
    parser.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--jobs", type=int, default=2, help="of each command (default: 2)")
    parser.add_argument(
        "--slack", type=float, default=1.0, help="factor of the seconds allowed, on a slow machine"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of all chance")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng, wrong = random.Random(options.seed), []
    with TemporaryDirectory(prefix="clew-crash-") as name:
        folder = Path(name).resolve()
        prepare(options.commands, folder)
        for k, command in enumerate(options.commands):
            share = len(range(k, options.kills, len(options.commands)))
            wrong += campaign(command, share, folder, rng, options)
    print(*wrong, f"{options.kills} kills, {len(wrong)} faults", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
