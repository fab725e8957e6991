"""Events and predictions that the fitting tests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from clew.event import Event, Hits
from clew.tracks import NO_HIT, Candidates, Predictions


@pytest.fixture(scope="session")
def make_hits() -> Callable[..., Hits]:
    """Return a function that makes Hits from rows (phi, r, z, volume, layer[, module])."""

    def make(rows: Sequence[Sequence[float]]) -> Hits:
        table = np.array([(*row, 1)[:6] for row in rows], dtype=np.float64).reshape(-1, 6)
        phi, r, z = table[:, :3].T
        places = table[:, 3:].astype(np.int32)
        x, y = (r * np.cos(phi)).astype(np.float32), (r * np.sin(phi)).astype(np.float32)
        ids = np.arange(1, len(table) + 1)
        return Hits(ids, x, y, z.astype(np.float32), *np.ascontiguousarray(places.T))

    return make


@pytest.fixture(scope="session")
def make_predictions() -> Callable[[Sequence[Sequence[tuple[float, float, float]]]], Predictions]:
    """Return a function that makes Predictions from rows of (phi, r, z)."""

    def make(rows: Sequence[Sequence[tuple[float, float, float]]]) -> Predictions:
        points = np.array(rows, dtype=np.float32)
        return Predictions(np.concatenate([points, points[:, :, 2:] / points[:, :, 1:2]], axis=2))

    return make


@pytest.fixture(scope="session")
def true_rows() -> Callable[[Event], tuple[np.ndarray, np.ndarray]]:
    """Return a function that gives an event's true windows of five hits and the five hits that follow."""

    def rows(event: Event) -> tuple[np.ndarray, np.ndarray]:
        assert event.truth is not None
        distance = np.hypot(event.hits.r, event.hits.z)
        order = np.lexsort((distance, event.truth.particle_id))
        tracks = Candidates.from_labels(event.truth.particle_id.astype(np.int32), order)
        first = tracks.head(10)
        first = first[(first != NO_HIT).all(axis=1)]
        return np.ascontiguousarray(first[:, :5]), np.ascontiguousarray(first[:, 5:])

    return rows
