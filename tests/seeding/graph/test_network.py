from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from clew.errors import ConfigError, InputError
from clew.event import Event
from clew.io import write_event
from clew.networks.records import save_arrays
from clew.pipeline import Pipeline
from clew.seeding.graph.components import edge_tracks
from clew.seeding.graph.doublets import DoubletConfig
from clew.seeding.graph.graph import Graph, build_graph
from clew.seeding.graph.interaction import NetworkShape
from clew.seeding.graph.network import EdgeNetwork, EdgeRecord, TrainedOn, array_shapes, build_keras_model
from clew.seeding.graph.seeder import GraphSeederConfig, shipped_network
from clew.seeding.graph.selection import SelectionConfig
from clew.seeding.graph.training import Sample, batch_of, like_size, sectors

SHAPE = NetworkShape(units=8, steps=2)


@pytest.fixture(scope="module")
def sample(make_toy_event: Callable[..., Event]) -> tuple[Sample, np.ndarray]:
    event = make_toy_event(60, seed=6, noise=100)
    assert event.truth is not None
    graph = build_graph(event.hits, DoubletConfig(most_slope=0.0015))
    return Sample(graph, graph.targets(event.truth.particle_id)), event.hits.phi[graph.rows]


def network() -> EdgeNetwork:
    rng = np.random.default_rng(3)
    return EdgeNetwork(
        [rng.normal(0, 0.3, s).astype(np.float32) for s in array_shapes(SHAPE)],
        {},
        EdgeRecord(SHAPE, DoubletConfig(), TrainedOn(SelectionConfig())),
    )


def test_numpy_and_keras_agree_also_with_padding(sample: tuple[Sample, np.ndarray]) -> None:
    graph, own = sample[0].graph, network()
    model = build_keras_model(SHAPE)
    model.set_weights(own.arrays)
    (nodes, edges, ends), targets = batch_of([sample[0]])
    assert len(edges) > len(graph.edges)
    assert (targets[len(graph.edges) :] == 0).all()
    answers = np.asarray(model.predict_on_batch((nodes, edges, ends)))[: len(graph.edges), 0]
    np.testing.assert_allclose(own.scores(graph), 1 / (1 + np.exp(-answers)), atol=1e-5)


def test_graphs_in_one_batch_do_not_hear_of_each_other(sample: tuple[Sample, np.ndarray]) -> None:
    parts = sectors(*sample, 4, 0.3)
    (nodes, edges, ends), _ = batch_of(parts)
    together = network().scores(Graph(np.arange(len(nodes), dtype=np.int32), ends, nodes, edges))
    alone = np.concatenate([network().scores(part.graph) for part in parts])
    np.testing.assert_allclose(together[: len(alone)], alone, atol=1e-5)


def test_batches_hold_graphs_of_like_size(sample: tuple[Sample, np.ndarray]) -> None:
    parts = sectors(*sample, 6, 0.0)
    groups = like_size(parts, 2)
    assert sum(map(len, groups)) == len(parts)
    sizes = [[len(part.truth) for part in group] for group in groups]
    assert all(max(a) <= min(b) for a, b in pairwise(sizes))


def chain(n: int, extra: list[tuple[int, int]]) -> Graph:
    """Return two chains of n nodes each, joined by extra edges."""
    edges = [(k, k + 1) for k in range(n - 1)] + [(n + k, n + k + 1) for k in range(n - 1)] + extra
    ends = np.array(edges, dtype=np.int32)
    return Graph(
        np.arange(2 * n, dtype=np.int32),
        ends,
        np.zeros((2 * n, 6), np.float32),
        np.zeros((len(ends), 10), np.float32),
    )


def test_components_of_likely_edges_are_tracks() -> None:
    graph = chain(4, [(1, 6)])
    scores = np.array([0.9] * 6 + [0.2], dtype=np.float32)
    layer = np.tile(np.arange(4, dtype=np.int32), 2)
    assert edge_tracks(graph, scores, layer, [0.5]).tolist() == [1] * 4 + [2] * 4
    assert len(set(edge_tracks(graph, scores, layer, [0.1]).tolist())) == 1


def test_components_too_large_for_a_track_are_taken_apart() -> None:
    graph = chain(12, [(3, 17)])
    scores = np.array([0.9] * 22 + [0.6], dtype=np.float32)
    layer = np.tile(np.arange(12, dtype=np.int32), 2)
    assert edge_tracks(graph, scores, layer, [0.5, 0.8]).tolist() == [1] * 12 + [2] * 12


def test_the_preset_finds_toy_tracks(make_toy_event: Callable[..., Event]) -> None:
    event = make_toy_event(60, seed=9)
    assert event.truth is not None
    assert event.particles is not None
    labels = Pipeline.from_preset("exatrkx").reconstruct(event.hits).labels
    hard = np.flatnonzero((event.particles.pt > 1.0) & (event.particles.n_hits >= 6))
    found = 0
    for particle in event.particles.particle_id[hard]:
        own = labels[event.truth.particle_id == particle]
        track = np.bincount(own[own > 0], minlength=1)
        found += bool(2 * track.max() > len(own))
    assert found >= 0.8 * len(hard)


@pytest.mark.parametrize("name", ["edges-all", "edges-barrel", "edges-half", "edges-pixels"])
def test_shipped_weights_have_a_record(name: str) -> None:
    record = shipped_network(name).record
    assert record["command"].startswith("clew train")
    assert 0 < record["results"]["validation_loss"] < 1


def test_wrong_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown weights 'edge'"):
        shipped_network("edge")
    save_arrays(tmp_path / "other.npz", network().arrays, {"network": "windows"})
    with pytest.raises(InputError, match="weights of another network"):
        EdgeNetwork.load(tmp_path / "other.npz")
    save_arrays(tmp_path / "bad.npz", network().arrays, shipped_network("edges-all").record)
    with pytest.raises(InputError, match="do not have the shapes"):
        EdgeNetwork.load(tmp_path / "bad.npz")
    with pytest.raises(ConfigError, match="ascending"):
        GraphSeederConfig(thresholds=(0.8, 0.5))


@pytest.mark.slow
def test_training_learns_and_resumes_exactly(make_toy_event: Callable[..., Event], tmp_path: Path) -> None:
    from clew.learning import train
    from clew.learning.inputs import Inputs
    from clew.seeding.graph.training import EdgeTask, EdgeTrainingConfig

    for number in (1, 2):
        event = replace(make_toy_event(80, seed=number, noise=50), event_id=number)
        write_event(tmp_path, event)
    paths = [str(tmp_path)]

    def task(epochs: int) -> EdgeTask:
        config = EdgeTrainingConfig(
            shape=SHAPE, sectors=2, events=2, held_out=1, batch=2, learning_rate=0.005, epochs=epochs
        )
        return EdgeTask.open(config, Inputs(paths, paths))

    losses: list[float] = []
    train(task(6), tmp_path / "a", on_epoch=lambda *numbers: losses.append(numbers[2]))
    assert losses[-1] < 0.9 * losses[0]
    with pytest.raises(KeyboardInterrupt):
        train(task(6), tmp_path / "b", on_epoch=_interrupt)
    train(task(6), tmp_path / "b", resume=True)
    records = [json.loads((tmp_path / name / "edges.json").read_text()) for name in "ab"]
    assert records[0]["sha256"] == records[1]["sha256"]


def _interrupt(epoch: int, loss: float, validation_loss: float) -> None:
    if epoch == 3:
        raise KeyboardInterrupt
