"""Training of the condensation network: filtered graphs of events, sector by sector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float32Array, Int32Array, Int64Array
from clew.event import Event
from clew.io import EventSource, read_event
from clew.learning.events import EventTask
from clew.metrics.matching import particle_rows
from clew.networks.keras import compile_model
from clew.networks.shipped import weights_path
from clew.seeding.condensation.network import CondensationShape, build_keras_model
from clew.seeding.graph.filtering import N_FILTERED_EDGE_FEATURES, EdgeFilter, Filtered
from clew.seeding.graph.network import EdgeNetwork
from clew.seeding.graph.training import Sample, batch_of, sectors
from clew.settings import Name, within

__all__ = ["CondensationTask", "CondensationTrainingConfig", "LossWeights"]

_FEWEST: Final = 3
"""Hits of an object."""


@dataclass(frozen=True)
class LossWeights:
    """What each term of the loss counts; see `clew.networks.losses.condensation_terms`."""

    least_charge: Annotated[float, within(0, 1000)] = 0.3
    attractive: Annotated[float, within(0, 1000)] = 1.0
    repulsive: Annotated[float, within(0, 1000)] = 20.0
    coward: Annotated[float, within(0, 1000)] = 0.5
    background: Annotated[float, within(0, 1000)] = 0.5


@dataclass(frozen=True)
class CondensationTrainingConfig:
    """Settings of a training of the condensation network.

    Attributes
    ----------
    name : str
        What the weights are called.
    filter : str
        Shipped weights of the edge filter, by name, or an .npz; they stay as they are.
    threshold : float
        Edges that the filter scores higher are kept.
    shape : CondensationShape
    loss : LossWeights
    least_pt : float, GeV
        Particles above it are objects; hits of others, and noise, are background.
    material : int
        Training events at most; each is filtered once and kept, 5 MB at pile-up 200.
    sectors : int
        Equal parts of the azimuth that an event's graph is cut into, turned anew for each epoch; each is a
        step of the training.
    events, held_out : int
        Events of an epoch, the next one goes on with others; of the validation and of the test set.
    mixed : int
        Events whose sectors are mixed.
    learning_rate : float
        Of Nadam at the start.
    epochs, patience, seed : int
        See `clew.learning.Task`.
    """

    name: Name = "condensation"
    filter: str = "edges-pixels"
    threshold: Annotated[float, within(0, 0.999)] = 0.01
    shape: CondensationShape = field(default_factory=CondensationShape)
    loss: LossWeights = field(default_factory=LossWeights)
    least_pt: Annotated[float, within(0, 100)] = 0.5
    material: Annotated[int, within(1, 100_000)] = 100
    sectors: Annotated[int, within(1, 1000)] = 12
    events: Annotated[int, within(1, 100_000)] = 100
    held_out: Annotated[int, within(1, 1000)] = 5
    mixed: Annotated[int, within(1, 1000)] = 10
    learning_rate: Annotated[float, within(1e-8, 1)] = 0.001
    epochs: Annotated[int, within(1, 100_000)] = 20
    patience: Annotated[int, within(1, 100_000)] = 6
    seed: Annotated[int, within(0, 2**32 - 1)] = 1


class Prepared(NamedTuple):
    """An event's filtered graph, the azimuth of its nodes [rad], and the object of each, -1 for none."""

    filtered: Filtered
    phi: Float32Array
    objects: Int64Array


SectorInputs = tuple[Float32Array, Float32Array, Int32Array, Float32Array]


