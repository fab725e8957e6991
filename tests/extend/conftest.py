"""Tracks whose course is known by hand, and a tiny trained network."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest

from clew.detector import trackml
from clew.event import Event, Hits

LAYERS = trackml().layers
CIRCLE_RADIUS = 1000.0
BARREL_RADII = (32.0, 72.0, 116.0, 172.0, 260.0, 360.0, 500.0, 660.0, 820.0, 1020.0)


def circle_phi(r: float, radius: float = CIRCLE_RADIUS) -> float:
    """Return the azimuth at distance r of a circle through the origin that starts along +x and turns left."""
    return float(np.arcsin(r / (2 * radius)))


def put_on_layers(points: np.ndarray, layers: list[int]) -> Hits:
    """Put points (x, y, z) on layers, given by dense index, into Hits."""
    x, y, z = np.ascontiguousarray(np.asarray(points, dtype=np.float32).T)
    chosen = [trackml().layers[k] for k in layers]
    volume = np.array([one.volume for one in chosen], dtype=np.int32)
    layer = np.array([one.layer for one in chosen], dtype=np.int32)
    ids = np.arange(1, len(x) + 1, dtype=np.int64)
    return Hits(ids, x, y, z, volume, layer, np.ones(len(x), dtype=np.int32))


@pytest.fixture(scope="session")
def hits_at() -> Callable[..., Hits]:
    return put_on_layers


@pytest.fixture
def circle_hits() -> Hits:
    """Ten hits, one per barrel layer, of a circle of radius 1000 mm in the plane z = 0."""
    phi = np.array([circle_phi(r) for r in BARREL_RADII])
    r = np.array(BARREL_RADII)
    layers = np.flatnonzero(trackml().barrel).tolist()
    return put_on_layers(np.stack([r * np.cos(phi), r * np.sin(phi), 0 * r], axis=1), layers)


@pytest.fixture(scope="session")
def toy(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(n_particles=40, seed=3, smear=0.03)


@pytest.fixture(scope="session")
def toy_windows(toy: Event) -> np.ndarray:
    """Windows of true tracks of the toy event, both ways, by rows of its hits."""
    from clew.extend.windows.targets import true_windows
    from clew.tracksets import tracks_of

    tracks = tracks_of(toy)
    windows = true_windows(tracks, np.random.default_rng(0), 6, 0.0)[0]
    return (tracks.hits.hit_id[windows] - toy.hits.hit_id[0]).astype(np.int32)


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that writes random weights of a network and returns their path."""
    from clew.extend.windows.records import weight_shapes
    from clew.networks.records import save_arrays

    folder = tmp_path_factory.mktemp("weights")

    def make(network: str) -> Path:
        rng = np.random.default_rng(5)
        arrays = [rng.normal(0, 0.2, shape).astype(np.float32) for shape in weight_shapes(network, "helix")]
        about = {"network": network, "prompt": "helix"}
        save_arrays(folder / f"{network}.npz", arrays, about)
        return folder / f"{network}.npz"

    return make
