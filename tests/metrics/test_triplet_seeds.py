"""Seeds of three hits: two of them make a majority."""

import numpy as np

from clew.metrics.matching import NO_PARTICLE
from clew.metrics.seeds import seed_majorities
from clew.tracks import NO_HIT


def test_two_of_three_hits_make_a_majority():
    rows = np.array([0, 0, 0, 1, 1, NO_PARTICLE, 2])
    majority, count = seed_majorities(np.array([[0, 1, 2], [0, 3, 4], [0, 3, 6], [5, 5, 5]]), rows)
    assert majority.tolist() == [0, 1, NO_PARTICLE, NO_PARTICLE]
    assert count.tolist() == [3, 2, 1, 0]


def test_seeds_of_three_and_of_five_hits_may_stand_together():
    rows = np.array([0, 0, 0, 1, 1, NO_PARTICLE, 2])
    seeds = np.array([[0, 1, 3, NO_HIT, NO_HIT], [0, 1, 2, 3, 4], [0, 1, 3, 4, 5]])
    majority, count = seed_majorities(seeds, rows)
    assert majority.tolist() == [0, 0, NO_PARTICLE]
    assert count.tolist() == [2, 3, 2]
