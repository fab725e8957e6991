"""The search space of free hits: its hits, their order, and the density of what is left, by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clew.detector import Detector
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.hits.index import N_COLUMNS
from clew.hits.space import SearchSpace, select_space, whole_space


@pytest.fixture(scope="module")
def hits(in_uniform_field: Callable[..., Detector], hits_on: Callable[..., Hits]) -> Hits:
    """Return 100 hits on the first of two cylinders and 40 on the second, not in order."""
    rng = np.random.default_rng(4)
    layer = rng.permutation(np.repeat([0, 1], [100, 40]))
    r, phi, z = np.where(layer == 0, 32.0, 72.0), rng.uniform(-3.1, 3.1, 140), rng.uniform(-300, 300, 140)
    rows = np.stack([r * np.cos(phi), r * np.sin(phi), z, layer, np.arange(140)], axis=1)
    return hits_on(in_uniform_field(7, 8), rows)


@pytest.fixture(scope="module")
def whole(hits: Hits) -> SearchSpace:
    return whole_space(hits)


def some(hits: Hits, layer: int, n: int) -> np.ndarray:
    """Return a mask of n hits of a layer."""
    mask = np.zeros(len(hits), dtype=np.bool_)
    mask[np.flatnonzero(hits.layer_index == layer)[:n]] = True
    return mask


def test_free_hits_are_sorted_and_keep_all_that_is_known(hits: Hits, whole: SearchSpace) -> None:
    free = np.random.default_rng(3).random(len(hits)) < 0.5
    space = select_space(whole, whole, free)
    assert space.shift > whole.shift  # fewer hits, fewer cells
    assert sorted(space.row.tolist()) == np.flatnonzero(free).tolist()
    of_row = np.argsort(whole.row)[space.row]
    np.testing.assert_array_equal(space.points, whole.points[of_row])
    np.testing.assert_array_equal(space.ratio, whole.ratio[of_row])
    np.testing.assert_array_equal(space.column, whole.column[of_row])
    np.testing.assert_array_equal(space.slopes, whole.slopes[of_row])
    assert (space.starts[0], space.starts[-1]) == (0, np.count_nonzero(free))
    cell = space.points["layer"] * (N_COLUMNS >> space.shift) + (space.column >> space.shift)
    np.testing.assert_array_equal(np.searchsorted(cell, np.arange(len(space.starts))), space.starts)
    for number in range(len(space.starts) - 1):
        assert (np.diff(space.ratio[space.starts[number] : space.starts[number + 1]]) >= 0).all()


def test_a_layer_is_as_much_emptier_as_hits_were_taken(hits: Hits, whole: SearchSpace) -> None:
    space = select_space(whole, whole, some(hits, 0, 30) | some(hits, 1, 10))
    before = whole.surfaces["density"].copy()
    assert space.surfaces["density"] == pytest.approx(before * (0.3, 0.25))
    for name in ("r_low", "r_high", "z_low", "z_high", "position"):
        np.testing.assert_array_equal(space.surfaces[name], whole.surfaces[name])
    assert whole.surfaces["density"] == pytest.approx(before)  # the whole space stays as it is


@pytest.mark.parametrize(("left", "share"), [(6, 0.06), (4, 0.05), (0, 0.05)])
def test_a_layer_counts_as_having_a_twentieth_of_its_hits_at_least(
    hits: Hits, whole: SearchSpace, left: int, share: float
) -> None:
    space = select_space(whole, whole, some(hits, 0, left) | some(hits, 1, 40))
    assert space.surfaces["density"] == pytest.approx(whole.surfaces["density"] * (share, 1.0))


def test_a_space_of_which_nothing_is_taken_is_itself(hits: Hits, whole: SearchSpace) -> None:
    assert select_space(whole, whole, np.ones(len(hits), dtype=np.bool_)) is whole


def test_densities_are_those_of_the_whole_event_thinned_once(hits: Hits, whole: SearchSpace) -> None:
    """Passes take hits one after the other; each space is thinned from the whole one."""
    after_one = FreeHits.of(hits).without(~(some(hits, 0, 50) | some(hits, 1, 40)))
    after_two = after_one.without(~(some(hits, 0, 20) | some(hits, 1, 40)))
    assert after_one.space.surfaces["density"] == pytest.approx(whole.surfaces["density"] * (0.5, 1.0))
    assert after_two.space.surfaces["density"] == pytest.approx(whole.surfaces["density"] * (0.2, 1.0))


def test_the_space_does_not_depend_on_the_order_of_the_hits(hits: Hits, whole: SearchSpace) -> None:
    order = np.random.default_rng(8).permutation(len(hits))
    other = whole_space(hits.select(order))
    np.testing.assert_array_equal(other.points, whole.points)
    np.testing.assert_array_equal(order[other.row], whole.row)
    np.testing.assert_array_equal(other.surfaces, whole.surfaces)
