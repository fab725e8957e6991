from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.errors import ConfigError, InputError
from clew.event import Event, Hits
from clew.hits.free import FreeHits
from clew.io import write_event
from clew.networks.records import save_arrays
from clew.pipeline import Pipeline
from clew.plots.latent import draw_latent_space, principal_axes
from clew.seeding.condensation.network import (
    CondensationNetwork,
    CondensationRecord,
    CondensationShape,
    array_shapes,
    build_keras_model,
)
from clew.seeding.condensation.scanner import Placed, best_row, scan
from clew.seeding.condensation.seeder import (
    CondensationSeeder,
    CondensationTripletSeeder,
    cluster,
    shipped_stages,
)
from clew.seeding.graph.filtering import EdgeFilter, Filtered
from clew.seeding.graph.quality import shown_matching
from clew.seeding.graph.seeder import shipped_network
from clew.seeding.graph.selection import hits_on
from clew.tracks import Candidates

SHAPE = CondensationShape(units=8, steps=2, rounds=2, free=1)


@pytest.fixture(scope="module")
def event(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(80, seed=11, noise=100)


@pytest.fixture(scope="module")
def filtered(event: Event) -> Filtered:
    return EdgeFilter(shipped_network("edges-pixels"), 0.01)(event.hits)


def network(shape: CondensationShape = SHAPE) -> CondensationNetwork:
    rng = np.random.default_rng(3)
    arrays = [rng.normal(0, 0.2, s).astype(np.float32) for s in array_shapes(shape)]
    return CondensationNetwork(arrays, {}, CondensationRecord(shape, "edges-pixels", 0.01, "none"))


def turned(hits: Hits, angle: float) -> Hits:
    x, y = hits.x.astype(np.float64), hits.y.astype(np.float64)
    c, s = np.cos(angle), np.sin(angle)
    return replace(hits, x=(c * x - s * y).astype(np.float32), y=(s * x + c * y).astype(np.float32))


# two objects and a hit of none: (object, real, log odds of beta, two coordinates), then padding
ROWS = np.array(
    [
        (0, 1, 0, 0.0, 0.0),
        (0, 1, -40, 0.5, 0.0),
        (0, 1, -40, 3.0, 0.0),
        (1, 1, 0, 0.0, 0.8),
        (-1, 1, 0, 0.0, 0.4),
        *[(0, 0, 5, 9.0, 9.0)] * 13,
    ],
    dtype=np.float32,
)


def terms(rows: np.ndarray) -> list[float]:
    from clew.networks.losses import condensation_terms

    return [float(term) for term in condensation_terms(rows[:, :2], rows[:, 2:], 1.0)]


def test_the_loss_is_that_worked_out_by_hand() -> None:
    q = 1.301737  # of beta = 0.5: atanh(0.5)^2 + 1; of the others 1
    pull = q * (0.25 + (2 * 3 - 1)) / 4  # linear beyond 1
    push = (q * q * (0.2 + 0.2 + 0.6 + 0.6) + q * (1 - np.hypot(0.5, 0.8))) / 5
    np.testing.assert_allclose(terms(ROWS), [pull, push, 0.5, 0.5], rtol=2e-3)


def test_the_loss_does_not_change_with_padding_order_or_place() -> None:
    rng = np.random.default_rng(2)
    more = np.concatenate([ROWS, np.tile(ROWS[-1:], (6, 1))])
    moved = ROWS + np.array([0, 0, 0, 40, -30], dtype=np.float32)
    for other in (more, ROWS[rng.permutation(len(ROWS))], moved):
        np.testing.assert_allclose(terms(other), terms(ROWS), rtol=1e-3)


def test_a_perfect_latent_space_loses_nothing() -> None:
    rows = ROWS[:4].copy()
    rows[:, 2:] = [(9, 0, 0), (-40, 0, 0), (-40, 0, 0), (9, 5, 5)]
    rows = np.concatenate([rows, ROWS[-8:]])
    assert max(terms(rows)) < 1e-3


def test_hits_of_one_layer_set() -> None:
    layers = np.array([2, 2, 8], dtype=np.int32)
    volume = np.array([8, 13, 7], dtype=np.int32)
    one = np.ones(3, dtype=np.float32)
    hits = Hits(np.arange(1, 4), one, one, one, volume, layers, np.ones(3, np.int32))
    assert hits_on(hits, "pixels").tolist() == [0, 2]
    assert hits_on(hits, "barrel").tolist() == [0, 1]
    assert hits_on(hits, "all").tolist() == [0, 1, 2]


def test_true_edges_tell_the_helix_of_their_particle(event: Event, filtered: Filtered) -> None:
    assert event.truth is not None
    assert event.particles is not None
    true = filtered.graph.targets(event.truth.particle_id)
    assert true.mean() > 0.7
    own = event.truth.particle_id[filtered.graph.doublets[true, 0]] - 1
    momentum = event.particles.momentum[own]
    azimuth = np.arctan2(momentum[:, 1], momentum[:, 0])
    helix = filtered.helix[true]
    off = np.abs((np.arctan2(helix[:, 1], helix[:, 0]) - azimuth + np.pi) % (2 * np.pi) - np.pi)
    assert np.median(off) < 1e-4
    assert np.median(np.abs(helix[:, 2] - event.particles.eta[own])) < 1e-3


def test_numpy_and_keras_agree(filtered: Filtered) -> None:
    own = network()
    model = build_keras_model(SHAPE)
    model.set_weights(own.arrays)
    graph = filtered.graph
    inputs = (graph.node_features, graph.edge_features, graph.edges, filtered.helix)
    answers = np.asarray(model.predict_on_batch(inputs))
    beta, places = own.place(filtered)
    np.testing.assert_allclose(places, answers[:, 1:], atol=2e-3)
    np.testing.assert_allclose(beta, 1 / (1 + np.exp(-answers[:, 0])), atol=1e-4)


def test_a_turned_event_has_a_turned_latent_space(event: Event) -> None:
    edge_filter, own = EdgeFilter(shipped_network("edges-pixels"), 0.01), network()
    straight, other = (edge_filter(hits) for hits in (event.hits, turned(event.hits, 1.0)))
    shared = np.intersect1d(straight.graph.rows, other.graph.rows)
    places = [own.place(f)[1][np.searchsorted(f.graph.rows, shared)] for f in (straight, other)]
    c, s = np.cos(1.0), np.sin(1.0)
    x, y = places[0][:, 0], places[0][:, 1]
    places[0][:, :2] = np.column_stack([c * x - s * y, s * x + c * y])
    off = np.abs(places[0] - places[1]).max(axis=1)
    assert np.quantile(off, 0.95) < 0.05


def test_the_scanner_finds_the_setting_that_makes_every_track_perfect(event: Event) -> None:
    assert event.truth is not None
    shown = hits_on(event.hits, "pixels")
    rows = shown[event.truth.particle_id[shown] > 0].astype(np.int32)
    rng = np.random.default_rng(1)
    exact = np.repeat(event.truth.particle_id[rows][:, None], 3, axis=1).astype(np.float32)
    oracle = Placed(event, shown, rows, exact)
    assert best_row(scan([oracle])).perfect == 1.0
    near = Placed(event, shown, rows, exact + rng.normal(0, 0.05, exact.shape).astype(np.float32))
    table = {(row.eps, row.min_samples): row for row in scan([near], eps=(0.05, 0.4, 3.0), min_samples=(1,))}
    assert best_row(list(table.values())).eps == 0.4
    assert table[0.05, 1].double_majority < table[0.4, 1].double_majority
    assert table[3.0, 1].lhc < table[0.4, 1].lhc


def test_clusters_are_numbered_from_one_and_noise_is_none() -> None:
    rows = np.array([1, 2, 4, 5], dtype=np.int32)
    places = np.array([(0, 0, 0), (0.1, 0, 0), (5, 0, 0), (0.2, 0, 0)], dtype=np.float32)
    assert cluster(6, rows, places, 0.15).tolist() == [0, 1, 1, 0, 2, 1]
    assert cluster(6, rows, places, 0.15, min_samples=2).tolist() == [0, 1, 1, 0, 0, 1]


def test_the_preset_finds_toy_tracks(event: Event) -> None:
    assert event.truth is not None
    assert event.particles is not None
    seeds = CondensationSeeder().find(event.hits)
    labels = seeds.found.labels(len(event.hits))
    matching = shown_matching(event, labels, hits_on(event.hits, "pixels"))
    hard = (event.particles.pt > 0.9) & (matching.particle_size >= 4)
    found = matching.led_by(matching.double_majority)
    assert found[hard].mean() > 0.8
    assert Pipeline.from_preset("condensation").reconstruct(event.hits).labels.max() > 0


def test_triplets_are_free_hits_of_one_track_on_three_layers(event: Event) -> None:
    free = FreeHits.of(event.hits)
    tracks = CondensationSeeder().find(event.hits).found
    owner = tracks.labels(len(event.hits))
    seeds = CondensationTripletSeeder().seed(event.hits, free, Candidates.empty())
    assert len(seeds) > 0.9 * len(tracks)
    assert (owner[seeds.hits] == owner[seeds.hits[:, :1]]).all()
    assert len(np.unique(owner[seeds.hits[:, 0]])) == len(seeds)
    assert (np.diff(np.sort(event.hits.layer_index[seeds.hits], axis=1), axis=1) > 0).all()
    taken = np.zeros(len(event.hits), dtype=np.bool_)
    taken[seeds.hits[0, 0]] = True
    fewer = CondensationTripletSeeder().seed(event.hits, free.without(taken), Candidates.empty())
    assert seeds.hits[0, 0] not in fewer.hits


def test_shipped_weights_have_a_record() -> None:
    edge_filter, own = shipped_stages("condensation")
    assert own.record["command"].startswith("clew train events/")
    assert own.record["results"]["validation_loss"] > 0
    assert own.record["filter_sha256"] == edge_filter.network.record["sha256"]


def test_wrong_settings_are_refused(event: Event, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="threshold is"):
        EdgeFilter(shipped_network("edges-pixels"), 1.5)
    with pytest.raises(InputError, match="no truth and particles"):
        shown_matching(replace(event, truth=None), np.zeros(len(event.hits), np.int32), np.arange(3))
    save_arrays(tmp_path / "other.npz", network().arrays, {"network": "edges", "shape": {}})
    with pytest.raises(InputError, match="weights of another network"):
        CondensationNetwork.load(tmp_path / "other.npz")


def test_the_principal_axes_are_those_of_most_variance(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    places = (rng.normal(size=(200, 4)) * [0.1, 5.0, 0.2, 2.0]).astype(np.float32)
    along = principal_axes(places)
    np.testing.assert_allclose(along.std(axis=0), [5.0, 2.0], rtol=0.2)
    particle = rng.integers(-1, 12, 200)
    assert draw_latent_space(places, 2 * places, particle, tmp_path / "latent.png").stat().st_size > 10_000


@pytest.mark.slow
def test_training_learns_repeats_and_resumes_exactly(
    make_toy_event: Callable[..., Event], tmp_path: Path
) -> None:
    from clew.learning import train
    from clew.learning.inputs import Inputs
    from clew.seeding.condensation.training import CondensationTask, CondensationTrainingConfig

    for number in (1, 2):
        write_event(tmp_path, replace(make_toy_event(80, seed=number, noise=50), event_id=number))
    paths = [str(tmp_path)]

    def task() -> CondensationTask:
        config = CondensationTrainingConfig(
            shape=SHAPE, sectors=4, events=2, held_out=1, learning_rate=0.02, epochs=4
        )
        return CondensationTask.open(config, Inputs(paths, paths))

    losses: list[float] = []
    train(task(), tmp_path / "a", on_epoch=lambda *numbers: losses.append(numbers[1]))
    assert losses[-1] < 0.85 * losses[0]
    with pytest.raises(KeyboardInterrupt):
        train(task(), tmp_path / "b", on_epoch=_interrupt)
    train(task(), tmp_path / "b", resume=True)
    train(task(), tmp_path / "c")
    records = [json.loads((tmp_path / name / "condensation.json").read_text()) for name in "abc"]
    assert records[0]["sha256"] == records[1]["sha256"] == records[2]["sha256"]


def _interrupt(epoch: int, loss: float, validation_loss: float) -> None:
    if epoch == 2:
        raise KeyboardInterrupt
