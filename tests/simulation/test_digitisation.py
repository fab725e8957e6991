from __future__ import annotations

import numpy as np
import pytest

from clew.detector import Modules
from clew.simulation import SimulationConfig
from clew.simulation.digitisation import Clusters, digitise, fits
from clew.simulation.noise import make_noise
from clew.simulation.volumes import kinds_of

CONFIG = SimulationConfig(smearing=0, inefficiency=0)


def module(volume: int, half: tuple[float, float, float, float], pitch: tuple[float, float]) -> Modules:
    one = np.ones(1, dtype=np.int32)
    return Modules(
        volume=one * volume,
        layer=one * 2,
        module=one,
        centre=np.zeros((1, 3), dtype=np.float32),
        rotation=np.eye(3, dtype=np.float32)[None],
        half_size=np.array([half], dtype=np.float32),
        pitch=np.array([pitch], dtype=np.float32),
    )


ENDCAP = module(9, (0.15, 8.4, 8.4, 36.0), (0.05, 0.05625))
BARREL = module(8, (0.15, 8.4, 8.4, 36.0), (0.05, 0.05625))
STRIPS = module(14, (0.25, 16.4, 24.2, 78.0), (0.08, 1.2))


def read_out(
    modules: Modules,
    place: tuple[float, float],
    direction: tuple[float, float, float],
    config: SimulationConfig = CONFIG,
) -> Clusters:
    random = np.random.default_rng(1)
    position = np.array([[*place, 0.0]])
    place_of, way = np.zeros(1, np.int32), np.array([direction])
    return digitise(place_of, position, way, modules, kinds_of(modules), config, random)


def test_a_perpendicular_track_fires_the_cell_it_crosses():
    cluster = read_out(ENDCAP, (0.0213, 0.03), (0, 0, 5.0))
    assert cluster.channel.tolist() == [[168, 640]]
    np.testing.assert_allclose(cluster.value, 0.3, rtol=1e-6)
    np.testing.assert_allclose(cluster.position, [[0.025, 0.028125, 0]], atol=1e-5)


def test_the_charge_of_an_inclined_track_is_its_path():
    """Slope 1 along v: 0.3 mm of v in cells of 56.25 um, path 0.3 * sqrt(2)."""
    cluster = read_out(ENDCAP, (0.025, 0.028125), (0, 1.0, 1.0))
    assert len(cluster.value) == 7
    assert cluster.channel[:, 1].tolist() == list(range(637, 644))
    np.testing.assert_allclose(cluster.value.sum(), 0.3 * np.sqrt(2), rtol=1e-6)
    np.testing.assert_allclose(cluster.position[0, 1], 0.028125, atol=1e-5)


def test_the_drift_shifts_barrel_hits_by_half_its_length():
    """The charge drifts by 9 um on average to -u, and the place is corrected by 18 um."""
    u = np.linspace(-1, 1, 2001)
    place = np.stack([u, np.full_like(u, 0.01), np.zeros_like(u)], axis=1)
    rows = np.zeros(len(u), dtype=np.int32)
    along = np.tile([0.0, 0.0, 1.0], (len(u), 1))
    cluster = digitise(rows, place, along, BARREL, kinds_of(BARREL), CONFIG, np.random.default_rng(1))
    assert (cluster.position[:, 0] - u).mean() == pytest.approx(0.5 * 0.15 * 0.1206, abs=5e-4)


def test_strips_read_one():
    cluster = read_out(STRIPS, (0.01, 0.2), (0.3, 0.1, 1.0))
    assert set(cluster.value.tolist()) == {1.0}
    assert len(cluster.value) > 1


def test_a_threshold_removes_short_cells():
    free = read_out(ENDCAP, (0.001, 0.028), (0.2, 0, 1.0))
    cut = read_out(
        ENDCAP, (0.001, 0.028), (0.2, 0, 1.0), SimulationConfig(smearing=0, inefficiency=0, threshold=0.15)
    )
    assert 0 < len(cut.value) < len(free.value)


def test_cells_end_at_the_module_and_grazing_tracks_leave_no_hit():
    cluster = read_out(ENDCAP, (8.39, 0.0), (1.0, 0, 1.0))
    assert cluster.channel[:, 0].max() == 335
    assert len(read_out(ENDCAP, (0, 0), (0, 20.0, 1.0)).value) == 0


@pytest.mark.slow
def test_noise_is_a_number_per_module_and_lies_inside(modules):
    rows, place, direction = make_noise(modules, kinds_of(modules).barrel, 0.945, np.random.default_rng(3))
    assert len(rows) == pytest.approx(0.945 * 18728, abs=4 * np.sqrt(0.945 * 18728))
    assert fits(place, rows, modules).all()
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), 1e6)


def test_the_detector_is_the_official_one(modules):
    assert len(modules.volume) == 18728
    keys = np.stack([modules.volume, modules.layer, modules.module], axis=1)
    assert len(np.unique(keys, axis=0)) == 18728
    np.testing.assert_allclose(np.linalg.det(modules.rotation), 1, atol=1e-5)
