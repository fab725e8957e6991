"""Which way modules point: as the detector's table says, else along the azimuth of each hit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clew.detector import Detector
from clew.event import Hits
from clew.hits.axes import orient_modules
from clew.hits.index import build_index

CYLINDER, DISC = range(2)
Rows = list[tuple[float, float, int, int]]


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return a cylinder and a disc; modules 1 of both and 3 of the disc are known."""
    axes = np.full((2, 4, 2), np.nan)
    for layer, module, azimuth in ((CYLINDER, 1, 0.5), (DISC, 1, -2.0), (DISC, 3, 1.0)):
        axes[layer, module] = np.cos(azimuth), np.sin(azimuth)
    return replace(in_uniform_field(7, 11), axes=axes)


@pytest.fixture(scope="module")
def azimuths(detector: Detector, hits_on: Callable[..., Hits]) -> Callable[..., np.ndarray]:
    """Return a function that tells where the modules of hits (r, phi, layer, module) point."""

    def find(rows: Rows, known: bool = True) -> np.ndarray:
        chosen = detector if known else replace(detector, axes=None)
        places = [
            (r * np.cos(phi), r * np.sin(phi), (0.0, 600.0)[layer], layer, module)
            for r, phi, layer, module in rows
        ]
        index = build_index(hits_on(chosen, places))
        orient_modules(hits_on(chosen, places), index)
        cos, sin = index.points["axis_cos"], index.points["axis_sin"]
        np.testing.assert_allclose(np.hypot(cos, sin), 1.0)
        found = np.empty(len(rows))
        found[index.row] = np.arctan2(sin, cos)
        return found

    return find


def test_all_hits_of_a_module_point_as_the_table_says(azimuths: Callable[..., np.ndarray]) -> None:
    rows = [(32.0, 0.3, CYLINDER, 1), (33.0, 2.8, CYLINDER, 1), (60.0, 0.1, DISC, 1), (90.0, 0.1, DISC, 3)]
    assert azimuths(rows) == pytest.approx([0.5, 0.5, -2.0, 1.0])


@pytest.mark.parametrize("module", [2, 0, 4, 1000, -1, -3])
def test_hits_of_unknown_modules_keep_their_own_azimuth(
    azimuths: Callable[..., np.ndarray], module: int
) -> None:
    rows = [(32.0, 0.3, CYLINDER, module), (60.0, -1.7, DISC, module), (60.0, 3.0, DISC, module)]
    assert azimuths(rows) == pytest.approx([0.3, -1.7, 3.0], abs=1e-6)


def test_a_table_tells_nothing_of_the_same_module_of_another_layer(
    azimuths: Callable[..., np.ndarray],
) -> None:
    assert azimuths([(32.0, 0.3, CYLINDER, 3)]) == pytest.approx([0.3], abs=1e-6)


def test_without_a_table_hits_keep_their_own_azimuth(azimuths: Callable[..., np.ndarray]) -> None:
    rows = [(32.0, 0.3, CYLINDER, 1), (60.0, -1.7, DISC, 3)]
    assert azimuths(rows, known=False) == pytest.approx([0.3, -1.7], abs=1e-6)
