from dataclasses import replace

import numpy as np
import pytest

from clew.errors import InputError
from clew.plots import draw_event
from clew.plots.event import compared, reconstructed


def test_draws_an_event_with_and_without_truth(make_toy_event, degraded, png_size, tmp_path):
    event = make_toy_event(40, noise=30)
    for name, chosen in (("truth", event), ("blind", replace(event, truth=None, particles=None))):
        path = tmp_path / f"{name}.png"
        assert draw_event(chosen, degraded(event), path) == path
        assert png_size(path) == (2100, 960)
    assert (tmp_path / "truth.png").read_bytes() != (tmp_path / "blind.png").read_bytes()


def test_draws_an_event_without_tracks_or_hits(make_toy_event, png_size, tmp_path):
    event = make_toy_event(3)
    for chosen in (event, replace(event, truth=None)):
        path = draw_event(chosen, np.zeros(len(event.hits), np.int32), tmp_path / "none.png")
        assert png_size(path) == (2100, 960)


def test_found_and_missed_are_told_apart(make_toy_event, degraded):
    event = make_toy_event(30, noise=10)
    scene = compared(event, degraded(event), event.truth, event.particles, 1000)
    counted = event.particles.n_hits >= 3
    missed = counted & (event.particles.particle_id % 3 == 0)
    assert len(scene.missed) == np.count_nonzero(missed)
    assert len(scene.found) == np.count_nonzero(counted & ~missed)
    assert np.count_nonzero(scene.faint) == 10
    assert f"{len(scene.found)} of {np.count_nonzero(counted)} particles found" in scene.title
    for k in range(len(scene.missed)):
        assert len(set(event.truth.particle_id[scene.missed[k]])) == 1


def test_draws_no_more_tracks_than_asked(make_toy_event, degraded):
    event = make_toy_event(30)
    scene = compared(event, degraded(event), event.truth, event.particles, 12)
    assert len(scene.found) + len(scene.missed) == 12
    assert "(12 particles drawn)" in scene.title
    assert len(reconstructed(event, degraded(event), 5).found) == 5


def test_labels_of_another_event_are_refused(make_toy_event, degraded, tmp_path):
    event = make_toy_event(5)
    with pytest.raises(InputError, match="labels"):
        draw_event(event, degraded(event)[:-1], tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []
