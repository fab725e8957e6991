"""The triplet seeder on toy events of ideal helices from anywhere along the beam line."""

from dataclasses import replace

import numpy as np
import pytest

from clew.detector import trackml
from clew.errors import ConfigError
from clew.event import Event, Hits
from clew.methods import build
from clew.seeding import METHODS
from clew.seeding.triplets.seeder import TripletConfig, TripletPass, TripletSeeder
from clew.tracks import Seeds

LAYERS = trackml().layers


def tracks(seeds: Seeds) -> set[frozenset[int]]:
    return {frozenset(seeds.found[i].tolist()) for i in range(len(seeds.found))}


@pytest.fixture(scope="module")
def event(make_toy_event) -> Event:
    return make_toy_event(n_particles=150, seed=3, smear=0.02, noise=400, sigma_z=60.0)


@pytest.fixture(scope="module")
def seeds(event) -> Seeds:
    return TripletSeeder().find(event.hits)


def test_all_particles_have_a_perfect_seed(event, seeds):
    pid = event.truth.particle_id[seeds.hits]
    perfect = pid[(pid == pid[:, :1]).all(axis=1), 0]
    wanted = event.particles.particle_id[
        (event.particles.n_hits >= 7) & (abs(event.particles.vertex[:, 2]) < 160)
    ]
    assert len(wanted) > 100
    assert np.isin(wanted, perfect).mean() > 0.97
    assert len(perfect) >= 0.97 * len(seeds)
    assert len(np.unique(perfect)) == len(perfect)


def test_most_tracks_are_followed_to_their_end(event, seeds):
    owner = event.truth.particle_id[seeds.hits[:, 0]]
    length = seeds.found.lengths[seeds.found.lengths >= 5]
    assert (length[owner > 0] >= event.particles.n_hits[owner[owner > 0] - 1] - 1).mean() > 0.9


def test_seeds_go_outwards(event, seeds):
    r = event.hits.r[seeds.hits]
    assert (np.diff(r, axis=1) > 0).all()


def test_a_track_has_at_most_one_hit_of_a_layer(event, seeds):
    for i in range(len(seeds.found)):
        layers = event.hits.layer_index[seeds.found[i]]
        assert len(np.unique(layers)) == len(layers)


def test_the_mirrored_event_has_the_mirrored_seeds(event, seeds):
    mirrored = replace(event.hits, y=-event.hits.y)
    other = TripletSeeder().find(mirrored)
    assert tracks(other) == tracks(seeds)


def test_hits_taken_by_an_earlier_pass_are_gone_for_the_later(event):
    once = TripletConfig(passes=(TripletPass(0.3),))
    twice = TripletConfig(passes=(TripletPass(0.3), TripletPass(0.3)))
    first, both = TripletSeeder(once).find(event.hits), TripletSeeder(twice).find(event.hits)
    np.testing.assert_array_equal(both.hits[: len(first)], first.hits)
    assert len(np.unique(both.found.hits)) == len(both.found.hits)


def test_passes_leave_soft_tracks_to_later_ones(event):
    seeds = TripletSeeder(TripletConfig(passes=(TripletPass(1.0, ("pixel",)),))).find(event.hits)
    owner = event.truth.particle_id[seeds.hits[:, 0]]
    assert len(owner) > 20
    assert (event.particles.pt[owner[owner > 0] - 1] > 0.9).all()


def test_layers_follow_each_other_outwards():
    direct, skipping = trackml().following(0), trackml().following(1)
    assert direct.shape[0] == skipping.shape[0] == len(LAYERS)
    assert 8 in direct[7]
    assert 9 not in direct[7]
    assert 9 in skipping[7]
    for number, followers in enumerate(skipping):
        for other in followers[followers >= 0]:
            if LAYERS[number].barrel and LAYERS[other].barrel:
                assert LAYERS[other].position > LAYERS[number].position


def test_a_preset_may_list_passes():
    settings = {
        "method": "triplets",
        "passes": [{"least_pt": 0.4, "first_layers": ["pixel barrel 1-2"]}, {"least_pt": 0.2}],
    }
    seeder = build(METHODS, settings, "test")
    assert [p.least_pt for p in seeder.config.passes] == [0.4, 0.2]
    with pytest.raises(ConfigError, match="least_pt"):
        build(METHODS, {"method": "triplets", "passes": [{}]}, "test")


def test_unknown_first_layers_are_refused(event):
    seeder = TripletSeeder(TripletConfig(passes=(TripletPass(0.3, ("pixels barrel",)),)))
    with pytest.raises(ConfigError, match="pixels barrel"):
        seeder.find(event.hits)


def test_second_hits_of_overlapping_modules_join_the_track():
    """A straight track through the barrel leaves two hits, 1 mm apart, on the second and the third layer."""
    barrel = [number for number, layer in enumerate(LAYERS) if layer.barrel]
    radii = np.array([LAYERS[number].position for number in barrel])
    number = np.array([*barrel, 8, 9])
    r = np.concatenate([radii, radii[[1, 2]] + (-1.0, 1.0)])
    x, y, z = (np.float32(r * factor) for factor in (0.6, 0.8, 0.5))
    volume = np.array([LAYERS[k].volume for k in number], dtype=np.int32)
    layer = np.array([LAYERS[k].layer for k in number], dtype=np.int32)
    module = np.where(np.arange(len(r)) < len(barrel), 1, 2).astype(np.int32)
    hits = Hits(np.arange(len(r)), x, y, z, volume, layer, module)
    seeds = TripletSeeder().find(hits)
    assert len(seeds.found) == 1
    np.testing.assert_array_equal(seeds.found[0], np.argsort(r))
    alone = TripletSeeder().find(replace(hits, module=np.ones_like(module)))
    assert len(alone.found[0]) == len(barrel)


def test_a_narrow_beam_spot_leaves_the_same_prompt_tracks(make_toy_event):
    event = make_toy_event(n_particles=400, seed=5, smear=0.02, sigma_z=5.5)
    narrow = TripletSeeder().find(event.hits)
    wide = TripletSeeder(TripletConfig(z0_margin=1000.0)).find(event.hits)
    both = tracks(narrow) & tracks(wide)
    assert len(both) > 0.97 * len(wide.found)
