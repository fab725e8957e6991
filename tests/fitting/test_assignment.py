"""One owner per hit: stealing by hand, and the properties of a stable matching."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.fitting.nearest.assignment import assign_hits
from clew.fitting.nearest.distances import DISTANCES
from clew.fitting.nearest.neighbours import nearest_hits
from clew.fitting.nearest.targets import TARGET
from clew.hits.index import build_index
from clew.tracks import NO_HIT

MANHATTAN = DISTANCES["manhattan"]


def targets_at(phi):
    targets = np.zeros(len(phi), dtype=TARGET)
    targets["phi"], targets["r"] = phi, 260.0
    return targets


def assign(hits, phi, k=1, maximum=1.0):
    index = build_index(hits, np.arange(len(hits)))
    barred = np.zeros((len(phi), 0), dtype=np.int32)
    return assign_hits(index, targets_at(phi), barred, MANHATTAN, k, maximum, len(hits)).tolist()


def test_a_closer_prediction_steals_the_hit_and_the_loser_goes_on(make_hits):
    hits = make_hits([(0.10, 260, 0, 13, 2), (0.15, 260, 0, 13, 2)])
    assert assign(hits, [0.11, 0.105]) == [1, 0]
    assert assign(hits, [0.105, 0.11]) == [0, 1]


def test_stealing_goes_on_in_a_chain(make_hits):
    # 0.4 is taken from 0.30 by 0.35; that loser takes 0.2 from 0.14; which ends up with 0.0.
    hits = make_hits([(0.0, 260, 0, 13, 2), (0.2, 260, 0, 13, 2), (0.4, 260, 0, 13, 2)])
    assert assign(hits, [0.09, 0.3001, 0.35]) == [0, 1, 2]


def test_a_loser_finds_nothing_beyond_the_maximum(make_hits):
    hits = make_hits([(0.10, 260, 0, 13, 2), (0.15, 260, 0, 13, 2)])
    assert assign(hits, [0.11, 0.105], maximum=0.03) == [NO_HIT, 0]


@given(
    seed=st.integers(0, 10**6), n_hits=st.integers(1, 25), n_targets=st.integers(1, 25), k=st.integers(1, 4)
)
@settings(max_examples=60, deadline=None)
def test_matching_is_that_of_ascending_distances(make_hits, seed, n_hits, n_targets, k):
    rng = np.random.default_rng(seed)
    hits = make_hits([(phi, 260, 0, 13, 2) for phi in rng.uniform(-3, 3, n_hits)])
    phi = rng.uniform(-3, 3, n_targets)
    index = build_index(hits, np.arange(n_hits))
    barred = np.zeros((n_targets, 0), dtype=np.int32)
    found, distances = nearest_hits(index, targets_at(phi), barred, MANHATTAN, n_hits, 1.0)
    expected, taken = np.full(n_targets, NO_HIT), set()
    for flat in np.argsort(distances, axis=None, kind="stable"):
        one, place = divmod(flat, n_hits)
        hit = found[one, place]
        if hit != NO_HIT and expected[one] == NO_HIT and hit not in taken:
            expected[one] = hit
            taken.add(hit)
    assert assign(hits, phi, k) == expected.tolist()
