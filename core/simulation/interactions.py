"""Where particles end: hadrons interact with the detector's nuclei, slow particles stop.

Fatras has no hadronic interactions, and its navigation skips some of the passive discs.  Both are made good
here: the path between crossings is followed through all passive material.  What comes out of an interaction
is the matter of `clew.simulation.secondaries`.

The simulation that made the TrackML data gave particles up when their transverse momentum was below 0.15 GeV,
wherever they met material: those that begin so leave a hit only if the first thing on their way is a module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.detector import Modules
from clew.kernels import copy_into, kernel
from clew.simulation.generator import Generated
from clew.simulation.material import LAYER_DEPTH, LEAST_COSINE, MATERIAL, Material, module_depth
from clew.simulation.secondaries import secondaries
from clew.simulation.transport import Crossings
from clew.simulation.volumes import BARRELS

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["GENERATIONS", "beyond_first_layer", "interact"]

GENERATIONS: Final = 5
"""Interactions in a row, at most."""

_NOWHERE: Final = 1e10  # mm
_ANY_MATERIAL: Final = 1e-9
"""Interaction lengths that end a slow particle."""

_PIPE: Final = 19.0  # mm
"""Slow particles that set out from within this radius towards the beam line miss the pipe, as in the data."""

_HADRONS: Final = (211, 321, 2212, 3112, 3222, 3312, 3334)


class _Paths(NamedTuple):
    """Where particles go.

    Attributes
    ----------
    start, start_momentum : ndarray of shape (n_particles, 3), float64
        Position [mm] and momentum [GeV].
    in_layer : ndarray of shape (n_particles,), bool
        They begin in a layer, whose passive material they do not meet again.
    first : ndarray of shape (n_particles + 1,), int64
        Where the crossings of each particle begin.
    position, momentum : ndarray of shape (n_crossings, 3), float64
    depth : ndarray of shape (n_crossings,), float64
        Interaction lengths in the modules crossed.
    """

    start: Float64Array
    start_momentum: Float64Array
    in_layer: BoolArray
    first: Int64Array
    position: Float64Array
    momentum: Float64Array
    depth: Float64Array


class _Leg(NamedTuple):
    """A path between two points: positions [mm] and momenta [GeV] there, shape (3,) each.

    A leg that leaves a layer does not meet the passive material where it begins.
    """

    begin: Float64Array
    begin_momentum: Float64Array
    end: Float64Array
    end_momentum: Float64Array
    leaves_layer: bool


def interact(
    particles: Generated,
    crossings: Crossings,
    modules: Modules,
    lowest_pt: float,
    random: Random,
) -> tuple[BoolArray, Generated]:
    """Let particles interact or stop on their way.

    Parameters
    ----------
    particles : Generated
    crossings : Crossings
        Of these particles.
    modules : Modules
    lowest_pt : float, GeV
        Particles of less transverse momentum stop at the first material that they meet.
    random : numpy Generator

    Returns
    -------
    kept : ndarray of shape (n_crossings,), bool
        Crossings that lie before the particle's end.
    secondaries : Generated
    """
    depth = module_depth(crossings, modules)
    first = np.searchsorted(crossings.particle, np.arange(len(particles) + 1))
    limit = random.exponential(size=len(particles))
    limit[~np.isin(np.abs(particles.pdg), _HADRONS)] = np.inf
    start, start_momentum = particles.position, particles.momentum
    in_layer = (particles.particle_id >> 24) & 0xFFF > 0
    paths = _Paths(start, start_momentum, in_layer, first, crossings.position, crossings.momentum, depth)
    end, vertex, momentum = _follow(paths, MATERIAL, limit, lowest_pt)
    place = np.arange(len(crossings)) - first[crossings.particle]
    kept = place < end[crossings.particle]
    parents = np.flatnonzero(vertex[:, 2] < _NOWHERE)
    return kept, secondaries(particles.take(parents), vertex[parents], momentum[parents], random)


def beyond_first_layer(
    particles: Generated, crossings: Crossings, modules: Modules, lowest_pt: float
) -> BoolArray:
    """Tell which crossings come after the particle has left the layer that it begins in.

    In the data a secondary leaves no hit in the layer that it comes from, unless it flies outward in a barrel
    and is not slow.
    """
    start, owner, momentum = particles.position, crossings.particle, particles.momentum[:, :2]
    outward = np.einsum("ij,ij->i", start[:, :2], momentum) > 0.0
    outward = (outward & (np.linalg.norm(momentum, axis=1) >= lowest_pt))[owner]
    deeper = np.hypot(start[:, 0], start[:, 1])[owner] - np.hypot(*crossings.position[:, :2].T)
    barrel = np.isin(modules.volume, BARRELS)[crossings.module]
    left_barrel = outward | (np.abs(deeper) > LAYER_DEPTH)
    left_endcap = np.abs(crossings.position[:, 2] - start[owner, 2]) > LAYER_DEPTH
    left = np.where(barrel, left_barrel, left_endcap)
    n_left = np.append(0, np.cumsum(left))
    first = np.searchsorted(owner, owner)
    return n_left[1:] > n_left[first]


@kernel(owns=True)
def _follow(
    paths: _Paths, material: Material, limit: Float64Array, lowest_pt: float
) -> tuple[Int64Array, Float64Array, Float64Array]:
    """Return how many crossings each particle keeps, where it interacts and its momentum there.

    `limit` is the number of interaction lengths that each particle meets before it interacts.  Particles that
    do not are at _NOWHERE.
    """
    n = len(paths.first) - 1
    end = np.empty(n, dtype=np.int64)
    vertex = np.full((n, 3), _NOWHERE)
    last = np.zeros((n, 3))
    spot = np.empty(3)
    for i in range(n):
        here, toward = paths.start[i], paths.start_momentum[i]
        slow = np.hypot(toward[0], toward[1]) < lowest_pt
        first, stop, left = paths.first[i], paths.first[i + 1], _ANY_MATERIAL if slow else limit[i]
        end[i] = stop - first
        for k in range(first, stop):
            position, momentum = paths.position[k], paths.momentum[k]
            if not (slow and _misses_pipe(here, toward)):
                leaves_layer = paths.in_layer[i] and k == first
                left = _between(_Leg(here, toward, position, momentum, leaves_layer), material, left, spot)
            if left <= 0.0:
                end[i] = k - first
                copy_into(vertex[i], spot, 3)
                copy_into(last[i], toward, 3)
                break
            left -= paths.depth[k]
            if left <= 0.0 or np.hypot(momentum[0], momentum[1]) < lowest_pt:
                end[i] = k - first + 1
                if left <= 0.0:
                    copy_into(vertex[i], position, 3)
                    copy_into(last[i], momentum, 3)
                break
            here, toward = position, momentum
        if slow:
            vertex[i, 2] = _NOWHERE
    return end, vertex, last


@kernel
def _misses_pipe(position: Float64Array, momentum: Float64Array) -> bool:
    """Tell whether a particle sets out inside the beam pipe, towards the beam line."""
    inward = position[0] * momentum[0] + position[1] * momentum[1] < 0.0
    return inward and np.hypot(position[0], position[1]) < _PIPE


@kernel
def _between(leg: _Leg, material: Material, left: float, spot: Float64Array) -> float:
    """Take the passive material along a leg off `left`; `spot` is where it is used up."""
    a, b, momentum = leg.begin, leg.end, leg.end_momentum
    size = np.sqrt(momentum[0] ** 2 + momentum[1] ** 2 + momentum[2] ** 2)
    ra, rb = np.hypot(a[0], a[1]), np.hypot(b[0], b[1])
    for k in range(len(material.cylinders)):
        cylinder = material.cylinders[k]
        if leg.leaves_layer and abs(ra - cylinder.radius) < LAYER_DEPTH:
            continue
        if (ra < cylinder.radius) != (rb < cylinder.radius):
            _meet(leg, cylinder.radius, True, spot)
            if abs(spot[2]) < cylinder.half_length:
                across = abs(momentum[0] * spot[0] + momentum[1] * spot[1]) / cylinder.radius
                inclination = size / max(across, LEAST_COSINE * size)
                left -= cylinder.thickness * inclination
                if left <= 0.0:
                    return left
    for k in range(len(material.discs)):
        disc = material.discs[k]
        if leg.leaves_layer and abs(abs(a[2]) - disc.z) < LAYER_DEPTH:
            continue
        z = disc.z if b[2] + a[2] > 0 else -disc.z
        if (a[2] < z) != (b[2] < z):
            _meet(leg, z, False, spot)
            if disc.low < np.hypot(spot[0], spot[1]) < disc.high:
                left -= disc.thickness * size / max(abs(momentum[2]), LEAST_COSINE * size)
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
    a, pa, b, pb = leg.begin, leg.begin_momentum, leg.end, leg.end_momentum
    length = np.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2 + (b[2] - a[2]) ** 2)
    na = length / np.sqrt(pa[0] ** 2 + pa[1] ** 2 + pa[2] ** 2)
    nb = length / np.sqrt(pb[0] ** 2 + pb[1] ** 2 + pb[2] ** 2)
    for j in range(3):
        u, v = pa[j] * na, pb[j] * nb
        step = b[j] - a[j]
        spot[j] = a[j] + t * (u + t * ((3 * step - 2 * u - v) + t * (u + v - 2 * step)))
