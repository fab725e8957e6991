"""What a cluster gains for a direction, by hand: tables that favour one angle, modules at an angle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clew.detector import ClusterTables, Detector
from clew.detector.clusters import N_ANGLES, N_EXTENTS
from clew.event import Cells, Hits
from clew.hits.clusters import cluster_gain, shapes_of
from clew.hits.space import SearchSpace, whole_space

CYLINDER, DISC, OTHER = range(3)
AXIS = 0.5  # azimuth to which the modules point


def angle_bin(tangent: float) -> int:
    return int((tangent / (1 + abs(tangent)) + 1) * N_ANGLES / 2)


@pytest.fixture(scope="module")
def tables() -> ClusterTables:
    """Return random tables of the pixels."""
    rng = np.random.default_rng(4)
    shape = (2, N_EXTENTS)
    across, along = (rng.uniform(0.01, 1.0, (*shape, N_ANGLES)).astype(np.float32) for _ in range(2))
    noise_across, noise_along = (rng.uniform(0.01, 1.0, shape).astype(np.float32) for _ in range(2))
    return ClusterTables(("pixel endcap", "pixel barrel"), across, along, noise_across, noise_along)


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector], tables: ClusterTables) -> Detector:
    axes = np.tile([np.cos(AXIS), np.sin(AXIS)], (3, 2, 1))
    return replace(in_uniform_field(7, 11, 24), axes=axes, clusters=tables)


ROWS = [
    (32.0, 0.0, 48.0, CYLINDER),
    (60.0, 0.0, -600.0, DISC),
    (260.0, 0.0, 5.0, OTHER),
    (0, 32, -8, CYLINDER),
]
EXTENTS = ((2, 3), (4, 17), (2, 2))  # columns and rows of the first three; the last has no cells


def with_cells(hits: Hits) -> Hits:
    """Return the hits, the first three with clusters of two cells at the corners."""
    channel = [corner for u, v in EXTENTS for corner in ((10 + u - 1, 20), (10, 20 + v - 1))]
    offsets = np.array([0, 2, 4, 6, 6], dtype=np.int64)
    cells = Cells(offsets, np.array(channel, dtype=np.int32), np.ones(6, dtype=np.float32))
    return replace(hits, cells=cells)


@pytest.fixture(scope="module")
def space(detector: Detector, hits_on: Callable[..., Hits]) -> SearchSpace:
    return whole_space(with_cells(hits_on(detector, ROWS)))


def gain_of(space: SearchSpace, row: int, azimuth: float, slope: float) -> float:
    point: Any = space.points[np.flatnonzero(space.row == row)[0]]
    barrel = bool(space.surfaces[point.layer].barrel)
    return float(cluster_gain(space.shapes, point, barrel, (np.cos(azimuth), np.sin(azimuth)), slope))


@pytest.mark.parametrize("azimuth", [0.2, 0.5 + 1e-3, 1.1, -0.6])
@pytest.mark.parametrize("slope", [0.7, -1.9])
def test_the_gain_on_a_cylinder_by_hand(
    space: SearchSpace, tables: ClusterTables, azimuth: float, slope: float
) -> None:
    aside, outward = np.sin(azimuth - AXIS), np.cos(azimuth - AXIS)
    across = tables.across[1, 1, angle_bin(aside / outward)] / tables.noise_across[1, 1]
    along = tables.along[1, 2, angle_bin(slope / outward)]
    chance = 0.5 * tables.along[1, 2, angle_bin(48.0 / 32.0)] + 0.5 * tables.noise_along[1, 2]
    assert gain_of(space, 0, azimuth, slope) == pytest.approx(np.log(across * along / chance), abs=1e-5)


@pytest.mark.parametrize("azimuth", [0.2, 1.1, -0.6])
@pytest.mark.parametrize("slope", [2.5, -6.0])
def test_the_gain_on_a_disc_by_hand(
    space: SearchSpace, tables: ClusterTables, azimuth: float, slope: float
) -> None:
    aside, outward = np.sin(azimuth - AXIS), np.cos(azimuth - AXIS)
    across = tables.across[0, 3, angle_bin(aside / slope)] / tables.noise_across[0, 3]
    along = tables.along[0, 15, angle_bin(outward / slope)]
    chance = 0.5 * tables.along[0, 15, angle_bin(-60.0 / 600.0)] + 0.5 * tables.noise_along[0, 15]
    assert gain_of(space, 1, azimuth, slope) == pytest.approx(np.log(across * along / chance), abs=1e-5)


def test_a_table_that_favours_one_side_tells_it_from_the_other(space: SearchSpace) -> None:
    shapes = np.zeros_like(space.shapes)
    shapes[0, :, N_ANGLES // 2 :] = 2.0  # to the left of the module's axis
    favouring = space._replace(shapes=shapes)
    for row, slope in ((0, 0.5), (1, 0.5)):
        left, right = gain_of(favouring, row, AXIS + 0.3, slope), gain_of(favouring, row, AXIS - 0.3, slope)
        assert left - right == pytest.approx(2.0)
    left, right = gain_of(favouring, 1, AXIS + 0.3, -0.5), gain_of(favouring, 1, AXIS - 0.3, -0.5)
    assert right - left == pytest.approx(2.0)  # backwards, left and right are the other way round


def test_hits_without_cells_and_on_other_layers_gain_nothing(space: SearchSpace) -> None:
    for row in (2, 3):
        assert [gain_of(space, row, azimuth, 0.8) for azimuth in (0.0, 1.0, 2.0)] == [0.0] * 3


@pytest.mark.parametrize("what", ["tables", "cells"])
def test_without_tables_or_cells_no_hit_gains(
    detector: Detector, hits_on: Callable[..., Hits], what: str
) -> None:
    bare = replace(detector, clusters=None) if what == "tables" else detector
    hits = hits_on(bare, ROWS)
    space = whole_space(with_cells(hits) if what == "tables" else hits)
    assert [gain_of(space, row, 0.9, 0.8) for row in range(4)] == [0.0] * 4
    assert shapes_of(replace(detector, clusters=None)).shape == (2, 1, N_ANGLES)
