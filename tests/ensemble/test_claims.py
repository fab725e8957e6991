"""Claims: ranked candidates take what is free, by hand."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from clew.ensemble.claims import ClaimsConfig, ClaimsEnsemble
from clew.errors import ConfigError
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


@pytest.mark.parametrize("config", [ClaimsConfig(least_hits=0), ClaimsConfig(least_free=1.5)])
def test_impossible_settings_are_refused(config: ClaimsConfig) -> None:
    with pytest.raises(ConfigError, match="least_"):
        ClaimsEnsemble(config)
