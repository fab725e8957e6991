"""Which way the modules of discs point: along the radius at the centre of the module, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from clew.detector import Detector
from clew.event import Hits
from clew.hits.index import build_index
from clew.hits.rings import orient_modules

CYLINDER, NEAR, FAR = range(3)
INNER, OUTER = 2 * np.pi / 10, 2 * np.pi / 12  # spacing of the modules of the two rings


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return a cylinder and two discs of ten modules up to r = 100 mm and of twelve beyond."""
    whole = in_uniform_field(7, 11, 12)
    classes = {
        name: replace(kind, rings=((100.0, 10), (1e6, 12)) if name == "pixel endcap" else ())
        for name, kind in whole.classes.items()
    }
    return replace(whole, classes=classes)


def azimuths(
    detector: Detector, hits_on: Callable[..., Hits], rows: list[tuple[float, float, int, int]]
) -> np.ndarray:
    """Return the azimuth along which the strips of hits (r, phi, layer, module) lie."""
    places = [
        (r * np.cos(phi), r * np.sin(phi), (0.0, 600.0, 700.0)[layer], layer, module)
        for r, phi, layer, module in rows
    ]
    hits = hits_on(detector, places)
    index = build_index(hits)
    orient_modules(hits, index)
    found = np.empty(len(rows))
    found[index.row] = np.arctan2(index.points["axis_sin"], index.points["axis_cos"])
    lengths = np.hypot(index.points["axis_sin"], index.points["axis_cos"])
    np.testing.assert_allclose(lengths, 1.0)
    return found


def test_all_hits_of_a_module_lie_along_its_centre(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    centre = -np.pi + 6.5 * INNER
    rows = [(60.0, centre + 0.3, NEAR, 5), (70.0, centre - 0.1, NEAR, 5), (50.0, centre + 0.05, FAR, 5)]
    np.testing.assert_allclose(azimuths(detector, hits_on, rows), centre, atol=1e-6)


def test_rings_have_their_own_modules(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    rows = [(99.0, 2.5 * INNER - np.pi + 0.2, NEAR, 1), (101.0, 2.5 * OUTER - np.pi + 0.2, NEAR, 2)]
    expected = [2.5 * INNER - np.pi, 2.5 * OUTER - np.pi]
    np.testing.assert_allclose(azimuths(detector, hits_on, rows), expected, atol=1e-6)


def test_the_mean_of_a_modules_hits_tells_its_ring(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    phi = 2.5 * OUTER - np.pi
    rows = [(95.0, phi, NEAR, 3), (120.0, phi, NEAR, 3)]  # one module of the outer ring
    np.testing.assert_allclose(azimuths(detector, hits_on, rows), phi, atol=1e-6)


def test_the_mean_of_the_hits_at_the_end_of_the_turn_is_there(
    detector: Detector, hits_on: Callable[..., Hits]
) -> None:
    centre = np.pi - 0.5 * INNER
    rows = [(60.0, centre + 0.35, NEAR, 4), (60.0, centre - 0.3, NEAR, 4)]  # the first is beyond -pi
    np.testing.assert_allclose(azimuths(detector, hits_on, rows), centre, atol=1e-6)


def test_hits_on_cylinders_lie_along_their_own_azimuth(
    detector: Detector, hits_on: Callable[..., Hits]
) -> None:
    rows = [(32.0, 0.3, CYLINDER, 5), (32.0, -2.0, CYLINDER, 5)]
    np.testing.assert_allclose(azimuths(detector, hits_on, rows), [0.3, -2.0], atol=1e-6)


def test_discs_without_rings_lie_along_the_azimuth_of_the_hit(
    in_uniform_field: Callable[..., Detector], hits_on: Callable[..., Hits]
) -> None:
    whole = in_uniform_field(7, 11, 12)
    plain = replace(whole, classes={name: replace(kind, rings=()) for name, kind in whole.classes.items()})
    np.testing.assert_allclose(azimuths(plain, hits_on, [(60.0, 0.7, NEAR, 5)]), 0.7, atol=1e-6)
