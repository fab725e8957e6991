"""Seeds of toy events of ideal helices: all are found, and nothing else changes them."""

import numpy as np
import pytest

from clew.errors import ConfigError
from clew.event import Event, Hits
from clew.methods import build
from clew.seeding import METHODS
from clew.seeding.unrolled.seeder import PassConfig, UnrolledConfig, UnrolledSeeder
from clew.tracks import Seeds

SMALL = UnrolledConfig(passes=(PassConfig(radii=(3000.0, 1000.0, 600.0), eps=0.01),))


@pytest.fixture(scope="module")
def event(make_toy_event) -> Event:
    return make_toy_event(n_particles=80, seed=1, smear=0.02, noise=150)


@pytest.fixture(scope="module")
def seeds(event) -> Seeds:
    return UnrolledSeeder().find(event.hits)


def tracks(seeds: Seeds) -> set[frozenset[int]]:
    return {frozenset(seeds.found[i].tolist()) for i in range(len(seeds.found))}


def owners(event: Event, seeds: Seeds) -> np.ndarray:
    return event.truth.particle_id[seeds.hits]


def test_nearly_all_particles_have_a_perfect_seed(event, seeds):
    pid = owners(event, seeds)
    perfect = pid[(pid == pid[:, :1]).all(axis=1), 0]
    wanted = event.particles.particle_id[event.particles.n_hits >= 8]
    assert np.isin(wanted, perfect).mean() > 0.95
    assert len(perfect) >= 0.95 * len(seeds)
    assert len(np.unique(perfect)) == len(perfect)


def test_seeds_go_outwards(event, seeds):
    for row in seeds.hits:
        r, z = event.hits.r[row], event.hits.z[row]
        assert (np.diff(r) > -1).all() or (np.abs(np.diff(z)) > 1).all()
        assert r[0] < r[-1]


def test_a_quarter_turn_does_not_matter(event, seeds):
    h = event.hits
    turned = Hits(h.hit_id, -h.y, h.x, h.z, h.volume, h.layer, h.module)
    other = UnrolledSeeder().find(turned)
    assert tracks(other) == tracks(seeds)


def test_scikit_learn_gives_the_same_seeds(event):
    compiled = UnrolledSeeder(SMALL).find(event.hits)
    reference = UnrolledSeeder(UnrolledConfig(passes=SMALL.passes, clusterer="scikit-learn")).find(event.hits)
    assert len(compiled) > 10
    np.testing.assert_array_equal(compiled.hits, reference.hits)


def test_hdbscan_finds_tracks_too(event):
    found = UnrolledSeeder(UnrolledConfig(passes=SMALL.passes, clusterer="hdbscan")).find(event.hits)
    pid = owners(event, found)
    assert len(found) > 10
    assert (pid == pid[:, :1]).all(axis=1).mean() > 0.8


def test_a_preset_may_list_passes():
    settings = {"method": "unrolled", "passes": [{"radii": [500, 900], "eps": 0.004}, {"shifts": [-5, 5]}]}
    seeder = build(METHODS, settings, "test")
    assert [p.eps for p in seeder.config.passes] == [0.004, PassConfig().eps]
    with pytest.raises(ConfigError, match="clusterer"):
        build(METHODS, {"method": "unrolled", "clusterer": "k-means"}, "test")
