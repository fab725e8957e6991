"""What each step of the preset clew-accurate is worth: scripts/ablation.py EVENTS [ROUNDS].

Writes the preset with one step left out into a temporary folder, for each step in turn, and compares all with
`clew compare`.  Run it with the Python that Clew is installed in.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from clew.pipeline.preset import Preset

WHOLE: Final = "clew-accurate"


def main(events: str, rounds: str = "3") -> int:
    """Write the presets and compare them."""
    whole = Preset.load(WHOLE)
    with tempfile.TemporaryDirectory() as folder:
        files = [write(whole, Path(folder) / "whole.toml")]
        for name, leave_out in STEPS.items():
            files.append(write(leave_out(whole), Path(folder) / f"without-{name}.toml"))
        command = [sys.executable, "-c", "import sys; from clew.cli.main import main; sys.exit(main())"]
        return subprocess.run(
            [*command, "compare", events, "--rounds", rounds, "--presets", *files], check=False
        ).returncode


def write(preset: Preset, path: Path) -> str:
    """Write a preset and return where it is."""
    path.write_text(preset.to_toml(), encoding="utf-8")
    return str(path)


def without_passes(method: str) -> Callable[[Preset], Preset]:
    """Return a function that leaves out the passes of a seeding method."""

    def leave_out(preset: Preset) -> Preset:
        return replace(preset, seeding=tuple(one for one in preset.seeding if one["method"] != method))

    return leave_out


def without_clusters_in_ranking(preset: Preset) -> Preset:
    """Rank triplets by their places only."""

    def changed(one: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**one, "clusters": 0.0} if one["method"] == "ranked-triplets" else one

    return replace(preset, seeding=tuple(map(changed, preset.seeding)))


STEPS: Final[dict[str, Callable[[Preset], Preset]]] = {
    "displaced": without_passes("displaced-triplets"),
    "overlaps": without_passes("overlaps"),
    "clusters-in-ranking": without_clusters_in_ranking,
    "clusters-in-following": lambda preset: replace(preset, fitting={**preset.fitting, "clusters": 0.0}),
    "least-gain": lambda preset: replace(preset, fitting={**preset.fitting, "least_gain": -0.5}),
    "completion": lambda preset: replace(preset, extend=({**preset.extend[0], "complete": False},)),
}

if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: scripts/ablation.py EVENTS [ROUNDS]")
    sys.exit(main(*sys.argv[1:]))
