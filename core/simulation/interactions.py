"""Hadrons that interact with the detector's nuclei: the particle ends, a few soft ones set out.

Fatras has no hadronic interactions, and its navigation skips some of the passive discs.  Both are made good
here: the path between crossings is followed through all passive material, and what comes out of an
interaction is drawn from the spectra of the TrackML data set (Amrouche et al., arXiv:1904.06778), whose
secondaries are soft and nearly isotropic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.kernels import copy_into, kernel
from clew.records import RecordArray, record_dtype
from clew.simulation.generator import Generated, particle_number
from clew.simulation.transport import Crossings

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["GENERATIONS", "interact"]

GENERATIONS: Final = 5
"""Interactions in a row, at most."""

_SILICON_LENGTH: Final = 465.2  # mm
_BERYLLIUM_LENGTH: Final = 407.0  # mm
_SCALE: Final = 1.3
_MODULE_WEIGHT: Final = 8.5
_PIXEL_BARREL: Final = 8
_MODULE_THICKNESS: Final = {
    7: 0.15,
    8: 0.11,
    9: 0.15,
    12: 0.25,
    13: 0.25,
    14: 0.25,
    16: 0.35,
    17: 0.35,
    18: 0.35,
}

_STEEPEST: Final = 5.0
"""Largest inclination that counts in the pixel barrel: the data's interactions there grow little with it."""


class Cylinder:
    """Fields of a passive cylinder.

    Attributes
    ----------
    radius, half_length : float, mm
    thickness : float
        In interaction lengths.
    most_inclination : float
        Tracks more inclined do not see more of it.
    """

    radius: float
    half_length: float
    thickness: float
    most_inclination: float


class Disc:
    """Fields of passive discs, one on each side.

    Attributes
    ----------
    z, low, high : float, mm
        abs(z), inner and outer radius.
    thickness : float
        In interaction lengths.
    """

    z: float
    low: float
    high: float
    thickness: float


_CYLINDERS: Final = np.array(
    [
        (19.0, 3000.0, 1.0 / _BERYLLIUM_LENGTH, _STEEPEST),
        (35.5, 493.0, 1.3 / _SILICON_LENGTH, _STEEPEST),
        (75.0, 493.0, 1.0 / _SILICON_LENGTH, _STEEPEST),
        (118.8, 493.0, 1.2 / _SILICON_LENGTH, _STEEPEST),
        (174.7, 493.0, 0.8 / _SILICON_LENGTH, _STEEPEST),
        (200.0, 2800.0, 2.2 / _BERYLLIUM_LENGTH, 20.0),
        (255.4, 1086.0, 2.5 / _SILICON_LENGTH, 20.0),
        (355.1, 1086.0, 1.6 / _SILICON_LENGTH, 20.0),
        (494.9, 1086.0, 1.6 / _SILICON_LENGTH, 20.0),
        (654.7, 1086.0, 1.5 / _SILICON_LENGTH, 20.0),
        (814.6, 1086.0, 1.7 / _SILICON_LENGTH, 20.0),
        (1014.5, 1086.0, 1.7 / _SILICON_LENGTH, 20.0),
    ],
    dtype=record_dtype(Cylinder),
)

_PIXEL_DISCS: Final = (600.0, 700.0, 820.0, 960.0, 1100.0, 1300.0, 1500.0)
_STRIP_DISCS: Final = (1220.0, 1500.0, 1800.0, 2150.0, 2550.0, 2950.0)
_DISCS: Final = np.array(
    [(570.6, 29.0, 177.2, 7.5 / _SILICON_LENGTH)]
    + [(z, 29.0, 177.2, 1.5 / _SILICON_LENGTH) for z in _PIXEL_DISCS]
    + [(1182.7, 235.0, 706.1, 3.75 / _SILICON_LENGTH), (1181.9, 745.0, 1027.5, 5.25 / _SILICON_LENGTH)]
    + [(z, 235.0, 706.1, 2.5 / _SILICON_LENGTH) for z in _STRIP_DISCS]
    + [(z, 745.0, 1027.5, 3.5 / _SILICON_LENGTH) for z in _STRIP_DISCS],
    dtype=record_dtype(Disc),
)

_MULTIPLICITY: Final = np.cumsum((0.395, 0.385, 0.17, 0.05))
_LEVELS: Final = np.array((0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0))
_MOMENTA: Final = np.array((0.1, 0.108, 0.124, 0.188, 0.273, 0.381, 0.55, 0.65, 0.8))
"""Quantiles of the secondaries' momenta, GeV."""

_LEADING: Final = 0.06
"""Share of interactions from which a fast particle goes on."""

_NOWHERE: Final = 1e10  # mm
_LOWEST_PT: Final = 0.1  # GeV
_KINDS: Final = np.array((211, -211, 2212))
_SHARES: Final = (0.6, 0.28, 0.12)
_HADRONS: Final = (211, 321, 2212, 3112, 3222, 3312, 3334)


