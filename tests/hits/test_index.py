"""The index of hits: every hit is found where it is, once, and layers know the range of their hits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.detector import Detector, trackml
from clew.event import Hits
from clew.hits.index import (
    N_COLUMNS,
    HitIndex,
    build_index,
    cell_span,
    cells_of,
    columns_of,
    in_columns,
    lower_bound,
    shift_for,
    without,
)

COLUMN = 2 * np.pi / N_COLUMNS


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return a detector of a cylinder of 72 mm and a disc at 600 mm."""
    return in_uniform_field(8, 11)


@pytest.fixture(scope="module")
def many(detector: Detector, hits_on: Callable[..., Hits]) -> Hits:
    """Return 900 hits all around the two layers, and 200 and 20 in two places, many at equal z/r."""
    rng = np.random.default_rng(2)
    phi, layer = rng.uniform(-np.pi, np.pi, 900), rng.integers(0, 2, 900)
    r = np.where(layer == 0, rng.uniform(70, 74, 900), rng.uniform(30, 176, 900))
    z = np.where(layer == 0, rng.uniform(-400, 400, 900), rng.uniform(598, 602, 900))
    around = np.stack([r * np.cos(phi), r * np.sin(phi), z, layer], axis=1)
    # cells of many and of few hits are sorted in two ways
    places = [(72.0, 0.5, z, 0) for z in rng.integers(-9, 9, 200)]
    places += [(-72.0, 0.5, z, 0) for z in rng.integers(-2, 2, 20)]
    return hits_on(detector, rng.permutation(np.concatenate([around, places])))


@pytest.fixture(scope="module")
def index(many: Hits) -> HitIndex:
    return build_index(many)


def seen(index: HitIndex, layer: int, phi: float, half: float, low: float, high: float) -> list[int]:
    """Return the rows of the hits that a search finds in a window, as often as it does."""
    found: list[int] = []
    columns = columns_of(phi, half)
    first, last = cells_of(index, columns)
    for cell in range(first, last + 1):
        begin, end = cell_span(index, layer, cell, low, high)
        found += [int(index.row[hit]) for hit in range(begin, end) if in_columns(index, hit, columns)]
    return found


def test_every_hit_is_found_in_its_own_window(index: HitIndex, many: Hits) -> None:
    for row in range(len(many)):
        phi, _, _, ratio = many.features[row].tolist()
        assert row in seen(index, many.layer_index[row], phi, 1e-6, ratio, ratio)


@settings(deadline=None)
@given(
    layer=st.integers(0, 1),
    phi=st.floats(-np.pi, np.pi),
    half=st.floats(0.0, 7.0),
    low=st.floats(-6.0, 20.0),
    width=st.floats(0.0, 20.0),
)
def test_a_window_holds_its_hits_once_and_none_that_are_far(
    index: HitIndex, many: Hits, layer: int, phi: float, half: float, low: float, width: float
) -> None:
    found = seen(index, layer, phi, half, low, low + width)
    own, _, _, ratio = many.features.T.astype(np.float64)
    away = np.abs((own - phi + np.pi) % (2 * np.pi) - np.pi)
    fits = (many.layer_index == layer) & (ratio >= low) & (ratio <= low + width)
    assert len(set(found)) == len(found)
    assert set(np.flatnonzero(fits & (away <= half)).tolist()) <= set(found)
    assert set(found) <= set(np.flatnonzero(fits & (away <= half + COLUMN * 1.001)).tolist())


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_windows_reach_over_the_end_of_the_turn(
    detector: Detector, hits_on: Callable[..., Hits], side: float
) -> None:
    phi = side * (np.pi - 0.01)
    index = build_index(hits_on(detector, [(72 * np.cos(phi), 72 * np.sin(phi), 0.0, 0)]))
    assert seen(index, 0, -phi, 0.05, -1.0, 1.0) == [0]
    assert seen(index, 0, -side * (np.pi - 0.1), 0.05, -1.0, 1.0) == []


def test_hits_at_the_very_end_of_the_turn_are_found(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    index = build_index(hits_on(detector, [(-72.0, 0.0, 0.0, 0), (-72.0, -0.0, 0.0, 0)]))
    assert sorted(seen(index, 0, np.pi, 0.01, -1.0, 1.0)) == [0, 1]


@pytest.mark.parametrize("phi", [-3.1, 0.0, 2.0])
@pytest.mark.parametrize("half", [np.pi, 3.2, 50.0])
def test_a_window_of_the_whole_turn_visits_each_column_once(phi: float, half: float) -> None:
    first, last = columns_of(phi, half)
    assert last - first + 1 == N_COLUMNS


@pytest.mark.parametrize("n_hits", [0, 100, 3_000, 120_000])
def test_cells_are_of_as_many_columns_as_hold_some_hits(n_hits: int) -> None:
    shift = shift_for(n_hits, 48)
    per_cell = n_hits / (48 * (N_COLUMNS >> shift))
    assert per_cell < 32 or shift == 0
    assert per_cell >= 16 or N_COLUMNS >> shift == 1


def test_columns_are_counted_from_minus_pi() -> None:
    assert columns_of(-np.pi + 0.5 * COLUMN, 0.0) == (0, 0)
    assert columns_of(-np.pi + 2.5 * COLUMN, COLUMN) == (1, 3)
    assert columns_of(-np.pi + 0.5 * COLUMN, COLUMN) == (-1, 1)


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(-1, 10))
def test_the_lower_bound_is_the_first_that_is_not_below(values: list[int], low: int) -> None:
    ratio = np.array([99.0, *sorted(values), -99.0])  # what is outside of the cell does not count
    assert lower_bound(ratio, 1, 1 + len(values), float(low)) == 1 + np.searchsorted(sorted(values), low)


