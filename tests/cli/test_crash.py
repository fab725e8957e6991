"""Commands that are killed at random moments go on to the same bytes: ten kills; `make crash` does more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "crash.py"


@pytest.mark.slow
def test_killed_commands_go_on_to_the_same_bytes() -> None:
    options = ["--commands", "dataset", "prepare", "reconstruct", "--jobs", "1", "--slack", "30"]
    done = subprocess.run(
        [sys.executable, SCRIPT, "10", *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("10 kills, 0 faults\n")
