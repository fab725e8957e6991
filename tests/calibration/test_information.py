"""What clusters tell, worked out by hand from a few of them."""

from __future__ import annotations

import numpy as np
import pytest

from clew.calibration import ClassInformation, ClusterCounts, information_of, information_table
from clew.detector import ClusterTables
from clew.detector.clusters import N_ANGLES, N_EXTENTS

STRAIGHT, STEEP = 64, 100


@pytest.fixture
def tables() -> ClusterTables:
    """Return tables of two classes: in the second, steep tracks leave extent 2 nine times out of ten."""
    even = np.full((2, N_EXTENTS, N_ANGLES), 1.0 / N_EXTENTS, dtype=np.float32)
    across, along = even.copy(), even.copy()
    for table in (across, along):
        table[1, 1, STEEP], table[1, 1, STRAIGHT] = 0.9, 0.1
    noise = np.full((2, N_EXTENTS), 1.0 / N_EXTENTS, dtype=np.float32)
    noise[1, 1] = 0.3
    return ClusterTables(("a", "b"), across, along, noise, noise)


@pytest.fixture
def counts() -> ClusterCounts:
    """Return six clusters of the second class, all of extent 2, four steep and two straight; and noise."""
    across, along = np.zeros((2, N_EXTENTS, N_ANGLES)), np.zeros((2, N_EXTENTS, N_ANGLES, N_ANGLES))
    across[1, 1, STEEP], across[1, 1, STRAIGHT] = 4, 2
    along[1, 1, STEEP, STRAIGHT], along[1, 1, STRAIGHT, STRAIGHT] = 4, 2
    noise = np.zeros((2, 2, N_EXTENTS))
    noise[:, 0, 3], noise[:, 1, 1] = 5, 7
    return ClusterCounts(across, along, noise)


def test_the_mean_gain_is_that_of_the_clusters_in_their_directions(
    counts: ClusterCounts, tables: ClusterTables
) -> None:
    none, some = information_of(counts, tables)
    assert (none.name, none.hits, none.noise) == ("a", 0, 5)
    assert np.isnan(none.both)
    assert (some.name, some.hits, some.noise) == ("b", 6, 7)
    assert some.across == pytest.approx((4 * np.log(0.9 / 0.3) + 2 * np.log(0.1 / 0.3)) / 6)
    # other hits there are half of tracks from the beam line, which are straight, and half noise
    assert some.along == pytest.approx((4 * np.log(0.9 / 0.2) + 2 * np.log(0.1 / 0.2)) / 6)
    assert some.both == some.across + some.along


def test_the_table_has_a_line_per_class_and_says_the_unit() -> None:
    rows = [
        ClassInformation("pixels", 12_345, 6, 0.5, 1.25),
        ClassInformation("strips", 0, 0, np.nan, np.nan),
    ]
    head, pixels, strips, legend = information_table(rows).splitlines()
    assert head.split() == ["class", "hits", "noise", "across", "along", "both"]
    assert pixels.split() == ["pixels", "12,345", "6", "0.50", "1.25", "1.75"]
    assert strips.split() == ["strips", "0", "0", "nan", "nan", "nan"]
    assert legend.endswith("nat")