class _Material(NamedTuple):
    """The passive material: records of `Cylinder` and of `Disc`."""

    cylinders: RecordArray
    discs: RecordArray


class _Paths(NamedTuple):
    """Where particles go.

    Attributes
    ----------
    start, start_momentum : ndarray of shape (n_particles, 3), float64
        Position [mm] and momentum [GeV].
    first : ndarray of shape (n_particles + 1,), int64
        Where the crossings of each particle begin.
    position, momentum : ndarray of shape (n_crossings, 3), float64
    depth : ndarray of shape (n_crossings,), float64
        Interaction lengths in the modules crossed.
    """

    start: Float64Array
    start_momentum: Float64Array
    first: Int64Array
    position: Float64Array
    momentum: Float64Array
    depth: Float64Array


class _Leg(NamedTuple):
    """A path between two points: positions [mm] and momenta [GeV] there, shape (3,) each."""

    begin: Float64Array
    begin_momentum: Float64Array
    end: Float64Array
    end_momentum: Float64Array


def interact(
    particles: Generated,
    crossings: Crossings,
    modules_volume: Int64Array,
    cosine: Float64Array,
    random: Random,
) -> tuple[BoolArray, Generated]:
    """Let particles interact on their way.

    Parameters
    ----------
    particles : Generated
    crossings : Crossings
        Of these particles.
    modules_volume : ndarray of shape (n_modules,), int
        Volume of each module.
    cosine : ndarray of shape (n_crossings,), float64
        Of the angle between path and module normal, positive.
    random : numpy Generator

    Returns
    -------
    kept : ndarray of shape (n_crossings,), bool
        Crossings that lie before the particle's end.
    secondaries : Generated
    """
    lengths = np.array([_MODULE_THICKNESS.get(volume, 0.0) for volume in range(32)])
    depth = lengths[modules_volume[crossings.module]] / _SILICON_LENGTH * _MODULE_WEIGHT
    steep = np.where(modules_volume[crossings.module] == _PIXEL_BARREL, 1.0 / _STEEPEST, 0.05)
    depth = _SCALE * depth / np.maximum(cosine, steep)
    first = np.searchsorted(crossings.particle, np.arange(len(particles) + 1))
    limit = random.exponential(size=len(particles))
    limit[~np.isin(np.abs(particles.pdg), _HADRONS)] = np.inf
    start, start_momentum = particles.position, particles.momentum
    paths = _Paths(start, start_momentum, first, crossings.position, crossings.momentum, depth / _SCALE)
    end, vertex, momentum = _follow(paths, _Material(_CYLINDERS, _DISCS), limit / _SCALE)
    place = np.arange(len(crossings)) - first[crossings.particle]
    kept = place < end[crossings.particle]
    parents = np.flatnonzero(vertex[:, 2] < _NOWHERE)
    return kept, _secondaries(particles.take(parents), vertex[parents], momentum[parents], random)


@kernel(owns=True)
def _follow(
    paths: _Paths, material: _Material, limit: Float64Array
) -> tuple[Int64Array, Float64Array, Float64Array]:
    """Return how many crossings each particle keeps, where it ends and its momentum there.

    `limit` is the number of interaction lengths that each particle meets before it ends.  Particles that end
    nowhere are at _NOWHERE.
    """
    n = len(paths.first) - 1
    end = np.empty(n, dtype=np.int64)
    vertex = np.full((n, 3), _NOWHERE)
    last = np.zeros((n, 3))
    spot = np.empty(3)
    for i in range(n):
        begin, stop, left = paths.first[i], paths.first[i + 1], limit[i]
        end[i] = stop - begin
        here, toward = paths.start[i], paths.start_momentum[i]
        for k in range(begin, stop):
            position, momentum = paths.position[k], paths.momentum[k]
            left = _between(_Leg(here, toward, position, momentum), material, left, spot)
            if left <= 0.0:
                end[i] = k - begin
                copy_into(vertex[i], spot, 3)
                copy_into(last[i], toward, 3)
                break
            left -= paths.depth[k]
            if left <= 0.0:
                end[i] = k - begin + 1
                copy_into(vertex[i], position, 3)
                copy_into(last[i], momentum, 3)
                break
            here, toward = position, momentum
    return end, vertex, last


