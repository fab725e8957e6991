"""Every setting of a simulated data set, in one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from clew.detector.shapes import Description
from clew.errors import ConfigError

__all__ = ["PROCESSES", "GunConfig", "Process", "SimulationConfig"]

Process: TypeAlias = Literal["ttbar", "dijet", "none"]
PROCESSES: Final = ("ttbar", "dijet", "none")
"""Hard collisions to choose from; `none` leaves pile-up alone."""


@dataclass(frozen=True)
class GunConfig:
    """Single particles instead of collisions; a range (low, high) is sampled evenly.

    Attributes
    ----------
    particles : int
        Particles per event.
    pdg : int
        PDG number of the positive particle: 211 pion, -13 muon, 2212 proton, -11 positron.
    pt : (float, float), GeV
    eta : (float, float)
    phi : (float, float), rad
    charge : int
        1 or -1; 0 takes either with equal chance.
    vertex : (float, float, float), mm
    """

    particles: int = 1
    pdg: int = -13
    pt: tuple[float, float] = (1.0, 1.0)
    eta: tuple[float, float] = (-2.5, 2.5)
    phi: tuple[float, float] = (-3.141592653589793, 3.141592653589793)
    charge: int = 0
    vertex: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse settings that make no particles."""
        _require(self.particles >= 1, "gun.particles", self.particles, "at least 1")
        _require(self.charge in (-1, 0, 1), "gun.charge", self.charge, "-1, 0 or 1")
        _require(self.pdg in (211, -13, 2212, -11, 321), "gun.pdg", self.pdg, "211, 321, 2212, -13 or -11")
        for name in ("pt", "eta", "phi"):
            low, high = getattr(self, name)
            _require(low <= high, f"gun.{name}", (low, high), "a value, or a range low:high")
        _require(self.pt[0] >= 0.05, "gun.pt", self.pt[0], "at least 0.05 GeV")
        _require(max(map(abs, self.eta)) <= 5, "gun.eta", self.eta, "within -5 to 5")


@dataclass(frozen=True)
class SimulationConfig:
    """What an event depends on besides its number.

    Attributes
    ----------
    seed : int
    pileup : float
        Mean number of soft collisions, Poisson distributed; the hard one comes on top.
    process : {"ttbar", "dijet", "none"}
        The hard collision.
    sigma_xy, sigma_z : float, mm
        Size of the beam spot, which is centred on the origin.
    noise : float
        Mean number of noise hits per module.
    inefficiency : float
        Chance of a crossing to leave no hit.
    threshold : float, mm
        Path length below which a cell is not read out; silicon of 1 mm gives 1.
    smearing : float
        Relative spread of a pixel's charge.
    interactions : bool
        Hadrons interact with the detector's nuclei.
    material : bool
        Particles scatter and lose energy.
    gun : GunConfig or None
        Single particles in place of the collisions.
    description : Description or None
        A detector of one's own in place of TrackML's; hadrons do not interact in it.
    """

    seed: int = 1
    pileup: float = 200.0
    process: Process = "ttbar"
    sigma_xy: float = 0.0145
    sigma_z: float = 5.5
    noise: float = 0.945
    inefficiency: float = 0.005
    threshold: float = 0.0
    smearing: float = 0.1
    interactions: bool = True
    material: bool = True
    gun: GunConfig | None = None
    description: Description | None = None

    def __post_init__(self) -> None:
        """Refuse settings outside their range."""
        _require(self.seed >= 0, "seed", self.seed, "a whole number from 0")
        _require(0 <= self.pileup <= 1000, "pileup", self.pileup, "0 to 1000")
        _require(self.process in PROCESSES, "process", self.process, ", ".join(PROCESSES))
        _require(0 <= self.sigma_xy <= 10, "sigma_xy", self.sigma_xy, "0 to 10 mm")
        _require(0 <= self.sigma_z <= 500, "sigma_z", self.sigma_z, "0 to 500 mm")
        _require(0 <= self.noise <= 100, "noise", self.noise, "0 to 100 hits per module")
        _require(0 <= self.inefficiency < 1, "inefficiency", self.inefficiency, "from 0 to below 1")
        _require(0 <= self.threshold <= 0.2, "threshold", self.threshold, "0 to 0.2 mm")
        _require(0 <= self.smearing <= 0.3, "smearing", self.smearing, "0 to 0.3")
        some = self.gun is not None or self.pileup > 0 or self.process != "none"
        plain = self.description is None or not self.interactions
        _require(plain, "interactions", self.interactions, "none: they are known for TrackML's detector only")
        _require(some, "process", self.process, "a hard process, pile-up or a gun: there are no particles")

    def to_dict(self) -> dict[str, Any]:
        """Return all settings, fit for TOML; the gun's table is left out where there is no gun."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(f"{name} is {value}: choose {allowed}")
