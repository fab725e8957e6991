"""A tiny event whose metrics can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from clew.event import Event, Hits, Particles, Truth

SIZES = (12, 10, 6, 4, 2)
"""Hits of particles 11, 12, ... 15; three hits of noise follow."""

PT = (2.0, 0.7, 0.6, 0.3, 5.0)
VERTEX_R = (0.0, 0.0, 30.0, 0.0, 0.0)


@pytest.fixture
def event() -> Event:
    """Return an event whose hits come particle by particle in path order, then noise."""
    n = sum(SIZES) + 3
    owner = np.append(np.repeat(np.arange(11, 16), SIZES), [0, 0, 0]).astype(np.int64)
    step = np.concatenate([np.arange(1, size + 1) for size in (*SIZES, 3)])
    position = np.stack([100.0 + step, 0.0 * step, 10.0 * step], axis=1).astype(np.float32)
    ones = np.ones(n, dtype=np.int32)
    hits = Hits(np.arange(1, n + 1), *position.T.copy(), volume=8 * ones, layer=2 * ones, module=ones)
    weight = (owner > 0) / np.count_nonzero(owner)
    truth = Truth(owner, position, np.zeros((n, 3), np.float32), weight)
    return Event(7, hits, particles(), truth)


def particles() -> Particles:
    pt, vertex = np.array(PT, np.float32), np.zeros((5, 3), np.float32)
    vertex[:, 0] = VERTEX_R
    momentum = np.stack([pt, 0 * pt, 0.5 * pt], axis=1)
    sizes = np.array(SIZES, np.int32)
    return Particles(np.arange(11, 16), vertex, momentum, np.ones(5, np.int32), sizes)
