from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.event import Event, Hits
from clew.seeding.graph.doublets import (
    DoubletConfig,
    find_doublets,
    layer_pairs,
    true_doublets,
)
from clew.seeding.graph.graph import build_graph
from clew.seeding.graph.quality import EdgeQuality, count_joinable
from clew.seeding.graph.selection import SelectionConfig, selected_hits


def barrel_hits(phi: list[float], r: list[float], z: list[float], layer: list[int]) -> Hits:
    phis, radii = np.array(phi), np.array(r)
    n = len(phi)
    x, y = (radii * np.cos(phis)).astype(np.float32), (radii * np.sin(phis)).astype(np.float32)
    volume = np.full(n, 8, dtype=np.int32)
    return Hits(
        np.arange(1, n + 1),
        x,
        y,
        np.array(z, np.float32),
        volume,
        np.array(layer, np.int32),
        np.ones(n, np.int32),
    )


def brute_force(hits: Hits, config: DoubletConfig) -> np.ndarray:
    allowed = {tuple(pair) for pair in layer_pairs(hits.detector, config)}
    found = []
    for i in range(len(hits)):
        for j in range(len(hits)):
            if (hits.layer_index[i], hits.layer_index[j]) not in allowed:
                continue
            r, z, away = float(hits.r[i]), float(hits.z[i]), float(hits.z[j])
            dr = float(hits.r[j]) - r
            turn = (float(hits.phi[j]) - float(hits.phi[i]) + np.pi) % (2 * np.pi) - np.pi
            if dr <= 0 or abs(turn) > config.most_slope * dr:
                continue
            if abs(z - r * (away - z) / dr) <= config.most_z0:
                found.append((i, j))
    return np.array(found).reshape(-1, 2)


def test_cuts_worked_out_by_hand() -> None:
    # 40 mm apart: the slope cut allows 0.04 rad; z0 = z1 - 32 * dz / 40
    hits = barrel_hits(
        [0.0, 0.039, 0.041, 0.0, 0.0], [32, 72, 72, 72, 72], [0, 0, 0, 249, 251], [2, 4, 4, 4, 4]
    )
    assert find_doublets(hits, DoubletConfig()).tolist() == [[0, 1], [0, 3]]


def test_doublets_cross_the_seam_of_phi() -> None:
    hits = barrel_hits([np.pi - 0.01, -np.pi + 0.01], [32, 72], [0, 0], [2, 4])
    assert find_doublets(hits, DoubletConfig()).tolist() == [[0, 1]]


@pytest.mark.parametrize("layers", ["barrel", "all"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_search_finds_what_brute_force_finds(
    make_toy_event: Callable[..., Event], layers: str, seed: int
) -> None:
    event = make_toy_event(12, seed=seed, noise=150, sigma_z=60.0)
    config = DoubletConfig(layers=layers, most_slope=0.002, most_z0=90.0)  # type: ignore[arg-type]
    found = find_doublets(event.hits, config)
    assert found.tolist() == sorted(brute_force(event.hits, config).tolist())
    assert len(found)


@settings(max_examples=20, deadline=None)
@given(turn=st.floats(-3.0, 3.0))
def test_a_turned_event_has_the_same_graph(toy: Event, turn: float) -> None:
    hits = toy.hits
    x = (hits.x * np.cos(turn) - hits.y * np.sin(turn)).astype(np.float32)
    y = (hits.x * np.sin(turn) + hits.y * np.cos(turn)).astype(np.float32)
    before = build_graph(hits, DoubletConfig(most_slope=0.0013))
    after = build_graph(replace(hits, x=x, y=y), DoubletConfig(most_slope=0.0013))
    both = set(map(tuple, before.doublets)) & set(map(tuple, after.doublets))
    assert len(both) >= 0.99 * max(len(before.edges), len(after.edges))  # rounding decides at the cuts
    if len(both) == len(before.edges) == len(after.edges):
        np.testing.assert_allclose(before.edge_features, after.edge_features, atol=2e-3)


@pytest.fixture(scope="module")
def toy(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(40, seed=4, noise=60)


def test_straight_tracks_have_all_their_doublets(toy: Event) -> None:
    config = DoubletConfig(layers="all", most_slope=0.002)
    assert toy.truth is not None
    particle = toy.truth.particle_id
    rows = np.arange(len(toy.hits))
    truth = true_doublets(find_doublets(toy.hits, config), particle)
    barrel = DoubletConfig(most_slope=0.002)
    barrel_truth = true_doublets(find_doublets(toy.hits, barrel), particle)
    assert barrel_truth.sum() == count_joinable(toy.hits, barrel, rows, particle)
    assert truth.sum() > barrel_truth.sum()


def test_the_published_selection_takes_one_hard_hit_a_layer(toy: Event) -> None:
    assert toy.truth is not None
    assert toy.particles is not None
    rows = selected_hits(toy, SelectionConfig(least_pt=1.5))
    hard = toy.particles.particle_id[toy.particles.pt > 1.5]
    assert np.isin(toy.truth.particle_id[rows], hard).all()
    assert toy.hits.detector.barrel[toy.hits.layer_index[rows]].all()
    pairs = list(zip(toy.truth.particle_id[rows], toy.hits.layer_index[rows], strict=True))
    assert len(set(pairs)) == len(pairs)


def test_rates_worked_out_by_hand() -> None:
    truth = np.array([True, True, True, False, False, False])
    kept = np.array([True, True, False, True, False, False])
    quality = EdgeQuality.count(truth, kept, n_joinable=4)
    assert (quality.doublet_efficiency, quality.doublet_purity) == (0.75, 0.5)
    assert quality.accuracy == pytest.approx(4 / 6)
    assert quality.purity == quality.efficiency == pytest.approx(2 / 3)
    both = EdgeQuality.add([quality, quality])
    assert (both.n_edges, both.accuracy) == (12, quality.accuracy)
