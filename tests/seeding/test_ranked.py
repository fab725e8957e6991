"""The ranked triplet seeder on toy events of ideal helices, and where it thinks collisions are."""

from __future__ import annotations

import numpy as np
import pytest

from clew.event import Event
from clew.hits.free import FreeHits
from clew.seeding.luminous import luminous_reach
from clew.seeding.ranked.seeder import RankedTripletConfig, RankedTripletSeeder
from clew.tracks import Candidates, Seeds


@pytest.fixture(scope="module")
def event(make_toy_event) -> Event:
    return make_toy_event(n_particles=150, seed=3, smear=0.02, noise=400, sigma_z=60.0)


def seeded(event: Event, found: Candidates | None = None, **settings: object) -> Seeds:
    seeder = RankedTripletSeeder(RankedTripletConfig(**settings))
    return seeder.seed(event.hits, FreeHits.of(event.hits), found or Candidates.empty())


def true_candidates(event: Event) -> Candidates:
    distance = np.hypot(event.hits.r, event.hits.z)
    return Candidates.from_labels(event.truth.particle_id.astype(np.int32), np.argsort(distance))


def test_nearly_all_tracks_have_a_true_seed(event):
    seeds = seeded(event)
    pid = event.truth.particle_id[seeds.hits]
    true = pid[(pid == pid[:, :1]).all(axis=1) & (pid[:, 0] > 0), 0]
    innermost = event.truth.particle_id[event.hits.layer_index == 7]
    wanted = event.particles.particle_id[event.particles.n_hits >= 7]
    assert np.isin(np.intersect1d(wanted, innermost), true).mean() > 0.95


def test_triplets_of_one_hit_stand_together_the_likeliest_first(event):
    seeds = seeded(event, width=4)
    first, sizes = np.unique(seeds.hits[:, 0], return_counts=True)
    assert sizes.max() <= 4
    assert np.count_nonzero(np.diff(seeds.hits[:, 0])) == len(first) - 1
    same = np.diff(seeds.hits[:, 0]) == 0
    assert (np.diff(seeds.gains)[same] <= 0).all()


def test_seeds_begin_on_the_first_layers_and_are_of_free_hits(event):
    free = FreeHits.of(event.hits).without(event.hits.layer_index == 9)
    seeder = RankedTripletSeeder(RankedTripletConfig(first_layers=("pixel barrel 2",), least_hits=4))
    seeds = seeder.seed(event.hits, free, Candidates.empty())
    assert (event.hits.layer_index[seeds.hits[:, 0]] == 8).all()
    assert free.mask[seeds.hits].all()
    assert seeds.least_hits == 4


def test_luminous_passes_look_only_where_tracks_began(event, make_toy_event):
    short = make_toy_event(n_particles=150, seed=4, sigma_z=5.0)
    assert luminous_reach(short.hits, true_candidates(short)) < 20.0
    tracks = true_candidates(event)
    assert 80.0 < luminous_reach(event.hits, tracks) < 250.0
    assert luminous_reach(event.hits, Candidates.empty()) == np.inf
    near = seeded(short, true_candidates(short), luminous=True)
    assert len(near) <= len(seeded(short))