@kernel
def _between(leg: _Leg, material: _Material, left: float, spot: Float64Array) -> float:
    """Take the passive material along a leg off `left`; `spot` is where it is used up."""
    a, b, momentum = leg.begin, leg.end, leg.end_momentum
    size = np.sqrt(momentum[0] ** 2 + momentum[1] ** 2 + momentum[2] ** 2)
    ra, rb = np.hypot(a[0], a[1]), np.hypot(b[0], b[1])
    for k in range(len(material.cylinders)):
        cylinder = material.cylinders[k]
        if (ra < cylinder.radius) != (rb < cylinder.radius):
            _meet(leg, cylinder.radius, True, spot)
            if abs(spot[2]) < cylinder.half_length:
                across = abs(momentum[0] * spot[0] + momentum[1] * spot[1]) / cylinder.radius
                inclination = size / max(across, 1e-3 * size)
                left -= cylinder.thickness * min(inclination, cylinder.most_inclination)
                if left <= 0.0:
                    return left
    for k in range(len(material.discs)):
        disc = material.discs[k]
        z = disc.z if b[2] + a[2] > 0 else -disc.z
        if (a[2] < z) != (b[2] < z):
            _meet(leg, z, False, spot)
            if disc.low < np.hypot(spot[0], spot[1]) < disc.high:
                left -= disc.thickness * size / max(abs(momentum[2]), 0.05 * size)
                if left <= 0.0:
                    return left
    return left


@kernel
def _meet(leg: _Leg, target: float, cylinder: bool, spot: Float64Array) -> None:
    """Set `spot` to where a leg meets a radius or a z, by bisection."""
    low, high = 0.0, 1.0
    below = (np.hypot(leg.begin[0], leg.begin[1]) if cylinder else leg.begin[2]) < target
    for _ in range(16):
        middle = 0.5 * (low + high)
        _point(leg, middle, spot)
        value = np.hypot(spot[0], spot[1]) if cylinder else spot[2]
        if (value < target) == below:
            low = middle
        else:
            high = middle
    _point(leg, 0.5 * (low + high), spot)


@kernel
def _point(leg: _Leg, t: float, spot: Float64Array) -> None:
    """Set `spot` to the cubic through both ends of a leg along their momenta, at t in 0..1."""
    a, pa, b, pb = leg
    length = np.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2 + (b[2] - a[2]) ** 2)
    na = length / np.sqrt(pa[0] ** 2 + pa[1] ** 2 + pa[2] ** 2)
    nb = length / np.sqrt(pb[0] ** 2 + pb[1] ** 2 + pb[2] ** 2)
    for j in range(3):
        u, v = pa[j] * na, pb[j] * nb
        step = b[j] - a[j]
        spot[j] = a[j] + t * (u + t * ((3 * step - 2 * u - v) + t * (u + v - 2 * step)))


def _secondaries(
    parents: Generated, vertex: Float64Array, momentum: Float64Array, random: Random
) -> Generated:
    n_parents = len(parents)
    count = 1 + np.searchsorted(_MULTIPLICITY, random.random(n_parents) * _MULTIPLICITY[-1])
    parent = np.repeat(np.arange(n_parents), count)
    place = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count)
    size = np.interp(random.random(len(parent)), _LEVELS, _MOMENTA)
    direction = _directions(size, random)
    before = np.linalg.norm(momentum, axis=1)[parent]
    fast = (place == 0) & (random.random(len(parent)) < _LEADING) & (before > 1.0)
    size = np.where(fast, before * random.uniform(0.1, 0.9, len(parent)), size)
    ahead = momentum[parent] / np.maximum(before, 1e-9)[:, None]
    direction = np.where(fast[:, None], ahead, direction)
    kind = random.choice(len(_KINDS), size=len(parent), p=_SHARES)
    pdg = _KINDS[kind]
    return Generated(
        particle_id=_numbers(parents.particle_id[parent], place),
        pdg=pdg,
        position=vertex[parent],
        momentum=direction * size[:, None],
        charge=np.sign(pdg),
    )


def _directions(size: Float64Array, random: Random) -> Float64Array:
    """Return isotropic directions that give at least the lowest transverse momentum."""
    steepest = np.sqrt(np.maximum(1.0 - (_LOWEST_PT / size) ** 2, 0.0))
    cos = steepest * random.uniform(-1.0, 1.0, len(size))
    sin, phi = np.sqrt(1.0 - cos**2), random.uniform(-np.pi, np.pi, len(size))
    return np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)


def _numbers(parent_id: Int64Array, place: Int64Array) -> Int64Array:
    """Return the secondaries' particle_id: theirs counts on where one primary interacts more than once."""
    vertex, primary = parent_id >> 52, (parent_id >> 36) & 0xFFFF
    generation = ((parent_id >> 24) & 0xFFF) + 1
    family = parent_id >> 36
    order = np.argsort(family, kind="stable")
    ordered = family[order]
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else order
    secondary = np.empty(len(family), dtype=np.int64)
    sizes = np.diff(np.append(start, len(ordered)))
    secondary[order] = np.arange(len(ordered)) - np.repeat(start, sizes) + 1
    return particle_number(vertex, primary, generation, secondary, np.where(place == 0, 1, 2))