@dataclass(frozen=True)
class CondensationTask(EventTask[CondensationTrainingConfig]):
    """Learn to bring the hits of a particle together; see `clew.learning.Task`."""

    @cached_property
    def _filter(self) -> EdgeFilter:
        path = weights_path("clew.seeding.weights", self.config.filter)
        return EdgeFilter(EdgeNetwork.load(path), self.config.threshold)

    def identity(self) -> dict[str, Any]:
        """Return settings, material and the filter's checksum."""
        return super().identity() | {"filter_sha256": self._filter.network.record["sha256"]}

    def record(self) -> dict[str, Any]:
        """Return what reconstruction needs to know, settings and material."""
        about = {"network": "condensation", "shape": self.settings()["shape"]}
        about |= {"filter": self.config.filter, "threshold": self.config.threshold}
        return about | {"filter_sha256": self._filter.network.record["sha256"]} | super().record()

    def compiled_model(self) -> Any:
        """Return the network with Nadam."""
        from clew.networks.losses import condensation_loss

        c = self.config
        loss = condensation_loss(**asdict(c.loss))
        return compile_model(
            build_keras_model(c.shape), loss, c.learning_rate, c.epochs * c.events * c.sectors
        )

    def batches(self, epoch: int) -> Iterator[tuple[SectorInputs, Float32Array]]:
        """Yield the sectors of the epoch's events."""
        c = self.config
        for visits, rng in self.visits(self.sources["training"][: c.material], epoch):
            pool = [
                part
                for source, turn in visits
                for part in sector_batches(self._load(source), c.sectors, turn)
            ]
            for number in rng.permutation(len(pool)):
                yield pool[number]

    @cached_property
    def _cache(self) -> dict[str, Prepared]:
        return {}

    def _load(self, source: EventSource) -> Prepared:
        """Return an event's filtered graph, which is made once."""
        key = source.fingerprint("")
        if key not in self._cache:
            self._cache[key] = prepare(read_event(source), self._filter, self.config.least_pt)
        return self._cache[key]

    def held_out_loss(self, model: Any, name: str) -> float:
        """Return the mean loss of the validation or the test events' sectors."""
        losses = []
        for source in self.sources[name][: self.config.held_out]:
            for inputs, targets in sector_batches(self._load(source), self.config.sectors, 0.0):
                losses.append(float(model.test_on_batch(inputs, targets)))
                model.reset_metrics()
        return float(np.mean(losses))


def prepare(event: Event, edge_filter: EdgeFilter, least_pt: float) -> Prepared:
    """Filter the graph of an event with truth, and name each node's object."""
    filtered = edge_filter(event.hits)
    rows = filtered.graph.rows
    truth, particles = event.truth, event.particles
    assert truth is not None
    assert particles is not None
    own = particle_rows(truth, particles)[rows]
    hard = np.append(particles.pt > least_pt, False)[own]
    return Prepared(filtered, event.hits.phi[rows], np.where(hard, own, -1))


def sector_batches(event: Prepared, n: int, turn: float) -> list[tuple[SectorInputs, Float32Array]]:
    """Cut an event into n sectors and return the inputs and targets of each, padded to few shapes."""
    graph = event.filtered.graph
    both = np.concatenate([graph.edge_features, event.filtered.helix], axis=1)
    whole = Sample(replace(graph, edge_features=both), np.ones(len(both), dtype=np.bool_))
    parts = sectors(whole, event.phi, n, turn)
    return [
        _sector_batch(part, event.objects[np.searchsorted(graph.rows, part.graph.rows)]) for part in parts
    ]


def _sector_batch(part: Sample, objects: Int64Array) -> tuple[SectorInputs, Float32Array]:
    from clew.networks.losses import ROWS_PER_OBJECT

    numbers, real = _numbered(objects)
    (nodes, both, ends), _ = batch_of([part])
    n = max(len(nodes), ROWS_PER_OBJECT * (int(numbers.max(initial=-1)) + 1))
    targets = np.stack([numbers, real], axis=1).astype(np.float32)
    edges, helix = np.split(both, [N_FILTERED_EDGE_FEATURES], axis=1)
    return (_padded(nodes, n), edges, ends, helix), _padded(targets, n)


def _numbered(objects: Int64Array) -> tuple[Int64Array, BoolArray]:
    """Give a sector's objects numbers from 0; ones cut to less than three hits are none and count nothing."""
    _, number, count = np.unique(objects, return_inverse=True, return_counts=True)
    whole = (objects >= 0) & (count[number] >= _FEWEST)
    _, again = np.unique(objects[whole], return_inverse=True)
    found = np.full(len(objects), -1, dtype=np.int64)
    found[whole] = again
    return found, whole | (objects < 0)


def _padded(rows: Float32Array, n: int) -> Float32Array:
    return np.pad(rows, ((0, n - len(rows)), (0, 0)))
