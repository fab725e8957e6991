"""How much a set of hits looks like one helix: the deviations from a circle and from a line in z."""

from __future__ import annotations

import numpy as np

from clew.arrays import Float64Array
from clew.kernels import kernel

__all__ = ["helix_deviation"]


@kernel
def helix_deviation(points: Float64Array) -> tuple[float, float]:
    """Return the root mean square deviations of points from their best helix, across and along z, in mm.

    The circle is Karimaki's closed form (NIM A 305 (1991) 187), z a straight line in the arc length.

    Parameters
    ----------
    points : ndarray of shape (n, 3), float64, mm
        About in order along the track; fewer than four deviate by zero.
    """
    n = len(points)
    if n < 4:
        return 0.0, 0.0
    direction, curvature, offset = _circle(points)
    across = 0.0
    for i in range(n):
        x, y = points[i, 0] - points[0, 0], points[i, 1] - points[0, 1]
        side = x * np.sin(direction) - y * np.cos(direction)
        e = 0.5 * curvature * (x * x + y * y) - (1 + curvature * offset) * side
        across += (e + 0.5 * curvature * offset**2 + offset) ** 2
    return np.sqrt(across / n), _line_deviation(points, direction, curvature)


@kernel
def _circle(points: Float64Array) -> tuple[float, float, float]:
    """Return direction, signed curvature and distance of closest approach, all at the first point."""
    n = len(points)
    mx = my = mw = xx = xy = yy = xw = yw = ww = 0.0
    for i in range(n):
        x, y = points[i, 0] - points[0, 0], points[i, 1] - points[0, 1]
        w = x * x + y * y
        mx, my, mw = mx + x / n, my + y / n, mw + w / n
        xx, xy, yy = xx + x * x / n, xy + x * y / n, yy + y * y / n
        xw, yw, ww = xw + x * w / n, yw + y * w / n, ww + w * w / n
    xx, xy, yy = xx - mx * mx, xy - mx * my, yy - my * my
    xw, yw, ww = xw - mx * mw, yw - my * mw, ww - mw * mw
    if ww <= 0:
        return 0.0, 0.0, 0.0
    direction = 0.5 * np.arctan2(2 * (ww * xy - xw * yw), ww * (xx - yy) - xw * xw + yw * yw)
    kappa = (np.sin(direction) * xw - np.cos(direction) * yw) / ww
    delta = -kappa * mw + np.sin(direction) * mx - np.cos(direction) * my
    root = np.sqrt(max(1 - 4 * delta * kappa, 1e-12))
    return direction, 2 * kappa / root, 2 * delta / (1 + root)


@kernel
def _line_deviation(points: Float64Array, direction: float, curvature: float) -> float:
    """Return the root mean square deviation of z from a line in the arc length, measured across it."""
    n = len(points)
    ms = mz = ss = sz = zz = 0.0
    arc = 0.0
    for i in range(n):
        if i > 0:
            x, y = points[i, 0] - points[i - 1, 0], points[i, 1] - points[i - 1, 1]
            chord = np.hypot(x, y)
            half = min(0.5 * abs(curvature) * chord, 1.0)
            step = chord if half < 1e-4 else chord * np.arcsin(half) / half
            # Positive curvature turns to the right; a step may go back, between hits that lie close.
            heading = direction - curvature * arc
            arc += step if x * np.cos(heading) + y * np.sin(heading) > 0 else -step
        z = points[i, 2] - points[0, 2]
        ms, mz = ms + arc / n, mz + z / n
        ss, sz, zz = ss + arc * arc / n, sz + arc * z / n, zz + z * z / n
    ss, sz, zz = ss - ms * ms, sz - ms * mz, zz - mz * mz
    # The smaller eigenvalue of the covariance: tracks along z are fitted as well as those across it.
    half = 0.5 * (ss + zz)
    return np.sqrt(max(half - np.sqrt(0.25 * (ss - zz) ** 2 + sz * sz), 0.0))
