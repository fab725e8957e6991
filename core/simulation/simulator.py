"""One event from its number: collisions, transport, interactions, read-out, noise, truth and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.compilation import working_time
from clew.detector import Modules
from clew.event import Cells, Event, Hits, Particles, Truth
from clew.metrics.weights import phase1_weights
from clew.simulation.config import SimulationConfig
from clew.simulation.digitisation import Clusters, digitise
from clew.simulation.generator import Generated, generate
from clew.simulation.interactions import GENERATIONS, beyond_first_layer, interact
from clew.simulation.noise import make_noise
from clew.simulation.transport import Crossings, Transport, transport

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["STAGES", "Simulated", "simulate_event"]

STAGES: Final = ("generation", "transport", "interactions", "digitisation")

_LOWEST_PT: Final = 0.1  # GeV
_LOWEST_TRACED_PT: Final = 0.15  # GeV; particles below stop at the first material
_PROMPT: Final = 1.0  # mm; distance from the beam line within which particles first meet the beam pipe
_LARGEST_ETA: Final = 4.0


@dataclass(frozen=True)
class Simulated:
    """An event and the seconds its stages took."""

    event: Event
    seconds: dict[str, float]


def simulate_event(config: SimulationConfig, event_id: int) -> Simulated:
    """Make one event; it depends on the settings and its number only.

    Raises
    ------
    ConfigError
        If pyacts, chromo or Pythia's data files are missing.
    """
    streams = np.random.SeedSequence([config.seed, event_id]).spawn(3)
    generation, path, readout = (np.random.default_rng(stream) for stream in streams)
    clock = [working_time()]
    generated = generate(config, generation)
    listed = _listed(generated, config)
    clock.append(working_time())
    machine = transport(config.material, config.description)
    traced = listed.take(_traced(listed, config))
    crossings = machine.cross(traced, _seed(path))
    clock.append(working_time())
    if config.interactions:
        listed, traced, crossings = _cascade(listed, traced, crossings, machine.modules, config, path)
    clock.append(working_time())
    event = _read_out(event_id, listed, traced, crossings, machine, config, readout)
    clock.append(working_time())
    return Simulated(event, dict(zip(STAGES, np.diff(clock).tolist(), strict=True)))


def _seed(random: Random) -> int:
    return int(random.integers(1, 1 << 31))


def _listed(particles: Generated, config: SimulationConfig) -> Generated:
    """Return the particles that the TrackML format lists."""
    if config.gun is not None:
        return particles
    pt = np.hypot(particles.momentum[:, 0], particles.momentum[:, 1])
    eta = np.arcsinh(particles.momentum[:, 2] / np.maximum(pt, 1e-9))
    return particles.take((pt > _LOWEST_PT) & (np.abs(eta) < _LARGEST_ETA))


def _traced(particles: Generated, config: SimulationConfig) -> Int64Array:
    """Return the rows of particles that may leave hits: slow ones from the beam line stop in its pipe."""
    if config.gun is not None:
        return np.arange(len(particles))
    pt = np.hypot(particles.momentum[:, 0], particles.momentum[:, 1])
    origin = np.hypot(particles.position[:, 0], particles.position[:, 1])
    return np.flatnonzero((pt > _LOWEST_TRACED_PT) | (config.interactions & (origin > _PROMPT)))


def _cascade(
    listed: Generated,
    traced: Generated,
    crossings: Crossings,
    modules: Modules,
    config: SimulationConfig,
    random: Random,
) -> tuple[Generated, Generated, Crossings]:
    """Let particles interact, carry on with what comes out, and so on."""
    machine = transport(config.material, config.description)
    lowest_pt = _LOWEST_TRACED_PT if config.gun is None else 0.0
    all_listed, all_traced, all_crossings = [listed], [], []
    n_before = 0
    for _ in range(GENERATIONS):
        kept, secondaries = interact(traced, crossings, modules, lowest_pt, random)
        ended = crossings.take(kept)
        all_traced.append(traced)
        all_crossings.append(replace(ended, particle=ended.particle + n_before))
        secondaries = _listed(secondaries, config)
        all_listed.append(secondaries)
        n_before += len(traced)
        traced = secondaries.take(_traced(secondaries, config))
        crossings = machine.cross(traced, _seed(random))
        crossings = crossings.take(beyond_first_layer(traced, crossings, modules, lowest_pt))
    all_traced.append(traced)
    all_crossings.append(replace(crossings, particle=crossings.particle + n_before))
    return Generated.join(all_listed), Generated.join(all_traced), Crossings.join(all_crossings)


def _read_out(
    event_id: int,
    listed: Generated,
    traced: Generated,
    crossings: Crossings,
    machine: Transport,
    config: SimulationConfig,
    random: Random,
) -> Event:
    modules = machine.modules
    place = modules.to_local(crossings.module, crossings.position - modules.centre[crossings.module])
    direction = modules.to_local(crossings.module, crossings.momentum)
    seen = 1.0 - config.inefficiency
    noise_module, noise_place, noise_direction = make_noise(
        modules, machine.kinds.barrel, config.noise / seen, random
    )
    module = np.concatenate([crossings.module, noise_module])
    clusters = digitise(
        module,
        np.concatenate([place, noise_place]),
        np.concatenate([direction, noise_direction]),
        modules,
        machine.kinds,
        config,
        random,
    )
    noise_centre = modules.centre[noise_module].astype(np.float64)
    position = np.concatenate(
        [crossings.position, noise_centre + modules.to_global(noise_module, noise_place)]
    )
    momentum = np.concatenate([crossings.momentum, modules.to_global(noise_module, noise_direction)])
    owner = np.append(traced.particle_id[crossings.particle], np.zeros(len(noise_module), dtype=np.int64))
    return _assemble(event_id, listed, clusters, module, modules, owner, position, momentum)


def _assemble(
    event_id: int,
    listed: Generated,
    clusters: Clusters,
    module: Int32Array,
    modules: Modules,
    owner: Int64Array,
    position: Float64Array,
    momentum: Float64Array,
) -> Event:
    place = module[clusters.crossing]
    order = np.lexsort((clusters.position[:, 0], clusters.position[:, 2], place))
    rows = clusters.crossing[order]
    x, y, z = clusters.position[order].T.astype(np.float32)
    where = place[order]
    hits = Hits(
        hit_id=np.arange(1, len(order) + 1, dtype=np.int64),
        x=x,
        y=y,
        z=z,
        volume=modules.volume[where],
        layer=modules.layer[where],
        module=modules.module[where],
        cells=_ordered_cells(clusters, order),
    )
    particles = _particles(listed, owner[rows])
    truth = Truth(
        particle_id=owner[rows],
        position=position[rows].astype(np.float32),
        momentum=momentum[rows].astype(np.float32),
        weight=np.zeros(len(rows)),
    )
    return Event(event_id, hits, particles, replace(truth, weight=phase1_weights(truth, particles)))


def _ordered_cells(clusters: Clusters, order: Int64Array) -> Cells:
    count = np.diff(clusters.offsets)[order]
    offsets = np.append(0, np.cumsum(count))
    rows = np.arange(offsets[-1]) + np.repeat(clusters.offsets[:-1][order] - offsets[:-1], count)
    return Cells(offsets, clusters.channel[rows], clusters.value[rows])


def _particles(listed: Generated, owner: Int64Array) -> Particles:
    order = np.argsort(listed.particle_id, kind="stable")
    listed = listed.take(order)
    found = np.searchsorted(listed.particle_id, owner[owner != 0])
    return Particles(
        particle_id=listed.particle_id,
        vertex=listed.position.astype(np.float32),
        momentum=listed.momentum.astype(np.float32),
        charge=listed.charge.astype(np.int32),
        n_hits=np.bincount(found, minlength=len(listed)).astype(np.int32),
    )
