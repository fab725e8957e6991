from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clew.event import Cells, Event, Hits, Particles


def test_features_are_cylindrical() -> None:
    column = np.zeros(1, dtype=np.int32)
    x, y, z = (np.array([v], dtype=np.float32) for v in (-3.0, 4.0, 10.0))
    hits = Hits(np.array([1]), x, y, z, column + 8, column + 2, column + 1)
    np.testing.assert_allclose(hits.features, [[np.arctan2(4, -3), 5, 10, 2]], rtol=1e-6)
    assert hits.layer_index.tolist() == [7]
    assert len(hits) == 1


def test_particles_know_their_direction() -> None:
    momentum = np.array([[3.0, 4.0, 0.0], [0.0, 1.0, np.sinh(2.0)]], dtype=np.float32)
    ones = np.ones(2, dtype=np.int32)
    particles = Particles(np.array([1, 2]), momentum, momentum, ones, ones)
    np.testing.assert_allclose(particles.pt, [5, 1], rtol=1e-6)
    np.testing.assert_allclose(particles.eta, [0, 2], rtol=1e-6)


def test_toy_hits_lie_on_their_layers(make_toy_event: Callable[..., Event]) -> None:
    hits = make_toy_event(20).hits
    barrel = np.isin(hits.volume, (8, 13, 17))
    radii = {32, 72, 116, 172, 260, 360, 500, 660, 820, 1020}
    assert set(np.round(hits.r[barrel]).astype(int)) <= radii
    assert (hits.layer_index >= 0).all()


def test_selected_hits_keep_their_cells() -> None:
    column = np.arange(4, dtype=np.int32)
    place = column.astype(np.float32)
    cells = Cells(
        np.array([0, 2, 2, 3, 6]), np.arange(12, dtype=np.int32).reshape(6, 2), np.float32(range(6))
    )
    hits = Hits(np.array([7, 3, 9, 4]), place, place, place, column, column, column, cells)
    some = hits.select(np.array([3, 1, 0]))
    assert some.hit_id.tolist() == [4, 3, 7]
    assert some.x.tolist() == some.module.tolist() == [3, 1, 0]
    assert some.cells is not None
    assert some.cells.offsets.tolist() == [0, 3, 3, 5]
    assert some.cells.value.tolist() == [3, 4, 5, 0, 1]
    assert some.cells.channel[:, 0].tolist() == [6, 8, 10, 0, 2]
    assert len(hits.select(np.zeros(0, dtype=np.int64))) == 0
