"""Pulls by part of the detector, by hand and on a simulated event."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.detector import trackml
from clew.io import find_events
from clew.metrics.pulls import PullTable, pull_table
from clew.pipeline.evaluation import evaluate_events
from clew.pipeline.preset import Preset


def test_widths_are_half_the_range_of_68_percent() -> None:
    rng = np.random.default_rng(2)
    layer = np.full(200_000, 7, dtype=np.int32)  # innermost of the pixel barrel
    table = pull_table(trackml(), layer, rng.normal(0.5, 2.0, len(layer)), rng.normal(0.0, 1.0, len(layer)))
    barrel, discs = table.parts.index("pixel barrel"), table.parts.index("pixel discs")
    (median, width, far), (_, along_width, along_far) = table.values[barrel]
    assert (median, width) == (pytest.approx(0.5, abs=0.03), pytest.approx(2.0, rel=0.02))
    assert far == pytest.approx(0.1056 + 0.0401, abs=0.005)  # beyond 1.25 and -1.75 deviations
    assert along_width == pytest.approx(1.0, rel=0.02)
    assert along_far == pytest.approx(0.0027, abs=0.0006)
    assert np.isnan(table.values[discs]).all()
    assert table.count[discs] == 0
    np.testing.assert_array_equal(table.values[table.parts.index("all")], table.values[barrel])
    assert PullTable.mean([table, table]).table() == table.table()


@pytest.mark.slow
def test_the_default_knows_its_errors_and_says_so() -> None:
    (report,) = evaluate_events(find_events(Path("data/events"), 2, 1), Preset.load("clew"))
    assert report.pulls is not None
    widths = report.pulls.values[report.pulls.parts.index("all"), :, 1]
    assert ((widths > 0.9) & (widths < 1.1)).all()


def test_what_no_event_shows_is_a_dash_and_the_mean_is_of_the_events_that_show_it() -> None:
    values = np.full((2, 2, 3), np.nan)
    one, other = values.copy(), values.copy()
    one[0], other[0, 0] = 1.0, 3.0
    tables = [PullTable(("inner", "outer"), shown, np.array([9.0, 0.0])) for shown in (one, other)]
    mean = PullTable.mean(tables)
    assert mean.values[0].tolist() == [[2.0] * 3, [1.0] * 3]
    _, inner, outer = mean.table().splitlines()
    assert inner.split() == ["inner", "9", *["2.000"] * 3, *["1.000"] * 3]
    assert outer.split() == ["outer", "0", *["-"] * 6]
