"""Line graphs: which segments join, what is true of them, and the training of their judge."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.event import Event
from clew.io import write_event
from clew.learning import train
from clew.learning.inputs import Inputs
from clew.networks.shipped import weights_path
from clew.seeding.graph.doublets import DoubletConfig
from clew.seeding.graph.interaction import NetworkShape
from clew.seeding.graph.network import EdgeNetwork
from clew.seeding.graph.segments import SEGMENTS, SegmentGraph, build_segment_graph

KINK = 0.16


@pytest.fixture(scope="module")
def toy(make_toy_event: Callable[..., Event]) -> Event:
    return make_toy_event(80, seed=6, noise=100)


@pytest.fixture(scope="module")
def line(toy: Event) -> SegmentGraph:
    return build_segment_graph(toy.hits, DoubletConfig(), KINK)


def kink(toy: Event, a: int, b: int, c: int) -> float:
    x = np.stack([toy.hits.x, toy.hits.y, toy.hits.z], axis=1).astype(np.float64)
    u, v = x[b] - x[a], x[c] - x[b]
    return float(np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1, 1)))


def test_edges_join_all_segments_that_share_a_hit_and_go_on_straight(toy: Event, line: SegmentGraph) -> None:
    own = {tuple(line.graph.rows[edge].tolist()) for edge in line.graph.edges}
    sought = {
        (i, k)
        for i, (a, b) in enumerate(line.segments)
        for k in np.flatnonzero(line.segments[:, 0] == b)
        if kink(toy, a, b, line.segments[k, 1]) < KINK
    }
    assert own == sought
    assert len(own) > 100


def test_a_turned_event_has_the_same_line_graph(toy: Event, line: SegmentGraph) -> None:
    cos, sin = np.float32(np.cos(0.7)), np.float32(np.sin(0.7))
    x, y = cos * toy.hits.x - sin * toy.hits.y, sin * toy.hits.x + cos * toy.hits.y
    turned = build_segment_graph(replace(toy.hits, x=x, y=y), DoubletConfig(), KINK)
    assert abs(len(turned.graph.edges) - len(line.graph.edges)) <= 2
    assert np.sort(turned.graph.edge_features[:, 1]) == pytest.approx(
        np.sort(line.graph.edge_features[:, 1]), rel=0.01, abs=0.01
    ) or len(turned.graph.edges) != len(line.graph.edges)


def test_true_edges_join_three_hits_of_one_particle(toy: Event, line: SegmentGraph) -> None:
    assert toy.truth is not None
    own = toy.truth.particle_id
    truth = line.targets(own)
    for (first, second), true in zip(line.graph.rows[line.graph.edges], truth, strict=True):
        three = own[[*line.segments[first], line.segments[second, 1]]]
        assert true == (three[0] > 0 and len(set(three.tolist())) == 1)
    assert 0.9 * line.count_joinable(own) < truth.sum() <= line.count_joinable(own)


def test_joints_are_counted_also_beyond_the_kink(toy: Event) -> None:
    assert toy.truth is not None
    own = toy.truth.particle_id
    tight = build_segment_graph(toy.hits, DoubletConfig(), 0.01)
    wide = build_segment_graph(toy.hits, DoubletConfig(), 3.0)
    assert tight.count_joinable(own) == wide.count_joinable(own) == wide.targets(own).sum()
    assert tight.targets(own).sum() < wide.targets(own).sum()


def test_an_event_without_segments_has_an_empty_graph(toy: Event) -> None:
    line = build_segment_graph(toy.hits, DoubletConfig(), KINK, np.zeros(0, dtype=np.int64))
    assert len(line.segments) == len(line.graph.rows) == len(line.graph.edges) == 0


def test_shipped_weights_are_those_of_their_record() -> None:
    path = weights_path("clew.seeding.weights", "segments")
    record = EdgeNetwork.load(path, SEGMENTS).record
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert record["command"].startswith("clew train")
    assert record["config"]["most_kink"] == record["most_kink"]
    assert 0 < record["results"]["test_loss"] < 1


@pytest.mark.slow
def test_training_learns_and_repeats_bit_for_bit(
    make_toy_event: Callable[..., Event], tmp_path: Path
) -> None:
    from clew.seeding.graph.segments_training import SegmentTask, SegmentTrainingConfig

    for number in (1, 2):
        write_event(tmp_path, replace(make_toy_event(80, seed=number, noise=50), event_id=number))
    paths = [str(tmp_path)]

    def task(seed: int) -> SegmentTask:
        config = SegmentTrainingConfig(
            shape=NetworkShape(units=8, steps=2), sectors=2, events=2, held_out=1, batch=2,
            learning_rate=0.005, epochs=5, seed=seed,
        )  # fmt: skip
        return SegmentTask.open(config, Inputs(paths, paths))

    losses: list[float] = []
    train(task(1), tmp_path / "a", on_epoch=lambda *numbers: losses.append(numbers[2]))
    assert losses[-1] < 0.9 * losses[0]
    train(task(1), tmp_path / "b")
    train(task(2), tmp_path / "c")
    one, again, other = (EdgeNetwork.load(tmp_path / name / "segments.npz", SEGMENTS) for name in "abc")
    assert one.record["sha256"] == again.record["sha256"] != other.record["sha256"]
