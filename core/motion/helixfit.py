"""The helix through a window of five hits: generalised least squares with multiple scattering.

In the transverse plane a circle is linear in its coefficients, y = a + b x + c (x^2 + y^2), with x along the
chord of the window; along the field z is linear in the arc.  Scattering in a layer moves all hits beyond it
together, as the covariance of the hits tells; its Cholesky factor whitens the equations.  The beam line is a
sixth point, used where the other five agree with it.  Points are numbered backwards: 0 is the last hit, 4 the
first, 5 the beam line.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array
from clew.detector.material import scattering_angle
from clew.kernels import kernel
from clew.motion.crossings import Helix
from clew.records import RecordArray, record_dtype

__all__ = [
    "FIT_RESIDUAL",
    "HELIX_COVARIANCE",
    "N_FITTED",
    "WINDOW_HIT",
    "FitResidual",
    "HelixCovariance",
    "HelixErrors",
    "WindowHit",
    "fit_helix",
]

N_FITTED: Final = 6
"""Points of a fit: five hits and the beam line."""

_BEAM: Final = 5  # number of the beam line among the points
_ITERATIONS: Final = 2
_SHORTEST: Final = 1e-3  # mm; least chord of a window
_LARGEST_SINE: Final = 0.999  # of half the angle that an arc turns by


class WindowHit:
    """Fields of a hit of a window: x, y, z [mm] and the dense index of its layer."""

    x: float
    y: float
    z: float
    layer: int


class HelixCovariance:
    """Fields of the covariance of a helix at the last hit.

    Attributes
    ----------
    chord : float, mm
        Unit of the lengths in the following six.
    aa, ab, ac, bb, bc, cc : float
        Of the circle y = a + b x + c (x^2 + y^2).
    zz, zs, ss : float
        Of the place in z [mm] and of the slope.
    """

    chord: float
    aa: float
    ab: float
    ac: float
    bb: float
    bc: float
    cc: float
    zz: float
    zs: float
    ss: float


class FitResidual:
    """Fields of the residual of a point [mm]: across, positive to the left of the direction, and in z."""

    across: float
    height: float


class HelixErrors(NamedTuple):
    """What a fit takes for granted; lengths in mm.

    Attributes
    ----------
    beam_cut : float
        Largest pull of the beam line against the five hits with which it is used; 0 never uses it.
    across : float
        Error of hits across a track.
    beam : float
        Expected distance of tracks from the beam line.
    unseen : float
        Arc on which a track scatters once more than in the layers of its hits.
    bending : float, GeV/mm
        Transverse momentum times curvature.
    """

    beam_cut: float
    across: float
    beam: float
    unseen: float
    bending: float


WINDOW_HIT: Final[np.dtype[np.void]] = record_dtype(WindowHit)
HELIX_COVARIANCE: Final[np.dtype[np.void]] = record_dtype(HelixCovariance)
FIT_RESIDUAL: Final[np.dtype[np.void]] = record_dtype(FitResidual)


class _Work(NamedTuple):
    """What one fit works in; a circle and its covariance are in units of the chord.

    Attributes
    ----------
    along, across : ndarray of shape (6,), float64
        The points along and across the chord, from the last hit, in units of its length.
    arc : ndarray of shape (6,), float64, mm
        From the last hit, negative before it.
    angle : ndarray of shape (5,), float64, rad
        By which each hit's layer scatters.
    noise : ndarray of shape (6, 6), float64
        Covariance of the points.
    circle, circle_covariance : ndarray of shapes (3,) and (3, 3), float64
    line, line_covariance : ndarray of shapes (2,) and (2, 2), float64
    """

    along: Float64Array
    across: Float64Array
    arc: Float64Array
    angle: Float64Array
    noise: Float64Array
    circle: Float64Array
    circle_covariance: Float64Array
    line: Float64Array
    line_covariance: Float64Array


@kernel(owns=True)
def _new_work() -> _Work:
    return _Work(
        np.empty(6),
        np.empty(6),
        np.empty(6),
        np.empty(5),
        np.eye(6),
        np.zeros(3),
        np.zeros((3, 3)),
        np.zeros(2),
        np.zeros((2, 2)),
    )


@kernel(owns=True)
def fit_helix(
    hits: RecordArray,
    surfaces: RecordArray,
    errors: HelixErrors,
    helix: Helix,
    covariance: HelixCovariance,
    residuals: RecordArray,
) -> bool:
    """Fit a helix to five hits in the direction of travel; it is written where it is at the last hit.

    Parameters
    ----------
    hits : ndarray of shape (5,), WindowHit
        Backwards: the last hit first.
    surfaces : ndarray of shape (n_layers,), `clew.detector.surface.Surface`
    errors : HelixErrors
    helix : Helix
        Written.
    covariance : HelixCovariance
        Written.
    residuals : ndarray of shape (N_FITTED,), FitResidual
        Written; the beam line has none in z.

    Returns
    -------
    bool
        False where five hits make no helix.
    """
    last, first = hits[0], hits[4]
    chord = np.hypot(last.x - first.x, last.y - first.y)
    if not chord > _SHORTEST:
        return False
    cos, sin = (last.x - first.x) / chord, (last.y - first.y) / chord
    work = _new_work()
    _place(hits, cos, sin, chord, work)
    work.line[1] = (last.z - first.z) / chord
    for iteration in range(_ITERATIONS):
        if not _iterate(hits, surfaces, errors, errors.beam_cut if iteration > 0 else 0.0, chord, work):
            return False
    if not _solve_circle(errors.beam_cut, work):
        return False
    circle, line = work.circle, work.line
    foot = _distance(circle, 0.0, 0.0) * chord
    psi = np.arctan2(sin + circle[1] * cos, cos - circle[1] * sin)
    helix.x, helix.y, helix.z = last.x - foot * np.sin(psi), last.y + foot * np.cos(psi), line[0]
    helix.psi, helix.curvature, helix.slope = psi, _curvature(circle) / chord, line[1]
    _write_covariance(chord, work.circle_covariance, work.line_covariance, covariance)
    for i in range(6):
        residuals[i].across = -_distance(circle, work.along[i], work.across[i]) * chord
        residuals[i].height = hits[i].z - line[0] - line[1] * work.arc[i] if i < _BEAM else 0.0
    return True


@kernel
def _place(hits: RecordArray, cos: float, sin: float, chord: float, work: _Work) -> None:
    """Write where the points are along and across the chord."""
    for i in range(6):
        dx = (hits[i].x if i < _BEAM else 0.0) - hits[0].x
        dy = (hits[i].y if i < _BEAM else 0.0) - hits[0].y
        work.along[i] = (dx * cos + dy * sin) / chord
        work.across[i] = (dy * cos - dx * sin) / chord


@kernel(owns=True)
def _iterate(
    hits: RecordArray, surfaces: RecordArray, errors: HelixErrors, beam_cut: float, chord: float, work: _Work
) -> bool:
    """Fit circle and line once, and work out the noise of the points for the next time."""
    if not _solve_circle(beam_cut, work):
        return False
    curvature = _curvature(work.circle) / chord
    for i in range(6):
        work.arc[i] = _arc_length(work.along[i], work.across[i], curvature * chord) * chord
    slope = work.line[1]
    for i in range(5):
        work.angle[i] = scattering_angle(curvature, slope, surfaces[hits[i].layer], errors.bending)
    _slope_noise(hits, surfaces, slope, errors, work)
    if not _solve_line(hits, work):
        return False
    _transverse_noise(work.line[1], chord, errors, work)
    return True


@kernel
def _write_covariance(
    chord: float, circle: Float64Array, line: Float64Array, covariance: HelixCovariance
) -> None:
    covariance.chord = chord
    covariance.aa, covariance.ab, covariance.ac = circle[0, 0], circle[0, 1], circle[0, 2]
    covariance.bb, covariance.bc, covariance.cc = circle[1, 1], circle[1, 2], circle[2, 2]
    covariance.zz, covariance.zs, covariance.ss = line[0, 0], line[0, 1], line[1, 1]


@kernel
def _curvature(circle: Float64Array) -> float:
    a, b, c = circle[0], circle[1], circle[2]
    return 2.0 * c / np.sqrt(max(1.0 + b * b - 4.0 * a * c, 1e-12))


@kernel
def _distance(circle: Float64Array, x: float, y: float) -> float:
    """Return how far the circle is to the left of a point, exact for any curvature."""
    a, b, c = circle[0], circle[1], circle[2]
    f = a + b * x + c * (x * x + y * y) - y
    g = max(1.0 + b * b - 4.0 * a * c, 0.0)
    return 2.0 * f / (np.sqrt(max(g + 4.0 * c * f, 0.0)) + np.sqrt(g) + 1e-12)


@kernel
def _arc_length(x: float, y: float, curvature: float) -> float:
    chord = np.hypot(x, y)
    half = min(0.5 * abs(curvature) * chord, _LARGEST_SINE)
    arc = chord if half < 1e-6 else chord * np.arcsin(half) / half
    return arc if x > 0.0 else -arc


@kernel
def _add_scattering(factor: float, work: _Work) -> None:
    """Add to the noise of points 0 to 4 what the layers between them and the last hit scatter."""
    arc, angle = work.arc, work.angle
    for i in range(5):
        for j in range(i + 1):
            for k in range(1, j):
                deviation = (angle[k] * factor) ** 2 * (arc[i] - arc[k]) * (arc[j] - arc[k])
                work.noise[i, j] += deviation


@kernel
def _clear(matrix: Float64Array) -> None:
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            matrix[i, j] = 0.0


@kernel
def _slope_noise(
    hits: RecordArray, surfaces: RecordArray, slope: float, errors: HelixErrors, work: _Work
) -> None:
    """Fill the covariance of the hits' z [mm^2]; a disc's error along r counts as one along z."""
    _clear(work.noise)
    for i in range(5):
        surface = surfaces[hits[i].layer]
        along = surface.coarse_along if surface.barrel else abs(slope) * surface.coarse_along
        work.noise[i, i] = along**2 + errors.across**2
    _add_scattering(1.0 + slope**2, work)


@kernel
def _transverse_noise(slope: float, chord: float, errors: HelixErrors, work: _Work) -> None:
    """Fill the covariance of the six points across the track, in units of the chord squared.

    Between the beam line and the nearer end of the window a track scatters as if in one layer more for each
    `errors.unseen` mm of arc.
    """
    arc, angle, noise = work.arc, work.angle, work.noise
    _clear(noise)
    factor = np.sqrt(1.0 + slope**2)
    for i in range(5):
        noise[i, i] = errors.across**2
    _add_scattering(factor, work)
    first = 1 if arc[_BEAM] < 0.0 else 0
    last = 5 if arc[_BEAM] < 0.0 else 1
    gap = abs(arc[_BEAM] - arc[last - 1])
    unseen = (0.5 + gap / errors.unseen) * (factor * angle[last - 1] * gap) ** 2
    noise[_BEAM, _BEAM] = errors.beam**2 + unseen
    for k in range(first, last):
        noise[_BEAM, _BEAM] += (angle[k] * factor * (arc[_BEAM] - arc[k])) ** 2
        for i in range(k + 1, 5):
            if first == 1:
                noise[_BEAM, i] += (angle[k] * factor) ** 2 * (arc[_BEAM] - arc[k]) * (arc[i] - arc[k])
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


@kernel(owns=True)
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


@kernel(owns=True)
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


@kernel(owns=True)
def _solve_circle(beam_cut: float, work: _Work) -> bool:
    """Fit (a, b, c) to the five hits, and to the beam line where its pull is below the cut."""
    x, y, circle, covariance = work.along, work.across, work.circle, work.circle_covariance
    rows = np.empty((6, 4))
    for i in range(6):
        rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3] = 1.0, x[i], x[i] ** 2 + y[i] ** 2, y[i]
    if not _cholesky(work.noise, 6):
        return False
    _whiten(work.noise, rows, 6)
    if not _least_squares(rows, 5, circle, covariance):
        return False
    gain = np.zeros(3)
    spread, pull = 1.0, rows[_BEAM, 3]
    for i in range(3):
        for j in range(3):
            gain[i] += covariance[i, j] * rows[_BEAM, j]
        spread += rows[_BEAM, i] * gain[i]
        pull -= rows[_BEAM, i] * circle[i]
    if pull * pull < beam_cut * beam_cut * spread:
        for i in range(3):
            circle[i] += gain[i] * pull / spread
            for j in range(3):
                covariance[i, j] -= gain[i] * gain[j] / spread
    return True


@kernel(owns=True)
def _solve_line(hits: RecordArray, work: _Work) -> bool:
    """Fit z = line[0] + line[1] arc to the five hits."""
    rows = np.empty((5, 3))
    for i in range(5):
        rows[i, 0], rows[i, 1], rows[i, 2] = 1.0, work.arc[i], hits[i].z
    if not _cholesky(work.noise, 5):
        return False
    _whiten(work.noise, rows, 5)
    return _least_squares(rows, 5, work.line, work.line_covariance)
