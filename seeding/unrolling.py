"""Features that are equal for all hits of a helix, if one guesses its radius, its sense and its origin.

A helix from the beam line turns away from its first direction theta0 by asin(r / 2 r0) at radius r, and its z
grows with the arc length 2 r0 asin(r / 2 r0).  Under the right hypothesis its hits therefore share theta0
and z / arc, whatever these are.
"""

from __future__ import annotations

import numpy as np

from clew.arrays import Float32Array
from clew.event import Hits
from clew.kernels import kernel

__all__ = ["N_FEATURES", "hypotheses", "unroll", "unroll_into"]

N_FEATURES = 5
_REACH = np.float32(0.9999)  # beyond the helix's reach the hit counts as at its far end


def hypotheses(radii: tuple[float, ...], shifts: tuple[float, ...]) -> Float32Array:
    """Return all hypotheses: both senses of every radius, with every shift.

    Parameters
    ----------
    radii : tuple of float
        Helix radii r0, mm.
    shifts : tuple of float
        What is added to z, mm: minus the z of the origin.

    Returns
    -------
    ndarray of shape (2 * n_radii * n_shifts, 2), float32
        Signed curvature 1/r0 [1/mm], positive for clockwise turning, and shift [mm].
    """
    table = [(sense / r0, shift) for r0 in radii for sense in (-1.0, 1.0) for shift in shifts]
    return np.array(table, dtype=np.float32).reshape(-1, 2)


def unroll(hits: Hits, hypothesis: Float32Array, weights: tuple[float, float]) -> Float32Array:
    """Return the features of all hits under one hypothesis.

    Parameters
    ----------
    hits : Hits
    hypothesis : ndarray of shape (2,), float32
        A row of `hypotheses`.
    weights : tuple of two floats
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
    points = np.empty((len(hits), N_FEATURES), dtype=np.float32)
    unroll_into(hits.x, hits.y, hits.z, hits.r, hypothesis, np.array(weights, dtype=np.float32), points)
    return points


@kernel
def unroll_into(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    r: Float32Array,
    hypothesis: Float32Array,
    weights: Float32Array,
    points: Float32Array,
) -> None:
    """Write the features of `unroll` into `points`."""
    half, shift = np.float32(0.5) * hypothesis[0], hypothesis[1]
    for i in range(len(r)):
        c = min(max(r[i] * half, -_REACH), _REACH)
        s = np.sqrt(np.float32(1) - c * c)
        arc = max(np.arcsin(c) / half, np.float32(1e-3)) if half != 0 else r[i]
        cot = (z[i] + shift) / arc
        inverse = np.float32(1) / max(r[i], np.float32(1e-3))
        points[i, 0] = (y[i] * s + x[i] * c) * inverse
        points[i, 1] = (x[i] * s - y[i] * c) * inverse
        points[i, 2] = np.copysign(np.log1p(abs(cot)), cot) * weights[0]
        points[i, 3] = r[i] * c * weights[1]
        points[i, 4] = r[i] * s * weights[1]
