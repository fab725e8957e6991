"""Claims: ranked candidates take what is free, by hand."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from clew.ensemble.claims import ClaimsConfig, ClaimsEnsemble
from clew.event import Hits
from clew.tracks import Candidates

NONE = np.zeros(12, dtype=np.int32)


@pytest.fixture
def hits() -> Hits:
    zeros = np.zeros(12, dtype=np.float32)
    ints = np.zeros(12, dtype=np.int32)
    return Hits(np.arange(12), zeros, zeros, zeros, ints, ints, ints)


def ranked(*rows: list[int]) -> Candidates:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Candidates(np.array(list(chain(*rows)), dtype=np.int32), offsets)


def test_the_first_takes_its_hits_and_the_next_what_is_left(hits: Hits) -> None:
    ensemble = ClaimsEnsemble(ClaimsConfig(least_hits=3, least_free=0.6))
    labels = ensemble.resolve(hits, [ranked([0, 1, 2, 3], [3, 4, 5, 6], [1, 2, 7, 8, 9], [10, 11])], NONE)
    assert labels.tolist() == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0]


def test_a_candidate_that_lost_too_many_hits_makes_no_track(hits: Hits) -> None:
    ensemble = ClaimsEnsemble(ClaimsConfig(least_hits=3, least_free=0.8))
    labels = ensemble.resolve(hits, [ranked([0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9, 10])], NONE)
    assert labels.tolist() == [1, 1, 1, 1, 0, 0, 2, 2, 2, 2, 2, 0]


def test_without_candidates_no_hit_has_a_track(hits: Hits) -> None:
    assert not ClaimsEnsemble(ClaimsConfig()).resolve(hits, [], NONE).any()


@pytest.mark.parametrize(
    ("least_free", "labels"), [(0.75, [1, 1, 1, 1, 2, 2, 2]), (0.76, [1, 1, 1, 1, 0, 0, 0])]
)
def test_the_least_share_of_free_hits_is_enough(hits: Hits, least_free: float, labels: list[int]) -> None:
    ensemble = ClaimsEnsemble(ClaimsConfig(least_hits=2, least_free=least_free))
    found = ensemble.resolve(hits, [ranked([0, 1, 2, 3], [3, 4, 5, 6])], NONE)
    assert found[:7].tolist() == labels


@pytest.mark.parametrize(("least_hits", "labels"), [(3, [1, 1, 1, 1, 2, 2, 2]), (4, [1, 1, 1, 1, 0, 0, 0])])
def test_the_least_number_of_free_hits_is_enough(hits: Hits, least_hits: int, labels: list[int]) -> None:
    ensemble = ClaimsEnsemble(ClaimsConfig(least_hits=least_hits, least_free=0.5))
    found = ensemble.resolve(hits, [ranked([0, 1, 2, 3], [3, 4, 5, 6])], NONE)
    assert found[:7].tolist() == labels


def test_of_the_same_hits_the_candidate_that_comes_first_makes_the_track(hits: Hits) -> None:
    ensemble = ClaimsEnsemble(ClaimsConfig(least_hits=2, least_free=0.5))
    labels = ensemble.resolve(hits, [ranked([4, 5, 6], [4, 5, 6, 7]), ranked([6, 7, 8, 9])], NONE)
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0]


def test_what_a_refused_candidate_has_stays_free(hits: Hits) -> None:
    ensemble = ClaimsEnsemble(ClaimsConfig(least_hits=3, least_free=0.5))
    labels = ensemble.resolve(hits, [ranked([0, 1], [1, 2, 3], [0, 4])], NONE)
    assert labels.tolist() == [0, 1, 1, 1, *[0] * 8]


def test_earlier_passes_keep_their_hits_and_numbers(hits: Hits) -> None:
    before = NONE.copy()
    before[[2, 7]] = 5
    labels = ClaimsEnsemble(ClaimsConfig(least_hits=2)).resolve(hits, [ranked([0, 1], [3, 4])], before)
    assert labels.tolist() == [6, 6, 5, 7, 7, 0, 0, 5, 0, 0, 0, 0]
