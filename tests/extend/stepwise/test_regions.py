"""Regions, windows and scaling: which true tracks are taken, and in which numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.extend.stepwise.regions import RegionConfig, chosen_tracks
from clew.extend.stepwise.scaling import Scaling, ScalingName
from clew.extend.stepwise.windows import WINDOW, windows_along
from clew.tracks import NO_HIT
from clew.tracksets import Tracks


def test_everything_is_in_the_region_by_default(toy_tracks: Tracks) -> None:
    assert chosen_tracks(toy_tracks, RegionConfig()).tolist() == list(range(len(toy_tracks)))


def test_regions_share_the_tracks_by_eta(toy_tracks: Tracks) -> None:
    eta = np.abs(np.arcsinh(toy_tracks.momentum[:, 2] / toy_tracks.pt))
    parts = {name: chosen_tracks(toy_tracks, RegionConfig(eta=name)) for name in ("internal", "overlap")}
    assert (eta[parts["internal"]] < 1).all()
    assert ((eta[parts["overlap"]] >= 1) & (eta[parts["overlap"]] < 2)).all()
    assert sum(map(len, parts.values())) == np.count_nonzero(eta < 2)
    external = chosen_tracks(toy_tracks, RegionConfig(eta="external"))
    assert len(external) == np.count_nonzero((eta >= 2) & (eta < 3))


def test_cuts_hold_together(toy_tracks: Tracks) -> None:
    chosen = chosen_tracks(toy_tracks, RegionConfig(most_phi=1.0, least_pt=1.0, hits=10))
    assert 0 < len(chosen) < len(toy_tracks)
    phi = np.arctan2(toy_tracks.momentum[chosen, 1], toy_tracks.momentum[chosen, 0])
    assert (np.abs(phi) < 1.0).all()
    assert (toy_tracks.pt[chosen] > 1.0).all()
    assert (toy_tracks.lengths[chosen] == 10).all()


def test_windows_are_consecutive_hits_of_one_track(toy_tracks: Tracks) -> None:
    chosen = np.array([0, 3, 7])
    rows, following = windows_along(toy_tracks, chosen)
    assert len(rows) == np.maximum(toy_tracks.lengths[chosen] - WINDOW, 0).sum()
    owner = toy_tracks.owners
    assert (np.diff(rows, axis=1) == 1).all()
    assert (owner[rows] == owner[rows[:, :1]]).all()
    assert (following[:, 0] == rows[:, -1] + 1).all()
    there = following != NO_HIT
    assert (owner[following[there]] == np.broadcast_to(owner[rows[:, :1]], there.shape)[there]).all()
    last = toy_tracks.offsets[owner[rows[:, 0]] + 1] - 1
    assert (there.sum(axis=1) == np.minimum(last - rows[:, -1], WINDOW)).all()


def test_short_tracks_have_no_windows(toy_tracks: Tracks) -> None:
    short = toy_tracks.select(np.flatnonzero(toy_tracks.lengths <= WINDOW))
    assert len(windows_along(short, np.arange(len(short))).rows) == 0


def test_scalings_by_hand() -> None:
    values = np.array([[0.0, -1.0, 5.0], [4.0, 1.0, 5.0]])
    standard, limits = (Scaling.fit(name, values) for name in ("standard", "min-max"))
    assert standard.apply(values).tolist() == [[-1, -1, 0], [1, 1, 0]]
    assert limits.apply(values).tolist() == [[0, 0, 0], [1, 1, 0]]
    assert standard.widths(np.ones((1, 3), dtype=np.float32))[0, :2].tolist() == [2, 1]


@given(seed=st.integers(0, 10**6), name=st.sampled_from(["standard", "min-max"]))
@settings(max_examples=20, deadline=None)
def test_scaling_can_be_undone_and_survives_a_record(seed: int, name: ScalingName) -> None:
    values = np.random.default_rng(seed).normal(3, 100, (50, 3))
    scaling = Scaling.fit(name, values)
    assert Scaling(**scaling.write()) == scaling
    np.testing.assert_allclose(scaling.invert(scaling.apply(values)), values, atol=1e-3)
