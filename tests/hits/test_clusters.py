"""What the columns of a cluster tell of the track's slope, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clew.detector import ClusterSlopes, Detector
from clew.event import Cells, Hits
from clew.hits.clusters import slope_limits
from clew.hits.index import build_index

LIMITS = ClusterSlopes(least_per_column=0.4, least_off=0.1, most_per_column=0.5, most_off=0.2)
CYLINDER, DISC, STRIPS = range(3)


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return a pixel cylinder, a pixel disc and a cylinder of strips; both pixels' clusters tell as much."""
    whole = in_uniform_field(7, 11, 24)
    classes = {
        name: replace(kind, cluster=LIMITS if "pixel" in name else None)
        for name, kind in whole.classes.items()
    }
    return replace(whole, classes=classes)


def limits_of(
    detector: Detector, hits_on: Callable[..., Hits], layer: int, columns: list[list[int]]
) -> np.ndarray:
    """Return the limits of hits on a layer, given the columns along v of their cells."""
    r, z = ((32.0, 0.0), (60.0, 600.0), (260.0, 0.0))[layer]
    hits = hits_on(detector, [(r, 5.0 * k, z, layer) for k in range(len(columns))])
    offsets = np.cumsum([0, *map(len, columns)]).astype(np.int64)
    v = np.array([column for own in columns for column in own], dtype=np.int32)
    channel = np.stack([7 + 0 * v, v], axis=1)
    cells = Cells(offsets, channel, np.ones(len(v), dtype=np.float32))
    index = build_index(hits)
    found = np.empty((len(columns), 2))
    found[index.row] = slope_limits(replace(hits, cells=cells), index)
    return found


def test_clusters_of_a_cylinder_grow_with_the_slope(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    found = limits_of(detector, hits_on, CYLINDER, [[5], [5, 6], [9, 7, 8], [3, 3, 12]])
    least = np.array([0.0, 0.0, 0.4 * 1 - 0.1, 0.4 * 8 - 0.1])
    most = np.array([0.5 * 1 + 0.2, 0.5 * 2 + 0.2, 0.5 * 3 + 0.2, 0.5 * 10 + 0.2])
    np.testing.assert_allclose(found[:, 0], least, atol=1e-12)
    np.testing.assert_allclose(found[:, 1], most)


def test_clusters_of_a_disc_shrink_with_the_slope(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    found = limits_of(detector, hits_on, DISC, [[5], [9, 7, 8]])
    np.testing.assert_allclose(found[:, 0], [1 / 0.7, 1 / 1.7])
    np.testing.assert_allclose(found[:, 1], [1000, 1 / 0.3])


def test_other_layers_and_hits_without_cells_allow_any_slope(
    detector: Detector, hits_on: Callable[..., Hits]
) -> None:
    anything = [[0.0, 1000.0]] * 2
    np.testing.assert_allclose(limits_of(detector, hits_on, STRIPS, [[5], [9, 7, 8]]), anything)
    np.testing.assert_allclose(limits_of(detector, hits_on, CYLINDER, [[], []]), anything)


def test_an_event_without_cells_allows_any_slope(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    hits = hits_on(detector, [(32.0, 0.0, 0.0, CYLINDER)])
    np.testing.assert_allclose(slope_limits(hits, build_index(hits)), [[0.0, 1000.0]])
