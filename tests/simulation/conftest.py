"""A thousand muons, with and without material, shot once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from clew.detector import Modules
from clew.event import Event
from clew.simulation import GunConfig, SimulationConfig
from clew.simulation.simulator import simulate_event
from clew.simulation.transport import transport


def muons(particles: int = 300, eta: float = 0.8, pt: float = 2.0) -> GunConfig:
    return GunConfig(particles=particles, pdg=-13, pt=(pt, pt), eta=(-eta, eta))


@pytest.fixture(scope="session")
def modules() -> Modules:
    return transport(True).modules


@pytest.fixture(scope="session")
def ideal_muons() -> Event:
    """Muons without material, noise and inefficiency."""
    config = SimulationConfig(gun=muons(), material=False, noise=0, inefficiency=0)
    return simulate_event(config, 1).event


@pytest.fixture(scope="session")
def real_muons() -> Event:
    """Muons of 1 GeV that scatter and lose energy."""
    config = SimulationConfig(gun=muons(1000, 1.2, 1.0), noise=0, inefficiency=0)
    return simulate_event(config, 1).event


@pytest.fixture(scope="session")
def along_track() -> Callable[[Event], list[np.ndarray]]:
    """Return a function that gives each particle's hit rows in the order of its path."""

    def rows(event: Event) -> list[np.ndarray]:
        distance = np.linalg.norm(event.truth.position, axis=1)
        order = np.lexsort((distance, event.truth.particle_id))
        split = np.flatnonzero(np.diff(event.truth.particle_id[order])) + 1
        return np.split(order, split)

    return rows
