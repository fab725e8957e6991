"""The study of gnn_tracking and its scanner on a bundled event: reports and pictures are there."""

from __future__ import annotations

from pathlib import Path

from clew.io import find_events
from clew.studies import STUDIES


def test_the_report_has_edges_tracks_and_both_pictures(tmp_path: Path) -> None:
    report = STUDIES["condensation"].load()(find_events(Path("data/events"), 0, 1), tmp_path)
    rates = {}
    for line in report.splitlines():
        if line.startswith("    pT > 0.9 GeV"):
            rates[len(rates)] = [float(part.split()[-1]) for part in line.split(", ")]
    (perfect, majority, lhc, fake), components = rates[0], rates[1]
    assert perfect > 0.8
    assert majority > 0.9
    assert lhc > 0.93
    assert fake < 0.02
    assert perfect > components[0]
    assert "doublets' efficiency" in report
    assert "GiB at most" in report
    for name in ("condensation-latent.png", "condensation-tracks.png"):
        assert (tmp_path / name).stat().st_size > 10_000


def test_the_scanner_marks_the_best_setting(tmp_path: Path) -> None:
    report = STUDIES["condensation-scan"].load()(find_events(Path("data/events"), 0, 1), tmp_path)
    lines = report.splitlines()[2:]
    best = [line for line in lines if line.endswith("best")]
    assert len(best) == 1
    values = [sum(map(float, line.split()[2:4])) for line in lines]
    assert sum(map(float, best[0].split()[2:4])) == max(values)
