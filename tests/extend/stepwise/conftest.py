"""True tracks of toy events, and networks of any weights."""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from clew.event import Event
from clew.tracksets import Tracks, tracks_of


@pytest.fixture(scope="session")
def toy(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(n_particles=150, seed=4, smear=0.01, noise=200)


@pytest.fixture(scope="session")
def toy_tracks(toy: Event) -> Tracks:
    return tracks_of(toy)


@pytest.fixture(scope="session")
def all_windows(toy_tracks: Tracks) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of four true hits, and the hits that follow each."""
    from clew.extend.stepwise.windows import windows_along

    return windows_along(toy_tracks, np.arange(len(toy_tracks)))
