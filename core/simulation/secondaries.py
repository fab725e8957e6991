"""What comes out where a hadron ends in a nucleus: one to five particles, soft and nearly isotropic.

The spectra are those of the TrackML data set (Amrouche et al., arXiv:1904.06778): below 0.5 GeV without
memory of the hadron, and now and then one that goes on with a part of its momentum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.simulation.generator import Generated, particle_number

if TYPE_CHECKING:
    from numpy.random import Generator as Random

__all__ = ["secondaries"]

_MULTIPLICITY: Final = np.cumsum((0.41, 0.38, 0.165, 0.036, 0.009))
"""Shares of interactions with one, two, ... particles, added up."""

_LEVELS: Final = np.array((0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0))
_MOMENTA: Final = np.array((0.1, 0.124, 0.185, 0.263, 0.361, 0.467, 0.5))
"""Quantiles of the soft secondaries' momenta, GeV: of those with enough transverse momentum to be listed."""

_FASTEST: Final = 0.23
_FAST_SCALE: Final = 1.8  # GeV
"""Share of interactions from which a fast particle goes on is 0.23 for fast hadrons, less below 1.8 GeV."""

_FAST_LEAST: Final = 0.5  # GeV
_FAST_SHARE: Final = 0.18
"""A fast particle has 0.5 GeV and, on average, so much of the hadron's momentum on top."""

_KICK: Final = 0.2  # GeV
"""Spread of a fast particle's momentum across the hadron's, along an axis: that of a nucleus' nucleons."""

_LOWEST_PT: Final = 0.1  # GeV
_KINDS: Final = np.array((211, -211, 2212))
_SHARES: Final = (0.6, 0.28, 0.12)

_STEP: Final = 0.05  # mm
"""Secondaries begin this far along their path, so that they have left the surface they come from."""


def secondaries(
    parents: Generated, vertex: Float64Array, momentum: Float64Array, random: Random
) -> Generated:
    """Draw what comes out of interactions.

    Parameters
    ----------
    parents : Generated
        The hadrons that end, one per interaction.
    vertex, momentum : ndarray of shape (n_parents, 3), float64, mm and GeV
        Where they end, and their momenta there.
    random : numpy Generator
    """
    n_parents = len(parents)
    count = 1 + np.searchsorted(_MULTIPLICITY, random.random(n_parents) * _MULTIPLICITY[-1])
    parent = np.repeat(np.arange(n_parents), count)
    place = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count)
    slow = np.interp(random.random(len(parent)), _LEVELS, _MOMENTA)
    slow_momentum = _directions(slow, random) * slow[:, None]
    fast_momentum, fast = _fast(momentum[parent], random)
    after = np.where((fast & (place == 0))[:, None], fast_momentum, slow_momentum)
    pdg = _KINDS[random.choice(len(_KINDS), size=len(parent), p=_SHARES)]
    return Generated(
        particle_id=_numbers(parents.particle_id[parent], place),
        pdg=pdg,
        position=vertex[parent] + _STEP * after / np.linalg.norm(after, axis=1)[:, None],
        momentum=after,
        charge=np.sign(pdg),
    )


def _directions(size: Float64Array, random: Random) -> Float64Array:
    """Return isotropic directions that give at least the lowest transverse momentum."""
    steepest = np.sqrt(np.maximum(1.0 - (_LOWEST_PT / size) ** 2, 0.0))
    cos = steepest * random.uniform(-1.0, 1.0, len(size))
    sin, phi = np.sqrt(1.0 - cos**2), random.uniform(-np.pi, np.pi, len(size))
    return np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)


def _fast(momentum: Float64Array, random: Random) -> tuple[Float64Array, BoolArray]:
    """Return momenta of particles that go on ahead of hadrons of some momenta, and which of them do."""
    before = np.linalg.norm(momentum, axis=1)
    size = _FAST_LEAST + random.exponential(_FAST_SHARE, len(before)) * before
    goes_on = random.random(len(before)) < _FASTEST * (1.0 - np.exp(-before / _FAST_SCALE))
    ahead = momentum * (size / before)[:, None] + random.normal(0.0, _KICK, momentum.shape)
    ahead *= (size / np.linalg.norm(ahead, axis=1))[:, None]
    return ahead, goes_on & (size < before)


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
