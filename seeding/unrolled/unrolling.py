"""Features that are equal for all hits of a helix, if one guesses its radius, its sense and its origin.

A helix from the beam line has turned away from its first direction theta0 by asin(r / 2 r0) at radius r, and
its z has grown with the arc length 2 r0 asin(r / 2 r0).  Under the right hypothesis its hits therefore share
theta0 and z / arc, whatever these are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array
from clew.event import Hits
from clew.kernels import kernel

__all__ = ["N_FEATURES", "bend_into", "cylindrical", "unroll", "unroll_into"]

N_FEATURES: Final = 5
_REACH: Final = np.float32(0.9999)
_TINY: Final = np.float32(1e-3)


def unroll(
    places: Float32Array, radius: float, sense: int, shift: float, weights: Float32Array
) -> Float32Array:
    """Return the features of hits under one hypothesis.

    Parameters
    ----------
    places : ndarray of shape (n_hits, 4), float32
        From `cylindrical`.
    radius : float
        Helix radius r0, mm; hits beyond 2 r0 count as at the helix's far end.
    sense : int
        1 for tracks that turn clockwise seen from +z, -1 for the others.
    shift : float
        What is added to z, mm: minus the z of the origin.
    weights : ndarray of shape (2,), float32
        Scale of z/arc, and of the position in the track's frame [1/mm].

    Returns
    -------
    ndarray of shape (n_hits, 5), float32
        sin theta0, cos theta0, sgn(z) log(1 + |z/arc|), and the hit's position across and along theta0;
        the last three times their weights.

    References
    ----------
    N. and L. Finnie's TrackML clustering, feature set 6 (there theta0 is a quarter turn further).
    """
    bends = np.empty((len(places), 3), dtype=np.float32)
    points = np.empty((len(places), N_FEATURES), dtype=np.float32)
    bend_into(places, np.float32(radius), bends)
    unroll_into(places, bends, np.float32(sense), np.float32(shift), weights, points)
    return points


def cylindrical(hits: Hits) -> Float32Array:
    """Return r [mm], z [mm], sin phi and cos phi of all hits, shape (n_hits, 4), float32."""
    r = np.maximum(hits.r, _TINY)
    return np.stack([r, hits.z, hits.y / r, hits.x / r], axis=1)


@kernel
def bend_into(places: Float32Array, radius: np.float32, bends: Float32Array) -> None:
    """Write how far a helix of the radius has turned at each hit: sine, cosine, and arc length [mm].

    `places` are those of `cylindrical`; `bends` has shape (n_hits, 3).
    """
    diameter = np.float32(2) * radius
    for i in range(len(places)):
        sine = min(places[i, 0] / diameter, _REACH)
        bends[i, 0] = sine
        bends[i, 1] = np.sqrt(np.float32(1) - sine * sine)
        bends[i, 2] = diameter * np.arcsin(sine)


@kernel
def unroll_into(
    places: Float32Array,
    bends: Float32Array,
    sense: np.float32,
    shift: np.float32,
    weights: Float32Array,
    points: Float32Array,
) -> None:
    """Write the features of `unroll` into `points`, from `cylindrical` and `bend_into`."""
    for i in range(len(places)):
        r, z, sin_phi, cos_phi = places[i, 0], places[i, 1], places[i, 2], places[i, 3]
        sine, cosine = sense * bends[i, 0], bends[i, 1]
        cot = (z + shift) / bends[i, 2]
        points[i, 0] = sin_phi * cosine + cos_phi * sine
        points[i, 1] = cos_phi * cosine - sin_phi * sine
        points[i, 2] = np.copysign(np.log(np.float32(1) + abs(cot)), cot) * weights[0]
        points[i, 3] = r * sine * weights[1]
        points[i, 4] = r * cosine * weights[1]
