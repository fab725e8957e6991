"""Collisions by Pythia 8 (Bierlich et al., arXiv:2203.11601) through chromo, and single particles."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clew.arrays import Float64Array, Int64Array
from clew.errors import ConfigError
from clew.simulation.config import GunConfig, SimulationConfig

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["Generated", "generate", "particle_number", "pythia_data"]

_ENERGY: Final = 14_000.0  # GeV
_STABLE: Final = (11, 13, 22, 130, 211, 321, 2112, 2212)
_SOFT: Final = ("SoftQCD:all = on",)
_HARD: Final = {
    "ttbar": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
    "dijet": ("HardQCD:all = on", "PhaseSpace:pTHatMin = 50."),
}
_REMEDY: Final = "python -m clew.simulation.pythia_data"


@dataclass(frozen=True)
class Generated:
    """Charged particles that set out into the detector.

    Attributes
    ----------
    particle_id : ndarray of shape (n_particles,), int64
        The TrackML number: vertex, place in the vertex, generation, secondary, process.
    pdg : ndarray of shape (n_particles,), int64
    position : ndarray of shape (n_particles, 3), float64, mm
    momentum : ndarray of shape (n_particles, 3), float64, GeV
    charge : ndarray of shape (n_particles,), int64
    """

    particle_id: Int64Array
    pdg: Int64Array
    position: Float64Array
    momentum: Float64Array
    charge: Int64Array

    def __len__(self) -> int:
        return len(self.pdg)

    def take(self, chosen: Any) -> Generated:
        """Return some of the particles, by mask or rows."""
        columns = (self.particle_id, self.pdg, self.position, self.momentum, self.charge)
        return Generated(*(column[chosen] for column in columns))

    @classmethod
    def join(cls, parts: list[Generated]) -> Generated:
        """Return all particles of the parts, one part after the other."""
        names = ("particle_id", "pdg", "position", "momentum", "charge")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def particle_number(
    vertex: Int64Array | int,
    primary: Int64Array | int,
    generation: Int64Array | int = 0,
    secondary: Int64Array | int = 0,
    process: Int64Array | int = 0,
) -> Int64Array:
    """Return TrackML's particle_id; vertex 1 is the hard collision, primary counts from 1."""
    fields = ((vertex, 52), (primary, 36), (generation, 24), (secondary, 12), (process, 0))
    number = np.zeros(1, dtype=np.int64)
    for value, shift in fields:
        number = number | (np.asarray(value, dtype=np.int64) << shift)
    return number


def generate(config: SimulationConfig, random: Random) -> Generated:
    """Return an event's charged particles: the hard collision, then the soft ones; or the gun's."""
    if config.gun is not None:
        return _shoot(config.gun, random)
    n_soft = int(random.poisson(config.pileup))
    spot = random.normal(size=(n_soft + 1, 3)) * (config.sigma_xy, config.sigma_xy, config.sigma_z)
    state = {name: _random_state(random) for name in ("hard", "soft")}
    collisions = []
    if config.process != "none":
        hard = _pythia(_HARD[config.process])
        hard.random_state = state["hard"]
        collisions.append(_collide(hard, 1, spot[0]))
    if n_soft:
        soft = _pythia(_SOFT)
        soft.random_state = state["soft"]
        collisions += [_collide(soft, k + 2, spot[k + 1]) for k in range(n_soft)]
    return Generated.join(collisions) if collisions else _nothing()


def _nothing() -> Generated:
    empty = np.zeros(0, dtype=np.int64)
    return Generated(empty, empty, np.zeros((0, 3)), np.zeros((0, 3)), empty)


def _collide(pythia: Any, vertex: int, origin: Float64Array) -> Generated:
    while not pythia._generate():
        pass
    record, charges = pythia._pythia.event, pythia._pythia.charge()
    final = np.flatnonzero(record.status() == 1)
    charge = np.rint(charges[final]).astype(np.int64)
    rows, place = final[charge != 0], np.flatnonzero(charge) + 1
    position = np.stack([record.vx()[rows], record.vy()[rows], record.vz()[rows]], axis=1)
    momentum = np.stack([record.px()[rows], record.py()[rows], record.pz()[rows]], axis=1)
    return Generated(
        particle_id=particle_number(vertex, place),
        pdg=record.pid()[rows].astype(np.int64),
        position=position + origin,
        momentum=momentum,
        charge=charge[charge != 0],
    )


def _shoot(gun: GunConfig, random: Random) -> Generated:
    n = gun.particles
    pt, eta, phi = (random.uniform(*gun_range, size=n) for gun_range in (gun.pt, gun.eta, gun.phi))
    sign = random.choice((-1, 1), size=n)
    charge = np.full(n, gun.charge) if gun.charge else sign
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
    return Generated(
        particle_id=particle_number(1, np.arange(1, n + 1)),
        pdg=gun.pdg * charge,
        position=np.tile(np.array(gun.vertex), (n, 1)),
        momentum=momentum,
        charge=charge.astype(np.int64),
    )


def _random_state(random: Random) -> dict[str, Any]:
    """Return a fresh state of Pythia's generator (RANMAR): its table holds 24-bit fractions."""
    table = random.integers(0, 1 << 24, size=97) / float(1 << 24)
    scale = float(1 << 24)
    constants = {"c": 362436.0 / scale, "cd": 7654321.0 / scale, "cm": 16777213.0 / scale}
    return {"i97": 96, "j97": 32, "seed": 1, "sequence": 0, "u": table.tolist(), **constants}


@lru_cache(maxsize=4)
def _pythia(settings: tuple[str, ...]) -> Any:
    """Start Pythia once per process; it takes seconds."""
    pythia_data()
    from chromo.kinematics import CenterOfMass
    from chromo.models import Pythia8

    decays = [f"{number}:mayDecay = off" for number in _STABLE]
    config = [*settings, *decays]
    pythia = Pythia8(CenterOfMass(_ENERGY, 2212, 2212), seed=1, config=config, banner=False)
    pythia.final_state_particles = sorted({sign * n for n in _STABLE for sign in (1, -1)} - {-22, -130})
    return pythia


def pythia_data() -> Path:
    """Return the folder of Pythia's data files inside chromo.

    Raises
    ------
    ConfigError
        Naming the command to run, if chromo or the data are not there.
    """
    try:
        import chromo
    except ModuleNotFoundError as error:
        raise ConfigError("chromo is not installed: run pip install 'clew[simulate]'") from error
    folder = Path(os.fspath(chromo.__file__)).parent / "iamdata" / "Pythia8"
    if not (folder / "xmldoc" / "Index.xml").is_file() or not (folder / "tunes").is_dir():
        raise ConfigError(f"Pythia's data files are not in {folder}: run {_REMEDY}")
    return folder
