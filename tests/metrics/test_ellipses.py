"""Ellipses by part of the detector, by hand."""

from __future__ import annotations

import numpy as np

from clew.detector import trackml
from clew.metrics.ellipses import ellipse_table


def test_rates_are_those_of_each_part() -> None:
    layer = np.array([7, 7, 7, 7, 0], dtype=np.int32)  # four times the pixel barrel, one pixel disc
    inside = np.array([True, True, True, False, False])
    hits, own = np.array([1, 3, 2, 2, 0]), np.array([1, 2, 2, 0, 0])
    area = np.array([1.0, 2.0, 4.0, 9.0, np.nan])
    table = ellipse_table(trackml(), layer, inside, hits, own, area)
    barrel, discs, strips, whole = (
        table.parts.index(part) for part in ("pixel barrel", "pixel discs", "short strip barrel", "all")
    )
    assert table.steps[[barrel, discs, strips, whole]].tolist() == [4, 1, 0, 5]
    assert table.efficiency[[barrel, discs, whole]].tolist() == [0.75, 0.0, 0.6]
    assert table.purity[barrel] == 5 / 8
    assert table.area[barrel] == 3.0
    assert np.isnan([table.efficiency[strips], table.purity[discs], table.area[discs]]).all()
    assert "pixel barrel" in table.table()
    assert "0.7500" in table.table()
