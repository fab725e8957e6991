"""Presets side by side: what the table says is what each preset reaches on its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.errors import InputError
from clew.io import find_events
from clew.metrics import throughput_score
from clew.pipeline.comparison import ComparisonRow, compare_presets, comparison_table
from clew.pipeline.evaluation import evaluate_events
from clew.pipeline.preset import Preset
from clew.plots.comparison import draw_comparison

EVENTS = Path("data/events")


@pytest.mark.slow
def test_rows_are_what_presets_reach_alone(tmp_path: Path) -> None:
    preset, sources = Preset.load("clew"), find_events(EVENTS, 0, 2)
    told: list[None] = []
    (row,) = compare_presets([preset], sources, 1, lambda: told.append(None))
    alone = [report.scalars() for report in evaluate_events(sources, preset)]
    assert row.phase1 == pytest.approx(sum(one["phase1"] for one in alone) / 2)
    assert row.lhc == pytest.approx(sum(one["pt>0.9.lhc"] for one in alone) / 2)
    assert row.fake == pytest.approx(sum(one["tracks.fake"] for one in alone) / 2)
    assert row.throughput == pytest.approx(throughput_score(row.phase2, row.seconds))
    assert row.spread[0] <= row.seconds <= row.spread[1]
    assert row.memory > 0
    assert len(told) == 2 * len(sources)
    assert draw_comparison([row], tmp_path / "comparison.png").stat().st_size > 10_000


def test_the_best_preset_stands_first() -> None:
    rows = [
        ComparisonRow(name, phase1, 0.9, 0.9, 0.9, 0.9, 0.01, 1.0, (0.9, 1.1), 0.2, 1.0)
        for name, phase1 in (("worse", 0.5), ("better", 0.875))
    ]
    head, first, second, _ = comparison_table(rows).splitlines()
    assert head.split()[:3] == ["preset", "phase", "1"]
    assert first.split()[:2] == ["better", "0.8750"]
    assert second.split()[0] == "worse"


def test_events_without_truth_are_refused(tmp_path: Path) -> None:
    hits = next(EVENTS.glob("event000000001-hits.parquet"))
    (tmp_path / hits.name).write_bytes(hits.read_bytes())
    with pytest.raises(InputError, match="truth"):
        compare_presets([Preset.load("clew")], find_events(tmp_path), 1)
