"""The study of Ariadne on a bundled event: its report names every measure, and its picture is there."""

from __future__ import annotations

from pathlib import Path

from clew.io import find_events
from clew.studies import STUDIES


def test_the_report_has_ellipses_tracks_and_segments(tmp_path: Path) -> None:
    report = STUDIES["ariadne"].load()(find_events(Path("data/events"), 0, 1), tmp_path)
    for part in (
        "pixel barrel",
        "long strip discs",
        "area mm2",
        "double majority",
        "exact",
        "joints of segments",
    ):
        assert part in report
    rates = {
        line[:30].strip(): [float(x) for x in line[30:].split()]
        for line in report.splitlines()
        if "majority" in line
    }
    assert all(efficiency > 0.9 and purity > 0.9 for efficiency, purity in rates.values())
    assert len(rates) == 2
    assert (tmp_path / "segments.png").stat().st_size > 1000
