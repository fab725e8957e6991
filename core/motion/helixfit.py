"""The helix through a window of five hits: generalised least squares with multiple scattering.

In the transverse plane a circle is linear in its coefficients, y = a + b x + c (x^2 + y^2), with x along the
chord of the window; along the field z is linear in the arc.  Scattering in a layer moves all hits beyond it
together, as the covariance of the hits tells; its Cholesky factor whitens the equations.  The beam line is a
sixth point, used where the other five agree with it.  Points are numbered backwards: 0 is the last hit, 4 the
first, 5 the beam line.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float64Array
from clew.detector.solenoid import scattering_angle
from clew.kernels import kernel

__all__ = ["N_COVARIANCE", "N_STATE", "fit_helix"]

N_STATE: Final = 6
"""Numbers of a state: x, y, z [mm], direction psi [rad], curvature [1/mm], slope dz/ds."""

N_COVARIANCE: Final = 10
"""Numbers of a covariance: chord [mm], six of (a, b, c) in units of the chord, three of (z, slope)."""

_TRANSVERSE_ERROR: Final = 0.03
_BEAM_ERROR: Final = 0.05
_ITERATIONS: Final = 2


@kernel
def fit_helix(
    x: Float64Array,
    y: Float64Array,
    z: Float64Array,
    barrel: BoolArray,
    error: Float64Array,
    beam_cut: float,
    state: Float64Array,
    covariance: Float64Array,
    residual: Float64Array,
) -> bool:
    """Fit a helix to five hits in the direction of travel; its state is that at the last hit.

    Parameters
    ----------
    x, y, z : ndarray of shape (5,), mm
        Backwards: the last hit first.
    barrel : ndarray of shape (5,)
        Whether a hit's layer is a cylinder.
    error : ndarray of shape (5,), mm
        Position error along the module.
    beam_cut : float
        Largest pull of the beam line against the five hits with which it is used; 0 never uses it.
    state, covariance : ndarray of shape (N_STATE,) and (N_COVARIANCE,)
        Written.
    residual : ndarray of shape (6, 2), mm
        Written: distance of each point from the circle (positive to the left of the direction of travel), and
        its deviation in z (0 for the beam line).

    Returns
    -------
    bool
        False where five hits make no helix.
    """
    chord = np.hypot(x[0] - x[4], y[0] - y[4])
    if not chord > 1e-3:
        return False
    cos, sin = (x[0] - x[4]) / chord, (y[0] - y[4]) / chord
    along, across, arc = np.empty(6), np.empty(6), np.empty(6)
    for i in range(6):
        dx = (x[i] if i < 5 else 0.0) - x[0]
        dy = (y[i] if i < 5 else 0.0) - y[0]
        along[i] = (dx * cos + dy * sin) / chord
        across[i] = (dy * cos - dx * sin) / chord
    noise = np.zeros((6, 6))
    for i in range(6):
        noise[i, i] = 1.0
    circle, inverse = np.zeros(3), np.zeros((3, 3))
    line, line_inverse = np.zeros(2), np.zeros((2, 2))
    line[1] = (z[0] - z[4]) / chord
    angle = np.empty(5)
    for iteration in range(_ITERATIONS):
        cut = beam_cut if iteration > 0 else 0.0
        if not _solve_circle(along, across, noise, cut, circle, inverse):
            return False
        curvature = _curvature(circle) / chord
        for i in range(6):
            arc[i] = _arc_length(along[i], across[i], curvature * chord) * chord
        for i in range(5):
            angle[i] = scattering_angle(curvature, line[1], barrel[i])
        _slope_noise(arc, angle, barrel, error, line[1], noise)
        if not _solve_line(arc, z, noise, line, line_inverse):
            return False
        _transverse_noise(arc, angle, line[1], np.hypot(x[4], y[4]), chord, noise)
    if not _solve_circle(along, across, noise, beam_cut, circle, inverse):
        return False
    b = circle[1]
    curvature = _curvature(circle) / chord
    foot = _distance(circle, 0.0, 0.0) * chord
    psi = np.arctan2(sin + b * cos, cos - b * sin)
    state[0] = x[0] - foot * np.sin(psi)
    state[1] = y[0] + foot * np.cos(psi)
    state[2], state[3], state[4], state[5] = line[0], psi, curvature, line[1]
    covariance[0] = chord
    covariance[1], covariance[2], covariance[3] = inverse[0, 0], inverse[0, 1], inverse[0, 2]
    covariance[4], covariance[5], covariance[6] = inverse[1, 1], inverse[1, 2], inverse[2, 2]
    covariance[7], covariance[8], covariance[9] = line_inverse[0, 0], line_inverse[0, 1], line_inverse[1, 1]
    for i in range(6):
        residual[i, 0] = -_distance(circle, along[i], across[i]) * chord
        residual[i, 1] = z[i] - line[0] - line[1] * arc[i] if i < 5 else 0.0
    return True


@kernel
def _curvature(circle: Float64Array) -> float:
    a, b, c = circle
    return 2.0 * c / np.sqrt(max(1.0 + b * b - 4.0 * a * c, 1e-12))


@kernel
def _distance(circle: Float64Array, x: float, y: float) -> float:
    """Return how far the circle is to the left of a point, exact for any curvature."""
    a, b, c = circle
    f = a + b * x + c * (x * x + y * y) - y
    g = max(1.0 + b * b - 4.0 * a * c, 0.0)
    return 2.0 * f / (np.sqrt(max(g + 4.0 * c * f, 0.0)) + np.sqrt(g) + 1e-12)


@kernel
def _arc_length(x: float, y: float, curvature: float) -> float:
    chord = np.hypot(x, y)
    half = min(0.5 * abs(curvature) * chord, 0.999)
    arc = chord if half < 1e-6 else chord * np.arcsin(half) / half
    return arc if x > 0.0 else -arc


@kernel
def _add_scattering(arc: Float64Array, angle: Float64Array, factor: float, noise: Float64Array) -> None:
    """Add to the noise of points 0 to 4 what the layers between them and the last hit scatter."""
    for i in range(5):
        for j in range(i + 1):
            for k in range(1, j):
                deviation = (angle[k] * factor) ** 2 * (arc[i] - arc[k]) * (arc[j] - arc[k])
                noise[i, j] += deviation


@kernel
def _clear(matrix: Float64Array) -> None:
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = 0.0


@kernel
def _slope_noise(
    arc: Float64Array,
    angle: Float64Array,
    barrel: BoolArray,
    error: Float64Array,
    slope: float,
    noise: Float64Array,
) -> None:
    """Fill the covariance of the hits' z [mm^2]; a disc's error along r counts as one along z."""
    _clear(noise)
    for i in range(5):
        along = error[i] if barrel[i] else abs(slope) * error[i]
        noise[i, i] = along**2 + _TRANSVERSE_ERROR**2
    _add_scattering(arc, angle, 1.0 + slope**2, noise)


@kernel
def _transverse_noise(
    arc: Float64Array, angle: Float64Array, slope: float, radius: float, chord: float, noise: Float64Array
) -> None:
    """Fill the covariance of the six points across the track, in units of the chord squared.

    Layers between the beam line and the nearer end of the window are taken as one every 50 mm in r.
    """
    _clear(noise)
    factor = np.sqrt(1.0 + slope**2)
    for i in range(5):
        noise[i, i] = _TRANSVERSE_ERROR**2
    _add_scattering(arc, angle, factor, noise)
    first = 1 if arc[5] < 0.0 else 0
    last = 5 if arc[5] < 0.0 else 1
    gap = abs(arc[5] - arc[last - 1])
    unseen = (0.5 + gap / 150.0) * (factor * angle[last - 1] * gap) ** 2
    noise[5, 5] = _BEAM_ERROR**2 + unseen
    for k in range(first, last):
        noise[5, 5] += (angle[k] * factor * (arc[5] - arc[k])) ** 2
        for i in range(k + 1, 5):
            if first == 1:
                noise[5, i] += (angle[k] * factor) ** 2 * (arc[5] - arc[k]) * (arc[i] - arc[k])
    for i in range(6):
        for j in range(i + 1):
            noise[i, j] /= chord * chord


@kernel
def _cholesky(matrix: Float64Array, n: int) -> bool:
    """Replace the lower triangle of a symmetric matrix by its Cholesky factor; False if it has none."""
    for j in range(n):
        for i in range(j, n):
            value = matrix[i, j]
            for k in range(j):
                value -= matrix[i, k] * matrix[j, k]
            if i == j:
                if not value > 0.0:
                    return False
                matrix[j, j] = np.sqrt(value)
            else:
                matrix[i, j] = value / matrix[j, j]
    return True


@kernel
def _whiten(factor: Float64Array, rows: Float64Array, n: int) -> None:
    """Solve factor @ new = rows in place."""
    for i in range(n):
        for column in range(rows.shape[1]):
            value = rows[i, column]
            for k in range(i):
                value -= factor[i, k] * rows[k, column]
            rows[i, column] = value / factor[i, i]


@kernel
def _invert(matrix: Float64Array, inverse: Float64Array) -> bool:
    """Invert a small positive definite matrix by its Cholesky factor (the matrix is lost)."""
    n = len(matrix)
    if not _cholesky(matrix, n):
        return False
    unit = np.zeros((n, n))
    for i in range(n):
        unit[i, i] = 1.0
    _whiten(matrix, unit, n)
    for i in range(n):
        for j in range(n):
            value = 0.0
            for k in range(n):
                value += unit[k, i] * unit[k, j]
            inverse[i, j] = value
    return True


@kernel
def _least_squares(rows: Float64Array, n: int, solution: Float64Array, inverse: Float64Array) -> bool:
    """Solve the first n whitened equations, whose last column is the right-hand side."""
    width = len(solution)
    normal = np.zeros((width, width))
    right = np.zeros(width)
    for row in range(n):
        for i in range(width):
            right[i] += rows[row, i] * rows[row, width]
            for j in range(width):
                normal[i, j] += rows[row, i] * rows[row, j]
    if not _invert(normal, inverse):
        return False
    for i in range(width):
        solution[i] = 0.0
        for j in range(width):
            solution[i] += inverse[i, j] * right[j]
    return True


@kernel
def _solve_circle(
    x: Float64Array,
    y: Float64Array,
    noise: Float64Array,
    beam_cut: float,
    circle: Float64Array,
    inverse: Float64Array,
) -> bool:
    """Fit (a, b, c) to the five hits, and to the beam line where its pull is below the cut."""
    rows = np.empty((6, 4))
    for i in range(6):
        rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3] = 1.0, x[i], x[i] ** 2 + y[i] ** 2, y[i]
    if not _cholesky(noise, 6):
        return False
    _whiten(noise, rows, 6)
    if not _least_squares(rows, 5, circle, inverse):
        return False
    gain = np.zeros(3)
    spread, pull = 1.0, rows[5, 3]
    for i in range(3):
        for j in range(3):
            gain[i] += inverse[i, j] * rows[5, j]
        spread += rows[5, i] * gain[i]
        pull -= rows[5, i] * circle[i]
    if pull * pull < beam_cut * beam_cut * spread:
        for i in range(3):
            circle[i] += gain[i] * pull / spread
            for j in range(3):
                inverse[i, j] -= gain[i] * gain[j] / spread
    return True


@kernel
def _solve_line(
    arc: Float64Array, z: Float64Array, noise: Float64Array, line: Float64Array, inverse: Float64Array
) -> bool:
    """Fit z = line[0] + line[1] arc to the five hits."""
    rows = np.empty((5, 3))
    for i in range(5):
        rows[i, 0], rows[i, 1], rows[i, 2] = 1.0, arc[i], z[i]
    if not _cholesky(noise, 5):
        return False
    _whiten(noise, rows, 5)
    return _least_squares(rows, 5, line, inverse)
