"""Signals, closed pipes, locks and what the system refuses end a command in one line, with its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clew.cli.main import main

EVENT = Path(__file__).parents[2] / "data" / "events" / "event000000001"
CLEW = [sys.executable, "-c", "import sys; from clew.cli.main import main; sys.exit(main())"]

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""argparse swallows the errors of what it writes itself; here they come up when all is written at the end."""

STUCK = """
import sys, time
from clew.cli import info, main
def run(options):
    print("at work", flush=True)
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:  # as a library may
            pass
info.run = run
sys.argv = ["clew", "info"]
sys.exit(main.main())
"""


def start(*arguments: str | Path, code: str | None = None, **more: Any) -> subprocess.Popen[str]:
    command = CLEW if code is None else [sys.executable, "-c", code]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *map(str, arguments)], preexec_fn=hear_all, **pipes, **more)


def hear_all() -> None:
    """Take signals as on a terminal: in the background a shell has some ignored, as commands then do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "stopped"), (signal.SIGHUP, 129, "stopped")],
)
def test_signal_ends_even_what_swallows_it(number: int, code: int, word: str) -> None:
    process = start(code=STUCK)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (code, f"clew info: {word}\n")


def test_signal_during_imports_ends_in_a_line(tmp_path: Path) -> None:
    slow = tmp_path / "numba.py"
    slow.write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    process = start("info", env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"})
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "clew info: interrupted\n")


def test_closed_pipe_ends_in_silence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*CLEW, "--help"], stdout=writer, stderr=subprocess.PIPE, env=BUFFERED, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no such device")
def test_output_to_a_full_device_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*CLEW, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, env=BUFFERED, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("clew: error: No space left on device")
    assert done.stderr.count("\n") == 1


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_path_through_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    output = tmp_path / "s.csv"
    assert "no folder" in refused(capsys, "reconstruct", EVENT, "-o", tmp_path / "file" / "s.csv")
    assert "no folder" in refused(
        capsys, "reconstruct", EVENT, "-o", output, "--pictures", tmp_path / "file" / "p"
    )
    assert "no folder" in refused(capsys, "dataset", EVENT, "-o", tmp_path / "file")
    (tmp_path / "s.csv.parts").write_text("mine")
    assert "s.csv.parts can be made" in refused(capsys, "reconstruct", EVENT, "-o", output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "s.csv.parts"]


def test_pipe_and_device_in_place_of_a_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = tmp_path / "in" / "event000000001-hits.csv"
    hits.parent.mkdir()
    os.mkfifo(hits)
    os.mkfifo(tmp_path / "p.toml")
    output = tmp_path / "s.csv"
    assert "not a plain file" in refused(capsys, "reconstruct", hits.parent, "-o", output)
    assert "not a plain file" in refused(
        capsys, "reconstruct", EVENT, "-o", output, "--preset", tmp_path / "p.toml"
    )
    hits.unlink()
    hits.symlink_to("/dev/zero")
    assert "not a plain file" in refused(capsys, "reconstruct", hits.parent, "-o", output)
    hits.unlink()
    hits.symlink_to("/nowhere")
    assert "No such file" in refused(capsys, "reconstruct", hits.parent, "-o", output)
    assert not output.exists()


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, time\n"
        "from clew.parallel import parallel_events\n"
        "def work(k):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(300)\n"
        "if __name__ == '__main__':\n"
        "    list(parallel_events(work, [1, 2], 2))\n"
    )
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        workers = {process.stdout.readline() for _ in range(2)}
        process.kill()
        assert process.stdout.read() == ""  # both have the pipe open: it ends when they do
    assert len(workers) == 2


def test_killed_worker_is_told_in_a_line_and_no_other_outlives_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, time\n"
        "from clew.errors import RunError\n"
        "from clew.parallel import parallel_events\n"
        "def work(k):\n"
        "    os.kill(os.getpid(), signal.SIGKILL) if k == 1 else time.sleep(300)\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        list(parallel_events(work, [0, 1], 2))\n"
        "    except RunError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=200, check=True
    )
    assert done.stdout.startswith("a worker process was killed")
    assert done.stderr == ""


def test_kernels_refuse_in_a_forked_process_that_lacks_their_threads(tmp_path: Path) -> None:
    script = (
        "import multiprocessing as mp\n"
        "from clew.errors import RunError\n"
        "from clew.kernels import run_blocks\n"
        "def work(k):\n"
        "    try:\n"
        "        run_blocks(lambda begin, end: None, 1000)\n"
        "    except RunError as error:\n"
        "        return str(error)\n"
        "with mp.get_context('fork').Pool(2) as pool:\n"
        "    print(pool.map(work, range(2)))\n"
        "work(0)\n"
        "with mp.get_context('fork').Pool(2) as pool:\n"
        "    print(*pool.map(work, range(2)), sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200, check=True
    )
    before, *after = done.stdout.splitlines()
    assert before == "[None, None]"
    assert len(after) == 2
    assert all('get_context("spawn")' in line for line in after)
