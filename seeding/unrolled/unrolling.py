"""Features that are equal for all hits of a helix, if one guesses its radius, its sense and its origin.

A helix from the beam line has turned away from its first direction theta0 by asin(r / 2 r0) at radius r, and
its z has grown with the arc length 2 r0 asin(r / 2 r0).  Under the right hypothesis its hits therefore share
theta0 and z / arc, whatever these are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Int32Array
from clew.event import Hits
from clew.kernels import kernel

__all__ = [
    "N_FEATURES",
    "Places",
    "Turns",
    "Weights",
    "cylindrical",
    "new_turns",
    "turn_into",
    "unroll",
    "unroll_into",
]

N_FEATURES: Final = 5
"""sin theta0, cos theta0, sgn(z) log(1 + |z/arc|), and the hit's position across and along theta0."""

_REACH: Final = np.float32(0.9999)  # sine of half the angle that a helix has turned by at its far end
_LEAST_R: Final = np.float32(1e-3)  # mm


class Places(NamedTuple):
    """Where hits are.

    Attributes
    ----------
    r, z : ndarray of shape (n_hits,), float32, mm
    sin_phi, cos_phi : ndarray of shape (n_hits,), float32
    """

    r: Float32Array
    z: Float32Array
    sin_phi: Float32Array
    cos_phi: Float32Array

    def take(self, rows: Int32Array) -> Places:
        """Return the places of some hits."""
        return Places(*(part[rows] for part in self))


class Turns(NamedTuple):
    """How far a helix of one radius has turned at each hit.

    Attributes
    ----------
    sine, cosine : ndarray of shape (n_hits,), float32
        Of half the angle that it has turned by.
    arc : ndarray of shape (n_hits,), float32, mm
        Arc length.
    """

    sine: Float32Array
    cosine: Float32Array
    arc: Float32Array


class Weights(NamedTuple):
    """Scales of z/arc and of the position in the track's frame [1/mm] against the angle theta0."""

    z: np.float32
    side: np.float32


def unroll(places: Places, radius: float, sense: int, shift: float, weights: Weights) -> Float32Array:
    """Return the features of hits under one hypothesis.

    Parameters
    ----------
    places : Places
    radius : float
        Helix radius r0, mm; hits beyond 2 r0 count as at the helix's far end.
    sense : int
        1 for tracks that turn clockwise seen from +z, -1 for the others.
    shift : float
        What is added to z, mm: minus the z of the origin.
    weights : Weights

    Returns
    -------
    ndarray of shape (n_hits, N_FEATURES), float32
        The last three times their weights.

    References
    ----------
    N. and L. Finnie's TrackML clustering, feature set 6 (there theta0 is a quarter turn further).
    """
    n = len(places.r)
    turns, points = new_turns(n), np.empty((n, N_FEATURES), dtype=np.float32)
    turn_into(places, n, np.float32(radius), turns)
    unroll_into(places, turns, n, np.float32(sense), np.float32(shift), weights, points)
    return points


def cylindrical(hits: Hits) -> Places:
    """Return the places of all hits."""
    r = np.maximum(hits.r, _LEAST_R)
    return Places(r, hits.z, np.divide(hits.y, r), np.divide(hits.x, r))


@kernel(owns=True)
def new_turns(n: int) -> Turns:
    """Return memory for n hits."""
    return Turns(np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32))


@kernel
def turn_into(places: Places, n: int, radius: np.float32, turns: Turns) -> None:
    """Write how far a helix of the radius has turned at each of the first n hits."""
    diameter = np.float32(2) * radius
    for i in range(n):
        sine = min(places.r[i] / diameter, _REACH)
        turns.sine[i] = sine
        turns.cosine[i] = np.sqrt(np.float32(1) - sine * sine)
        turns.arc[i] = diameter * np.arcsin(sine)


@kernel
def unroll_into(
    places: Places,
    turns: Turns,
    n: int,
    sense: np.float32,
    shift: np.float32,
    weights: Weights,
    points: Float32Array,
) -> None:
    """Write the features of the first n hits into `points`; see `unroll`."""
    for i in range(n):
        r, sin_phi, cos_phi = places.r[i], places.sin_phi[i], places.cos_phi[i]
        sine, cosine = sense * turns.sine[i], turns.cosine[i]
        cot = (places.z[i] + shift) / turns.arc[i]
        points[i, 0] = sin_phi * cosine + cos_phi * sine
        points[i, 1] = cos_phi * cosine - sin_phi * sine
        points[i, 2] = np.copysign(np.log(np.float32(1) + abs(cot)), cot) * weights.z
        points[i, 3] = r * sine * weights.side
        points[i, 4] = r * cosine * weights.side
