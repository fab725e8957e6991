"""What holds for the seeds of every seeder, whatever its method."""

from collections.abc import Iterator

import numba
import numpy as np
import pytest

from clew.event import Event, Hits
from clew.hits.free import FreeHits
from clew.seeding.condensation.seeder import CondensationSeeder
from clew.seeding.graph.seeder import GraphSeeder
from clew.seeding.triplets.seeder import TripletSeeder
from clew.seeding.unrolled.seeder import UnrolledSeeder
from clew.tracks import Candidates, Seeds


def rearranged(hits: Hits, rows: np.ndarray) -> Hits:
    names = ("hit_id", "x", "y", "z", "volume", "layer", "module")
    return Hits(*(getattr(hits, name)[rows] for name in names))


def partition(seeds: Seeds, rows: np.ndarray) -> set[frozenset[int]]:
    """Return the found tracks as sets of hits; `rows` names the event's hits."""
    return {frozenset(rows[seeds.found[i]].tolist()) for i in range(len(seeds.found))}


@pytest.fixture(scope="module")
def event(make_toy_event) -> Event:
    return make_toy_event(n_particles=80, seed=1, smear=0.02, noise=150)


@pytest.fixture(scope="module", params=[UnrolledSeeder, TripletSeeder, GraphSeeder, CondensationSeeder])
def seeder(request):
    return request.param()


@pytest.fixture(scope="module")
def seeds(seeder, event) -> Seeds:
    return seeder.find(event.hits)


@pytest.fixture
def all_threads() -> Iterator[None]:
    threads = numba.get_num_threads()
    yield
    numba.set_num_threads(threads)


def test_found_tracks_start_with_the_seeds_and_share_no_hit(seeds):
    assert len(np.unique(seeds.found.hits)) == len(seeds.found.hits)
    assert seeds.found.lengths.min() >= 3
    np.testing.assert_array_equal(seeds.found.select(seeds.found.lengths >= 5).head(5), seeds.hits)


def test_noise_alone_gives_hardly_any_seed(seeder, make_toy_event):
    event = make_toy_event(n_particles=1, seed=2, noise=1500)
    assert len(seeder.find(event.hits)) <= 3


def test_the_order_of_hits_does_not_matter(seeder, event, seeds):
    rows = np.random.default_rng(0).permutation(len(event.hits))
    other = seeder.find(rearranged(event.hits, rows))
    assert partition(other, rows) == partition(seeds, np.arange(len(rows)))


@pytest.mark.usefixtures("all_threads")
def test_the_number_of_threads_does_not_matter(seeder, event, seeds):
    for threads in {1, min(2, numba.config.NUMBA_NUM_THREADS)}:
        numba.set_num_threads(threads)
        other = seeder.find(event.hits)
        np.testing.assert_array_equal(other.hits, seeds.hits)
        np.testing.assert_array_equal(other.found.hits, seeds.found.hits)
        np.testing.assert_array_equal(other.found.offsets, seeds.found.offsets)


def test_only_free_hits_are_searched(seeder, event, seeds):
    everything = seeder.seed(event.hits, FreeHits.of(event.hits), Candidates.empty())
    np.testing.assert_array_equal(everything.found.hits, seeds.found.hits)
    taken = np.random.default_rng(1).random(len(event.hits)) < 0.3
    taken[seeds.hits[::2]] = True
    free = FreeHits.of(event.hits).without(taken)
    left = np.flatnonzero(free.mask)
    some = seeder.seed(event.hits, free, Candidates.empty())
    assert len(some.hits)
    assert free.mask[some.hits].all()
    assert partition(some, np.arange(len(event.hits))) == partition(
        seeder.find(rearranged(event.hits, left)), left
    )
    none = seeder.seed(event.hits, free.without(free.mask), Candidates.empty())
    assert none.hits.shape == (0, 5)


def test_no_hits_no_seeds(seeder, event):
    nothing = seeder.find(rearranged(event.hits, np.zeros(0, dtype=np.int64)))
    assert nothing.hits.shape == (0, 5)
    assert nothing.hits.dtype == np.int32
    assert len(nothing.found) == 0
