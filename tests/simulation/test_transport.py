from __future__ import annotations

import numpy as np
import pytest

from clew.detector import trackml
from clew.simulation.digitisation import fits

pytestmark = pytest.mark.slow

MM_PER_GEV = 2.99792458e-4


def field_at(position: np.ndarray) -> np.ndarray:
    """Return the field [T] at points [mm], both of shape (n, 3)."""
    solenoid = trackml().solenoid
    offset = position - np.array(solenoid.centre)
    rho = np.hypot(offset[:, 0], offset[:, 1])
    radial, axial = solenoid.field(np.minimum(rho, 1200.0), offset[:, 2])  # a thin coil's field diverges
    return np.column_stack([(radial / np.maximum(rho, 1e-9))[:, None] * offset[:, :2], axial])


def step(state: np.ndarray, charge: float, h: float) -> np.ndarray:
    """Runge-Kutta step of h mm: state is position and momentum."""

    def change(s: np.ndarray) -> np.ndarray:
        direction = s[3:] / np.linalg.norm(s[3:])
        force = charge * MM_PER_GEV * np.cross(direction, field_at(s[None, :3])[0])
        return np.concatenate([direction, force])

    a = change(state)
    b = change(state + 0.5 * h * a)
    c = change(state + 0.5 * h * b)
    d = change(state + h * c)
    return state + h / 6 * (a + 2 * b + 2 * c + d)


def test_muons_hit_all_ten_barrel_layers(ideal_muons):
    for particle in ideal_muons.particles.particle_id[:100]:
        mine = ideal_muons.truth.particle_id == particle
        layers = set(zip(ideal_muons.hits.volume[mine], ideal_muons.hits.layer[mine], strict=True))
        missing = {(8, k) for k in (2, 4, 6, 8)} | {(13, k) for k in (2, 4, 6, 8)} | {(17, 2), (17, 4)}
        assert len(missing - layers) <= 1  # a narrow gap between two modules

    found = np.mean(
        [(ideal_muons.truth.particle_id == p).sum() >= 10 for p in ideal_muons.particles.particle_id]
    )
    assert found > 0.97


def test_crossings_lie_on_the_path_in_the_field(ideal_muons, along_track):
    particles = ideal_muons.particles
    for rows in along_track(ideal_muons)[:6]:
        row = np.flatnonzero(particles.particle_id == ideal_muons.truth.particle_id[rows[0]])[0]
        state = np.concatenate([particles.vertex[row], particles.momentum[row]]).astype(np.float64)
        for target in ideal_muons.truth.position[rows].astype(np.float64):
            while (ahead := np.dot(target - state[:3], state[3:]) / np.linalg.norm(state[3:])) > 1e-4:
                state = step(state, float(particles.charge[row]), min(ahead, 20.0))
            assert np.linalg.norm(state[:3] - target) < 0.05


def test_momentum_is_conserved_without_material(ideal_muons):
    p = np.linalg.norm(ideal_muons.truth.momentum, axis=1)
    names = ideal_muons.particles.particle_id
    row = np.searchsorted(names, ideal_muons.truth.particle_id)
    start = np.linalg.norm(ideal_muons.particles.momentum[row], axis=1)
    np.testing.assert_allclose(p, start, rtol=1e-5)


def test_energy_loss_in_a_pixel_layer_follows_bethe(real_muons, along_track):
    """1.65 mm of silicon take 0.5 to 0.7 MeV of a muon of 1 GeV, whatever the inclination (see the docs)."""
    flat, steep = [], []
    for rows in along_track(real_muons):
        p = np.linalg.norm(real_muons.truth.momentum[rows], axis=1)
        pz = np.abs(real_muons.truth.momentum[rows, 2]) / p
        barrel = (real_muons.hits.volume[rows] == 8) & (real_muons.hits.layer[rows] >= 2)
        loss = p[:-1] - p[1:]
        other = real_muons.hits.layer[rows][1:] != real_muons.hits.layer[rows][:-1]
        for k in np.flatnonzero(barrel[:-1] & barrel[1:] & other):
            (steep if pz[k] > 0.6 else flat).append(loss[k])
    assert 0.45e-3 < np.median(flat) < 0.75e-3
    assert abs(np.median(steep) / np.median(flat) - 1) < 0.15


def test_scattering_in_a_pixel_layer_follows_highland(real_muons, along_track):
    angles = []
    for rows in along_track(real_muons):
        p = real_muons.truth.momentum[rows].astype(np.float64)
        theta = np.arctan2(np.hypot(p[:, 0], p[:, 1]), p[:, 2])
        layer = real_muons.hits.layer_index[rows]
        next_layer = (layer[1:] == layer[:-1] + 1) & (real_muons.hits.volume[rows][1:] == 8)
        angles.extend((np.diff(theta) * np.linalg.norm(p[:-1], axis=1))[next_layer])
    thickness = 1.65 / 95.7
    beta = 1 / np.hypot(1, 0.1057)
    highland = 0.0136 / beta * np.sqrt(thickness) * (1 + 0.038 * np.log(thickness))
    width = np.percentile(np.abs(angles), 68.3)
    assert abs(width / highland - 1) < 0.25


def test_duplicates_are_exactly_where_modules_overlap(ideal_muons, modules, along_track):
    """A straight line through a crossing meets, within a few mm, just those modules that have the hits."""
    hits, truth = ideal_muons.hits, ideal_muons.truth
    row = modules.rows(hits.volume, hits.layer, hits.module)
    doubles = 0
    for rows in along_track(ideal_muons)[:60]:
        for k in rows[hits.volume[rows] == 8]:
            layer = np.flatnonzero((modules.volume == 8) & (modules.layer == hits.layer[k]))
            direction = truth.momentum[k] / np.linalg.norm(truth.momentum[k])
            normal = modules.rotation[layer, :, 2]
            offset = np.einsum("nj,nj->n", modules.centre[layer] - truth.position[k], normal)
            path = offset / np.einsum("nj,j->n", normal, direction)
            place = truth.position[k] + path[:, None] * direction - modules.centre[layer]
            local = np.einsum("nij,ni->nj", modules.rotation[layer], place)[:, :2]
            near = np.abs(path) < 15
            mine = set(row[rows])
            inner = near & fits(local * 1.002, layer, modules)
            outer = near & fits(local * 0.998, layer, modules)
            assert set(layer[inner]) <= mine
            assert mine & set(layer[near]) <= set(layer[outer])
            doubles += inner.sum() > 1
    assert doubles > 5


def test_field_has_its_value_at_the_centre_and_no_divergence():
    centre = np.array([[-150.0, -150.0, -150.0]])
    np.testing.assert_allclose(field_at(centre), [[0, 0, 1.9944]], atol=1e-4)
    place = np.array([300.0, -500.0, 1900.0])
    shift = np.eye(3)
    slopes = [(field_at((place + e)[None]) - field_at((place - e)[None]))[0] / 2 for e in shift]
    divergence = sum(slope[k] for k, slope in enumerate(slopes))
    assert abs(divergence) < 1e-3 * max(np.abs(slopes).max(), 1e-6)
