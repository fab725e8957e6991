"""Labels from competing candidates: by hand, and what must hold for any candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.ensemble import METHODS
from clew.ensemble.competition import CompetitionConfig, CompetitionEnsemble
from clew.ensemble.merge import MergeConfig, MergeEnsemble
from clew.errors import ConfigError
from clew.event import Event, Hits
from clew.methods import build
from clew.stages import Ensemble
from clew.tracks import NO_HIT, Candidates

ENSEMBLES = {
    "competition": CompetitionEnsemble(CompetitionConfig()),
    "heuristic-merge": MergeEnsemble(MergeConfig(min_hits=3)),
}


def candidates(*rows: list[int]) -> Candidates:
    width = max(map(len, rows))
    return Candidates.from_rows(
        np.array([row + [NO_HIT] * (width - len(row)) for row in rows], dtype=np.int32)
    )


@pytest.fixture
def two_tracks() -> Hits:
    """Return hits 0 to 9 of one straight track through the barrels, 10 to 19 of another, 20 to 24 far off."""
    r = np.array([32.0, 72, 116, 172, 260, 360, 500, 660, 820, 1020])
    phi = np.concatenate([np.full(10, 0.1), np.full(10, 2.0), np.linspace(-3, -1, 5)])
    r = np.concatenate([r, r, r[[0, 4, 2, 8, 6]]])
    z = np.concatenate([r[:20] / 4, np.array([400.0, -300, 200, -100, 50])])
    volume = np.array([8, 8, 8, 8, 13, 13, 13, 13, 17, 17] * 2 + [8, 13, 8, 17, 13], dtype=np.int32)
    layer = np.array([2, 4, 6, 8, 2, 4, 6, 8, 2, 4] * 2 + [2, 2, 6, 2, 6], dtype=np.int32)
    x, y, z = (np.asarray(v, dtype=np.float32) for v in (r * np.cos(phi), r * np.sin(phi), z))
    return Hits(np.arange(1, 26), x, y, z, volume, layer, np.ones(25, dtype=np.int32))


def resolve(ensemble: Ensemble, hits: Hits, sets: list[Candidates]) -> np.ndarray:
    """Return the labels of a first pass."""
    return ensemble.resolve(hits, sets, np.zeros(len(hits), dtype=np.int32))


def groups(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels[labels > 0])}


def tracks(*rows) -> set[frozenset[int]]:
    return {frozenset(row) for row in rows}


@pytest.mark.parametrize("ensemble", ENSEMBLES.values(), ids=ENSEMBLES)
class TestBoth:
    def test_disjoint_candidates_all_stay(self, ensemble, two_tracks):
        sets = [candidates(list(range(10))), candidates(list(range(10, 20)))]
        assert groups(resolve(ensemble, two_tracks, sets)) == tracks(range(10), range(10, 20))

    def test_a_contained_candidate_vanishes(self, ensemble, two_tracks):
        sets = [candidates(list(range(10)), list(range(2, 7)))]
        assert groups(resolve(ensemble, two_tracks, sets)) == tracks(range(10))

    def test_candidates_that_share_most_hits_complete_each_other(self, ensemble, two_tracks):
        sets = [candidates(list(range(8))), candidates(list(range(3, 10)))]
        assert groups(resolve(ensemble, two_tracks, sets)) == tracks(range(10))

    def test_too_short_candidates_make_no_track(self, ensemble, two_tracks):
        assert not resolve(ensemble, two_tracks, [candidates([0, 1], [10, 11])]).any()

    def test_no_candidates_no_tracks(self, ensemble, two_tracks):
        for sets in ([], [Candidates.empty()], [Candidates.empty(3), Candidates.empty()]):
            assert not resolve(ensemble, two_tracks, sets).any()

    def test_earlier_tracks_are_kept_and_new_ones_follow(self, ensemble, two_tracks):
        labels = np.zeros(25, dtype=np.int32)
        labels[[0, 1, 2]], labels[[20, 21, 22]] = 1, 2
        before = labels.copy()
        after = ensemble.resolve(two_tracks, [candidates(list(range(3, 10)), list(range(10, 20)))], labels)
        np.testing.assert_array_equal(labels, before)
        assert (after[before > 0] == before[before > 0]).all()
        assert groups(np.where(before > 0, 0, after)) == tracks(range(3, 10), range(10, 20))
        assert set(after) == {0, 1, 2, 3, 4}
        assert after.dtype == np.int32

    def test_no_hits_no_labels(self, ensemble, two_tracks):
        nothing = Hits(
            *(
                getattr(two_tracks, name)[:0]
                for name in Hits.__dataclass_fields__
                if name not in ("cells", "detector")
            )
        )
        assert len(resolve(ensemble, nothing, [Candidates.empty()])) == 0

    def test_true_tracks_stay_as_they_are(self, ensemble, make_toy_event):
        event = make_toy_event(n_particles=80, seed=2, noise=50)
        truth = true_candidates(event)
        long = truth.select(truth.lengths >= 3)
        labels = resolve(ensemble, event.hits, [truth, Candidates.empty()])
        assert groups(labels) == groups(long.labels(len(event.hits)))

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=25, deadline=None)
    def test_labels_made_candidates_give_the_same_tracks(self, ensemble, make_toy_event, seed):
        event = make_toy_event(n_particles=30, seed=seed % 7, noise=30)
        labels = resolve(ensemble, event.hits, spoiled(event, seed))
        again = resolve(ensemble, event.hits, [Candidates.from_labels(labels, outwards(event))])
        assert groups(again) == groups(labels)

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=25, deadline=None)
    def test_labels_count_from_one_and_name_real_tracks(self, ensemble, make_toy_event, seed):
        event = make_toy_event(n_particles=30, seed=seed % 7, noise=30)
        sets = spoiled(event, seed)
        labels = resolve(ensemble, event.hits, sets)
        assert labels.shape == (len(event.hits),)
        assert labels.dtype == np.int32
        assert set(np.unique(labels)) - {0} == set(range(1, labels.max() + 1))
        assert (np.bincount(labels)[1:] >= 3).all()
        offered = np.concatenate([part.hits for part in sets])
        assert np.isin(np.flatnonzero(labels), offered).all()


def outwards(event: Event) -> np.ndarray:
    return np.argsort(np.hypot(event.hits.r, event.hits.z), kind="stable")


def true_candidates(event: Event) -> Candidates:
    assert event.truth is not None
    return Candidates.from_labels(event.truth.particle_id.astype(np.int32), outwards(event))


def spoiled(event: Event, seed: int) -> list[Candidates]:
    """Return two sets of true tracks with hits lost, exchanged for others, and tracks cut in two."""
    rng = np.random.default_rng(seed)
    truth = true_candidates(event)
    sets = []
    for _ in range(2):
        rows = []
        for i in range(len(truth)):
            row = np.where(rng.random(len(truth[i])) < 0.1, rng.integers(0, len(event.hits)), truth[i])
            row = row[np.sort(np.unique(row, return_index=True)[1])]
            row = row[rng.random(len(row)) > 0.1].tolist()
            cut = int(rng.integers(0, len(row) + 1)) if rng.random() < 0.3 else len(row)
            rows += [row[:cut], row[cut:]]
        sets.append(candidates(*rows))
    return sets


class TestCompetition:
    def test_the_longer_candidate_takes_a_shared_hit(self, two_tracks):
        sets = [candidates([9, 10, 11, 12, 13], list(range(10)))]
        labels = resolve(ENSEMBLES["competition"], two_tracks, sets)
        assert groups(labels) == tracks(range(10), range(10, 14))

    def test_the_smoother_of_equally_long_candidates_wins(self, two_tracks):
        rough, smooth = [20, 21, 22, 24, 13], [10, 11, 12, 14, 13]
        ensemble = CompetitionEnsemble(CompetitionConfig(min_hits=5))
        for sets in ([candidates(rough, smooth)], [candidates(smooth, rough)]):
            assert groups(resolve(ensemble, two_tracks, sets)) == tracks(smooth)

    def test_the_more_trusted_of_equals_wins(self, two_tracks):
        one, other = [0, 1, 2, 3, 4, 5], [5, 6, 7, 8, 9]
        ensemble = CompetitionEnsemble(CompetitionConfig(distrust=3.0, min_hits=5, complete=False))
        assert groups(resolve(ensemble, two_tracks, [candidates(one), candidates(other)])) == tracks(one)
        assert groups(resolve(ensemble, two_tracks, [candidates(other), candidates(one)])) == tracks(
            other, one[:5]
        )

    def test_a_loser_of_most_hits_makes_no_track(self, two_tracks):
        rest = [0, 1, 2, 3, 20, 21, 22]
        ensemble = CompetitionEnsemble(CompetitionConfig(max_lost=0.5, complete=False))
        assert groups(resolve(ensemble, two_tracks, [candidates(list(range(10)), rest)])) == tracks(range(10))
        ensemble = CompetitionEnsemble(CompetitionConfig(max_lost=0.6, complete=False))
        assert len(groups(resolve(ensemble, two_tracks, [candidates(list(range(10)), rest)]))) == 2

    def test_hits_far_off_do_not_complete_a_track(self, two_tracks):
        sets = [candidates(list(range(10))), candidates([2, 3, 4, 5, 6, 21, 23])]
        labels = resolve(ENSEMBLES["competition"], two_tracks, sets)
        assert groups(labels) == tracks(range(10))


class TestHeuristicMerge:
    def test_less_than_half_overlap_makes_a_new_track(self, two_tracks):
        # 3 of 8 hits are shared; both tracks have more than `overwrite_limit` hits.
        sets = [candidates(list(range(10))), candidates([7, 8, 9, 10, 11, 12, 13, 14])]
        labels = resolve(ENSEMBLES["heuristic-merge"], two_tracks, sets)
        assert groups(labels) == tracks(range(10), range(10, 15))

    def test_a_small_track_loses_its_hits_to_a_later_candidate(self, two_tracks):
        merge = MergeEnsemble(MergeConfig(min_hits=3, overwrite_limit=6))
        sets = [candidates([10, 11, 12, 13, 14]), candidates([0, 1, 2, 3, 4, 5, 13, 14])]
        assert groups(resolve(merge, two_tracks, sets)) == tracks([10, 11, 12], [0, 1, 2, 3, 4, 5, 13, 14])
        strict = MergeEnsemble(MergeConfig(min_hits=3, overwrite_limit=0))
        assert groups(resolve(strict, two_tracks, sets)) == tracks([10, 11, 12, 13, 14], range(6))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "competition", "min_hits": 0}, "min_hits"),
        ({"method": "competition", "max_lost": 1.5}, "max_lost"),
        ({"method": "competition", "limit": 1}, "unknown key 'limit'"),
        ({"method": "heuristic-merge", "min_hits": 0}, "min_hits"),
        ({"method": "vote"}, "unknown method 'vote'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        build(METHODS, settings, "preset test, [ensemble]")
