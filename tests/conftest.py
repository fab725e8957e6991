"""Fixtures that several stages' tests share: a toy event of ideal helices with its truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clew.detector import Detector, Layer, Solenoid, trackml
from clew.event import Event, Hits, Particles, Truth
from clew.hits.index import HIT_POINT
from clew.records import new_record

PLAIN_PRESET = """
[seeding]
method = "unrolled"

[[extend]]
method = "helix"

[fitting]
method = "nearest"

[ensemble]
method = "competition"
"""

LAYERS = trackml().layers
MAGNETIC_FIELD = 2.0  # T
MM_PER_GEV = 1000.0 / (0.3 * MAGNETIC_FIELD)  # helix radius in mm of one GeV of pT


def crossings(pt: float, phi: float, cot: float, charge: int, z0: float) -> list[tuple[float, ...]]:
    """Return (path, x, y, z, volume, layer) of an ideal helix from (0, 0, z0) at every layer."""
    radius = MM_PER_GEV * pt
    found = []
    for layer in LAYERS:
        alpha = turning_angle(layer, radius, cot, z0)
        if alpha is None:
            continue
        chord = 2 * radius * np.sin(alpha / 2)
        direction = phi - charge * alpha / 2
        z = z0 + radius * alpha * cot
        reach = abs(z) if layer.barrel else chord
        if layer.reach[0] <= reach <= layer.reach[1]:
            x, y = chord * np.cos(direction), chord * np.sin(direction)
            found.append((radius * alpha, x, y, z, layer.volume, layer.layer))
    return sorted(found)


def turning_angle(layer: Layer, radius: float, cot: float, z0: float) -> float | None:
    """Return how far the helix has turned, in (0, pi), where it meets the layer first."""
    if layer.barrel:
        half = layer.position / (2 * radius)
        return None if half >= 1 else 2 * float(np.arcsin(half))
    alpha = (layer.position - z0) / (radius * cot) if cot else 0.0
    return alpha if 0 < alpha < np.pi else None


@pytest.fixture(scope="session")
def plain_preset() -> str:
    """Return the TOML text of a preset that leaves all settings at their defaults."""
    return PLAIN_PRESET


@pytest.fixture(scope="session")
def make_toy_event() -> Callable[..., Event]:
    """Return a function that makes an event of ideal helices from the beam line, with or without noise."""

    def make(
        n_particles: int = 60, seed: int = 0, smear: float = 0.0, noise: int = 0, sigma_z: float = 5.5
    ) -> Event:
        rng = np.random.default_rng(seed)
        rows, owner, particles = [], [], []
        for number in range(1, n_particles + 1):
            pt = float(np.exp(rng.uniform(np.log(0.4), np.log(5.0))))
            phi, eta = rng.uniform(-np.pi, np.pi), rng.uniform(-2.5, 2.5)
            charge, z0 = int(rng.choice((-1, 1))), rng.normal(0, sigma_z)
            hits = crossings(pt, phi, float(np.sinh(eta)), charge, z0)
            rows += hits
            owner += [number] * len(hits)
            momentum = (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta))
            particles.append((number, 0.0, 0.0, z0, *momentum, charge, len(hits)))
        for _ in range(noise):
            layer = LAYERS[rng.integers(len(LAYERS))]
            across, phi = rng.uniform(*layer.reach), rng.uniform(-np.pi, np.pi)
            r, z = (layer.position, across) if layer.barrel else (across, layer.position)
            rows.append((0.0, r * np.cos(phi), r * np.sin(phi), z, layer.volume, layer.layer))
            owner.append(0)
        order = rng.permutation(len(rows))
        table = np.array(rows)[order]
        return toy_event(table, np.array(owner, dtype=np.int64)[order], np.array(particles), rng, smear)

    return make


def toy_event(
    table: np.ndarray, owner: np.ndarray, particles: np.ndarray, rng: np.random.Generator, smear: float
) -> Event:
    """Put crossings and particles into an Event whose hits are smeared by `smear` mm."""
    measured = (table[:, 1:4] + rng.normal(0, smear, (len(table), 3))).astype(np.float32)
    ids = np.arange(1, len(table) + 1, dtype=np.int64)
    module = np.ones(len(table), dtype=np.int32)
    volume, layer = table[:, 4].astype(np.int32), table[:, 5].astype(np.int32)
    hits = Hits(ids, *np.ascontiguousarray(measured.T), volume, layer, module)
    weight = (owner > 0) / max(1, np.count_nonzero(owner))
    truth = Truth(owner, table[:, 1:4].astype(np.float32), np.zeros((len(table), 3), np.float32), weight)
    return Event(
        1,
        hits,
        Particles(
            particles[:, 0].astype(np.int64),
            particles[:, 1:4].astype(np.float32),
            particles[:, 4:7].astype(np.float32),
            particles[:, 7].astype(np.int32),
            particles[:, 8].astype(np.int32),
        ),
        truth,
    )


@pytest.fixture(scope="session")
def hit_point() -> Callable[..., Any]:
    """Return a function that makes the record of a hit, its module along its own azimuth unless given."""

    def make(x: float, y: float, z: float, layer: int = 0, module: int = 1, axis: float | None = None) -> Any:
        point = new_record(HIT_POINT)
        point.x, point.y, point.z, point.layer, point.module = x, y, z, layer, module
        point.r, point.phi = np.hypot(x, y), np.arctan2(y, x)
        point.z_over_r = z / point.r
        own = point.phi if axis is None else axis
        point.axis_cos, point.axis_sin = np.cos(own), np.sin(own)
        return point

    return make


@pytest.fixture(scope="session")
def in_uniform_field() -> Callable[..., Detector]:
    """Return a function that makes a detector of 2 T everywhere out of some layers, by dense index."""

    def make(*layers: int) -> Detector:
        whole = trackml()
        chosen = tuple(whole.layers[k] for k in layers)
        return replace(whole, layers=chosen, solenoid=Solenoid.uniform(2.0))

    return make


@pytest.fixture(scope="session")
def hits_on() -> Callable[..., Hits]:
    """Return a function that makes Hits on a detector out of rows (x, y, z, dense layer index[, module])."""

    def make(detector: Detector, rows: Sequence[Sequence[float]]) -> Hits:
        table = np.array([(*row, 1)[:5] for row in rows], dtype=np.float64).reshape(-1, 5)
        layers = [detector.layers[int(k)] for k in table[:, 3]]
        return Hits(
            np.arange(1, len(table) + 1),
            *np.ascontiguousarray(table[:, :3].T.astype(np.float32)),
            np.array([layer.volume for layer in layers], dtype=np.int32),
            np.array([layer.layer for layer in layers], dtype=np.int32),
            table[:, 4].astype(np.int32),
            detector=detector,
        )

    return make
