"""A second detector, made by hand: six cylinders in an even field, with helices of which all is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest

from clew.detector import Detector, Layer, LayerClass, Lengths, SeedLengths, Solenoid
from clew.event import Event, Hits, Particles, Truth

RADII: Final = (40.0, 90.0, 160.0, 260.0, 380.0, 520.0)
HALF_LENGTH: Final = 900.0
ACROSS, ALONG = 0.01, 0.02  # errors of hits, mm


@pytest.fixture(scope="session")
def six_cylinders() -> Detector:
    """Return the detector: volume 1, layers 1 to 6, 1.5 T."""
    kind = LayerClass("pixel barrel", ACROSS, ALONG, 0.02, 0.02, (0.03, 0.03, 0.03), stagger=0.1)
    return Detector(
        name="six cylinders",
        layers=tuple(
            Layer(1, number, True, radius, (0.0, HALF_LENGTH), 1, kind.name)
            for number, radius in enumerate(RADII, start=1)
        ),
        classes={kind.name: kind},
        solenoid=Solenoid.uniform(1.5),
        lengths=Lengths(
            depth=2.0,
            edge=6.0,
            ahead=8.0,
            again=30.0,
            longest=1000.0,
            step=300.0,
            loose=80.0,
            slack=20.0,
            spread=30.0,
            least_r=30.0,
            outside=530.0,
            beam_spot=50.0,
        ),
        seed_lengths=SeedLengths(
            across=0.03, least_gap=3.0, least_arc=4.0, unseen=150.0, loose=60.0, slack=30.0, outside=530.0
        ),
        radiation_lengths=0.01,
        most_obliquity=6.0,
    )


@dataclass(frozen=True)
class Helix:
    """A particle from (0, 0, z0): pT [GeV], azimuth and dz/darc there, charge."""

    pt: float
    phi: float
    slope: float
    charge: int
    z0: float

    def at(self, r: float, bending: float) -> tuple[float, float, float]:
        """Return x, y, z where the helix first is at a distance from the beam line; it is a circle across."""
        radius = self.pt / bending
        turned = np.arcsin(r / (2.0 * radius))
        phi = self.phi - self.charge * turned
        return r * np.cos(phi), r * np.sin(phi), self.z0 + self.slope * 2.0 * radius * turned

    def momentum(self, r: float, bending: float) -> tuple[float, float, float]:
        """Return the momentum [GeV] there: it has turned by twice as much as the place."""
        psi = self.phi - 2.0 * self.charge * np.arcsin(r * bending / (2.0 * self.pt))
        return self.pt * np.cos(psi), self.pt * np.sin(psi), self.pt * self.slope


@pytest.fixture(scope="session")
def make_helices() -> Callable[..., Event]:
    """Return a function that makes an event of helices in a detector of cylinders."""

    def make(detector: Detector, n: int = 40, seed: int = 0) -> Event:
        rng = np.random.default_rng(seed)
        helices = [
            Helix(
                pt=float(np.exp(rng.uniform(np.log(0.5), np.log(3.0)))),
                phi=float(rng.uniform(-np.pi, np.pi)),
                slope=float(np.sinh(rng.uniform(-1.0, 1.0))),
                charge=int(rng.choice((-1, 1))),
                z0=float(rng.normal(0.0, 5.0)),
            )
            for _ in range(n)
        ]
        bending = detector.solenoid.bending
        points = np.array([helix.at(one.position, bending) for helix in helices for one in detector.layers])
        layers, owner = detector.layers * n, np.repeat(np.arange(1, n + 1), len(detector))
        order = rng.permutation(len(points))
        hits = _measured(points[order], [layers[k] for k in order], detector, rng)
        share = np.full(len(points), 1.0 / len(points))
        momenta = [helix.momentum(one.position, bending) for helix in helices for one in detector.layers]
        momentum = np.array(momenta, dtype=np.float32)[order]
        truth = Truth(owner[order], points[order].astype(np.float32), momentum, share)
        return Event(1, hits, _particles(helices, len(detector)), truth)

    return make


def _measured(points: np.ndarray, layers: list[Layer], detector: Detector, rng: np.random.Generator) -> Hits:
    """Smear points along their cylinders by what the detector says its errors are."""
    r = np.hypot(points[:, 0], points[:, 1])
    phi = np.arctan2(points[:, 1], points[:, 0]) + rng.normal(0.0, ACROSS, len(points)) / r
    z = points[:, 2] + rng.normal(0.0, ALONG, len(points))
    return Hits(
        np.arange(1, len(points) + 1),
        (r * np.cos(phi)).astype(np.float32),
        (r * np.sin(phi)).astype(np.float32),
        z.astype(np.float32),
        np.array([layer.volume for layer in layers], dtype=np.int32),
        np.array([layer.layer for layer in layers], dtype=np.int32),
        np.ones(len(points), dtype=np.int32),
        detector=detector,
    )


def _particles(helices: list[Helix], n_hits: int) -> Particles:
    n = len(helices)
    pt, phi, slope = (np.array([getattr(h, name) for h in helices]) for name in ("pt", "phi", "slope"))
    vertex = np.zeros((n, 3), dtype=np.float32)
    vertex[:, 2] = [helix.z0 for helix in helices]
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * slope], axis=1).astype(np.float32)
    charge = np.array([helix.charge for helix in helices], dtype=np.int32)
    return Particles(np.arange(1, n + 1), vertex, momentum, charge, np.full(n, n_hits, dtype=np.int32))