def test_cells_are_sorted_by_ratio_equal_ones_by_azimuth(index: HitIndex, many: Hits) -> None:
    assert sorted(index.row.tolist()) == list(range(len(many)))
    assert (index.starts[0], index.starts[-1]) == (0, len(many))
    sizes = np.diff(index.starts)
    assert sizes.max() >= 200
    assert np.count_nonzero((sizes >= 20) & (sizes < 60)) >= 1
    for cell in np.flatnonzero(sizes):
        own = slice(index.starts[cell], index.starts[cell + 1])
        pairs = list(zip(index.ratio[own].tolist(), index.points["phi"][own].tolist(), strict=True))
        assert pairs == sorted(pairs)
        assert (many.layer_index[index.row[own]] == cell // (N_COLUMNS >> index.shift)).all()


def test_points_are_the_hits(index: HitIndex, many: Hits) -> None:
    for name in ("x", "y", "z", "phi", "r", "module"):
        np.testing.assert_array_equal(index.points[name], getattr(many, name)[index.row])
    np.testing.assert_array_equal(index.points["layer"], many.layer_index[index.row])
    np.testing.assert_array_equal(index.points["z_over_r"], many.features[index.row, 3])
    np.testing.assert_array_equal(index.ratio, index.points["z_over_r"])


def test_only_the_given_hits_on_known_layers_are_in_the_index(many: Hits) -> None:
    layer = many.layer.copy()
    layer[:50] = 99
    rows = np.arange(0, len(many), 3)
    index = build_index(replace(many, layer=layer), rows, max_background=0.25)
    assert sorted(index.row.tolist()) == rows[rows >= 50].tolist()
    assert (index.surfaces["max_background"] == 0.25).all()


def test_layers_know_range_and_density_of_their_hits(
    detector: Detector, hits_on: Callable[..., Hits]
) -> None:
    cylinder = [(70.0, 0.0, -100.0, 0), (0.0, 73.0, 20.0, 0), (-72.0, 0.0, 50.0, 0)]
    disc = [(40.0, 0.0, 598.0, 1), (0.0, -160.0, 603.0, 1)]
    surfaces = build_index(hits_on(detector, [*cylinder, *disc])).surfaces
    names, more = ("r_low", "r_high", "z_low", "z_high"), np.array([-0.01, 0.01, -0.01, 0.01])  # for rounding
    np.testing.assert_allclose([surfaces[0][name] for name in names], np.add([70, 73, -100, 50], more))
    np.testing.assert_allclose([surfaces[1][name] for name in names], np.add([40, 160, 598, 603], more))
    # of the whole layer, both ends of a cylinder of 72 mm
    low, high = detector.layers[0].reach
    assert surfaces[0].density == pytest.approx(3 / (2 * np.pi * 72.0 * 2 * (high - low)))
    # as many hits in each ring of r to twice r: hits per mm2 times r2
    low, high = detector.layers[1].reach
    assert surfaces[1].density == pytest.approx(2 / (2 * np.pi * np.log(high / low)))


def test_hits_in_one_place_make_a_layer_no_denser_than_hits_all_over(
    detector: Detector, hits_on: Callable[..., Hits]
) -> None:
    lone = build_index(hits_on(detector, [(72.0, 0.0, 5.0, 0), (50.0, 0.0, 600.0, 1)])).surfaces
    spread = [(72.0, 0.0, 300.0, 0), (-72.0, 0.0, -300.0, 0), (170.0, 0.0, 600.0, 1), (-40.0, 0.0, 600.0, 1)]
    both = build_index(hits_on(detector, spread)).surfaces
    np.testing.assert_allclose(2.0 * lone["density"], both["density"])


def test_layers_without_hits_have_no_range(detector: Detector, hits_on: Callable[..., Hits]) -> None:
    empty = build_index(hits_on(detector, [(72.0, 0.0, 5.0, 0)])).surfaces[1]
    assert (empty.density, empty.r_low, empty.r_high) == (0.0, np.inf, -np.inf)
    assert trackml().surfaces[11].r_low == np.inf  # an event's index leaves the detector as it is


def test_hits_that_are_taken_leave_the_index(index: HitIndex, many: Hits) -> None:
    taken = np.random.default_rng(1).random(len(many)) < 0.4
    left = without(index, taken)
    assert sorted(left.row.tolist()) == np.flatnonzero(~taken).tolist()
    for row in np.flatnonzero(~taken)[:100]:
        phi, _, _, ratio = many.features[row].tolist()
        assert row in seen(left, many.layer_index[row], phi, 1e-6, ratio, ratio)


@pytest.mark.parametrize(("n_hits", "shift"), [(10**6, 0), (512 * 16, 0), (512 * 16 - 1, 1), (9, 8)])
def test_columns_share_cells_where_hits_are_few(n_hits: int, shift: int) -> None:
    assert shift_for(n_hits, 2) == shift
