"""Training of the edge classifier: graphs of events in sectors, batches of graphs of like size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float32Array, Int32Array
from clew.event import Event
from clew.io import EventSource, read_event
from clew.learning.events import EventTask
from clew.networks.keras import compile_model
from clew.seeding.graph.doublets import DoubletConfig
from clew.seeding.graph.graph import Graph, build_graph
from clew.seeding.graph.interaction import NetworkShape
from clew.seeding.graph.network import DOUBLETS, GraphKind, build_keras_model
from clew.seeding.graph.selection import SelectionConfig, particle_of_hits, selected_hits
from clew.settings import Name, within

__all__ = ["EdgeTask", "EdgeTrainingConfig", "Sample", "batch_of", "like_size"]

_MOST_BYTES: Final = 1_000_000_000  # of graphs kept in memory


@dataclass(frozen=True)
class EdgeTrainingConfig:
    """Settings of a training of the edge classifier.

    Attributes
    ----------
    name : str
        What the weights are called.
    doublets : DoubletConfig
    selection : SelectionConfig
    shape : NetworkShape
    sectors : int
        Equal parts of the azimuth that an event's graph is cut into, turned anew for each epoch.
    events, held_out : int
        Events of an epoch, the next one goes on with others; of the validation and of the test set.
    mixed : int
        Events whose sectors are mixed before batches are cut.
    batch : int
        Graphs of a batch.
    learning_rate : float
        Of Nadam at the start, for each graph of a batch: larger batches, larger steps (Goyal et al., 2017).
    true_weight : float
        What a true edge counts against a false one.
    epochs, patience, seed : int
        See `clew.learning.Task`.
    """

    name: Name = "edges"
    doublets: DoubletConfig = field(default_factory=DoubletConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    shape: NetworkShape = field(default_factory=NetworkShape)
    sectors: Annotated[int, within(1, 1000)] = 8
    events: Annotated[int, within(1, 100_000)] = 60
    held_out: Annotated[int, within(1, 1000)] = 5
    mixed: Annotated[int, within(1, 1000)] = 10
    batch: Annotated[int, within(1, 1000)] = 4
    learning_rate: Annotated[float, within(1e-8, 1)] = 0.0005
    true_weight: Annotated[float, within(0.001, 1000)] = 1.0
    epochs: Annotated[int, within(1, 100_000)] = 20
    patience: Annotated[int, within(1, 100_000)] = 6
    seed: Annotated[int, within(0, 2**32 - 1)] = 1


class Sample(NamedTuple):
    """A graph and which of its edges are true."""

    graph: Graph
    truth: BoolArray


Batch = tuple[tuple[Float32Array, Float32Array, Int32Array], Float32Array]


@dataclass(frozen=True)
class EdgeTask(EventTask[EdgeTrainingConfig]):
    """Learn which doublets join hits of one particle; see `clew.learning.Task`.

    Subclasses may learn it of the edges of other graphs.
    """

    kind: ClassVar[GraphKind] = DOUBLETS

    def record(self) -> dict[str, Any]:
        """Return what reconstruction needs to know, settings and material."""
        config = self.settings()
        about = {"network": self.kind.name, "shape": config["shape"], "doublets": config["doublets"]}
        return about | super().record()

    def sample(self, event: Event) -> tuple[Sample, Float32Array]:
        """Return an event's graph with the truth, and the azimuth of its nodes [rad]."""
        sample = sample_of(event, self.config.doublets, self.config.selection)
        return sample, event.hits.phi[sample.graph.rows]

    def compiled_model(self) -> Any:
        """Return the network with Nadam."""
        from clew.networks.losses import weighted_cross_entropy

        c = self.config
        steps = c.epochs * max(c.events * c.sectors // c.batch, 1)
        return compile_model(
            build_keras_model(c.shape, self.kind), weighted_cross_entropy, c.learning_rate * c.batch, steps
        )

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the epoch's events in sectors, graphs of like size together."""
        c = self.config
        for visits, rng in self.visits(self.sources["training"], epoch):
            pool = [part for source, turn in visits for part in sectors(*self._load(source), c.sectors, turn)]
            groups = like_size(pool, c.batch)
            for number in rng.permutation(len(groups)):
                yield batch_of(groups[number], c.true_weight)

    @cached_property
    def _cache(self) -> dict[str, tuple[Sample, Float32Array]]:
        return {}

    def _load(self, source: EventSource) -> tuple[Sample, Float32Array]:
        """Return an event's graph and its nodes' azimuth; some are kept, as reading takes long."""
        key = source.fingerprint("")
        if key not in self._cache:
            found = self.sample(read_event(source))
            if sum(s.graph.edge_features.nbytes for s, _ in self._cache.values()) > _MOST_BYTES:
                return found
            self._cache[key] = found
        return self._cache[key]

    def held_out_loss(self, model: Any, name: str) -> float:
        """Return the mean loss on the validation or the test events, sector by sector."""
        total, n = 0.0, 0
        for batch, targets in self._held_out(name):
            total += len(targets) * float(model.test_on_batch(batch, targets))
            n += len(targets)
            model.reset_metrics()
        return total / n

    def _held_out(self, name: str) -> list[Batch]:
        c = self.config
        pool = [
            sample
            for source in self.sources[name][: c.held_out]
            for sample in sectors(*self._load(source), c.sectors, 0.0)
        ]
        return [batch_of(group, c.true_weight) for group in like_size(pool, c.batch)]


def sample_of(event: Event, doublets: DoubletConfig, selection: SelectionConfig) -> Sample:
    """Return the graph of an event's selected hits, and which of its edges are true."""
    graph = build_graph(event.hits, doublets, selected_hits(event, selection))
    return Sample(graph, graph.targets(particle_of_hits(event)))


def sectors(sample: Sample, phi: Float32Array, n: int, turn: float) -> list[Sample]:
    """Cut a graph into n equal parts of the azimuth, the first of which begins at `turn` [rad]."""
    if n == 1:
        return [sample]
    number = (((phi - turn) % (2 * np.pi)) * (n / (2 * np.pi))).astype(np.int64)
    graph, parts = sample.graph, []
    ends = number[graph.edges]
    for k in range(n):
        inside = (ends == k).all(axis=1)
        parts.append(Sample(graph.cut(inside), sample.truth[inside]))
    return [part for part in parts if len(part.truth)]


def like_size(samples: Sequence[Sample], batch: int) -> list[list[Sample]]:
    """Group graphs of like numbers of edges, so that the batches' sizes are balanced."""
    ordered = sorted(samples, key=lambda sample: len(sample.truth))
    return [ordered[k : k + batch] for k in range(0, len(ordered), batch)]


def batch_of(samples: Sequence[Sample], true_weight: float = 1.0) -> Batch:
    """Return several graphs as one, padded to one of few shapes.

    Padding edges join a node of their own and count nothing.
    """
    nodes = np.concatenate([s.graph.node_features for s in samples])
    edges = np.concatenate([s.graph.edge_features for s in samples])
    shifts = np.cumsum([0, *(len(s.graph.rows) for s in samples[:-1])])
    ends = np.concatenate([s.graph.edges + shift for s, shift in zip(samples, shifts, strict=True)])
    truth = np.concatenate([s.truth for s in samples])
    n_nodes, n_edges = _padded(len(nodes) + 1), _padded(len(edges))
    weight = np.where(truth, true_weight, 1.0) * (n_edges / len(truth))
    targets = np.column_stack([truth, weight]).astype(np.float32)
    more = n_edges - len(edges)
    idle = np.full((more, 2), len(nodes), dtype=np.int32)
    inputs = (
        np.pad(nodes, ((0, n_nodes - len(nodes)), (0, 0))),
        np.pad(edges, ((0, more), (0, 0))),
        np.concatenate([ends.astype(np.int32), idle]),
    )
    return inputs, np.pad(targets, ((0, more), (0, 0)))


def _padded(n: int) -> int:
    """Return the next size up, in steps of an eighth of the power of two below."""
    step = max(1 << max(n.bit_length() - 4, 0), 64)
    return -(-n // step) * step
