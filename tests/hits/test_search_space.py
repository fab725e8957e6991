"""What a search reads of an event: where modules point, what clusters tell, and only free hits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clew.detector import trackml
from clew.event import Cells, Hits
from clew.hits.clusters import slope_limits
from clew.hits.index import build_index
from clew.hits.space import whole_space


def hits_at(r: list[float], phi: list[float], volume: int, module: list[int]) -> Hits:
    n = len(r)
    x, y = np.array(r) * np.cos(phi), np.array(r) * np.sin(phi)
    same = np.full(n, volume, dtype=np.int32)
    return Hits(
        np.arange(1, n + 1),
        x.astype(np.float32),
        y.astype(np.float32),
        np.full(n, 1500.0, dtype=np.float32),
        same,
        np.full(n, 4, dtype=np.int32),
        np.array(module, dtype=np.int32),
    )


def strip_azimuth(hits: Hits) -> np.ndarray:
    """Return where the strips of each hit's module point to."""
    space = whole_space(hits)
    azimuth = np.empty(len(hits))
    azimuth[space.row] = np.arctan2(space.points["axis_sin"], space.points["axis_cos"])
    return azimuth


def limits_of(hits: Hits) -> np.ndarray:
    """Return the slopes that each hit's cluster allows."""
    index = build_index(hits, np.arange(len(hits)))
    limits = np.empty((len(hits), 2))
    limits[index.row] = slope_limits(hits, index)
    return limits


@pytest.mark.parametrize(("volume", "r"), [(8, 116.0), (9, 60.0), (14, 470.0), (18, 828.0)])
def test_all_hits_of_a_module_share_its_axis(volume: int, r: float) -> None:
    found = strip_azimuth(hits_at([r, r + 5, r - 5], [0.7, -1.1, 2.0], volume, [7, 7, 7]))
    axes = trackml().axes
    assert axes is not None
    (layer,) = trackml().layer_index(np.array([volume], np.int32), np.array([4], np.int32))
    assert found == pytest.approx(np.arctan2(axes[layer, 7, 1], axes[layer, 7, 0]))


def test_hits_of_unknown_modules_keep_their_own_azimuth() -> None:
    hits = hits_at([32.0, 33.0], [0.3, -2.0], 8, [60_000, -1])
    assert strip_azimuth(hits) == pytest.approx([0.3, -2.0], abs=1e-6)


def test_long_clusters_mean_steep_tracks_in_a_barrel_and_flat_ones_in_a_disc() -> None:
    channel = np.array([(5, 10), (5, 11), (5, 12), (6, 12), (9, 3)], dtype=np.int32)
    cells = Cells(np.array([0, 4, 5]), channel, np.ones(5, dtype=np.float32))
    barrel = limits_of(replace(hits_at([32.0, 32.0], [0.0, 1.0], 8, [1, 1]), cells=cells))
    # three columns of 0.05625 mm: 0.36 - 0.08 and 3 * 0.375 + 0.08
    assert barrel[0] == pytest.approx([0.28, 1.205])
    assert barrel[1] == pytest.approx([0.0, 0.455])
    disc = limits_of(replace(hits_at([60.0, 60.0], [0.0, 1.0], 9, [1, 1]), cells=cells))
    assert disc[0, 1] < disc[1, 1]
    assert disc[0, 0] < disc[1, 0]


def test_without_cells_any_slope_is_allowed() -> None:
    low, high = limits_of(hits_at([32.0], [0.0], 8, [1]))[0]
    assert low <= 0.0
    assert high >= 1000.0
