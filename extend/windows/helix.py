"""The analytic extender: the helix through each window and its crossings with the next layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.detector.solenoid import MEASUREMENT_ERROR, SOLENOID_Z, scattering_angle
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.motion.crossings import IS_BARREL, arc_to_layer, bend, next_crossing, propagate
from clew.motion.helixfit import N_COVARIANCE, N_STATE, fit_helix
from clew.tracks import Predictions

__all__ = ["N_STEPS", "Crossings", "HelixConfig", "HelixExtender", "cross_layers"]

N_STEPS: Final = 5
"""Predictions per window."""

_STAGGER: Final = np.where(IS_BARREL, 1.5, 3.0)
_MEAN_DEVIATION: Final = 0.798
"""Mean absolute over standard deviation of a Gaussian."""


@dataclass(frozen=True)
class HelixConfig:
    """Settings of the helix.

    Attributes
    ----------
    beam_cut : float
        Pull up to which the beam line is taken as a point of the track; 0 never takes it.
    margin : float, mm
        By how much a helix may miss a layer's edge and still be expected to cross it.
    field_offset : float, mm
        z of the solenoid's centre; 0 makes the extender symmetric under z -> -z.
    """

    beam_cut: float = 4.0
    margin: float = 3.0
    field_offset: float = SOLENOID_Z


class Crossings(NamedTuple):
    """Helices of windows and their next crossings.

    Attributes
    ----------
    points, sigmas : ndarray of shape (n_windows, N_STEPS, 4), float32
        As in `Predictions`, the sigmas without the measurement of the hits; NaN where the helix has left
        the detector.
    layer : ndarray of shape (n_windows, N_STEPS), int32
        Dense layer index, -1 where there is no crossing.
    arc : ndarray of shape (n_windows, N_STEPS), float32, mm
        Transverse arc from the last hit.
    heading : ndarray of shape (n_windows, N_STEPS), float32, rad
        Angle of the path against the radius at each crossing, in the transverse plane.
    state : ndarray of shape (n_windows, 6), float32
        x, y, z, psi, curvature, slope at the last hit; NaN where five hits make no helix.
    residual : ndarray of shape (n_windows, 6, 2), float32, mm
        Of the hits, last first, and of the beam line: across and in z.
    """

    points: Float32Array
    sigmas: Float32Array
    layer: Int32Array
    arc: Float32Array
    heading: Float32Array
    state: Float32Array
    residual: Float32Array


class HelixExtender:
    """Predicts the crossings of each window's helix with the next five layers."""

    def __init__(self, config: HelixConfig) -> None:
        self._config = config

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict what follows each window; see `clew.stages.Extender`."""
        crossings = cross_layers(hits, windows, self._config)
        return Predictions(crossings.points, _of_measurements(crossings))


def _of_measurements(crossings: Crossings) -> Float32Array:
    """Return the expected deviations of hits: those of the helix and of the measurement along the module."""
    sigmas = crossings.sigmas.copy()
    error = np.float32(_MEAN_DEVIATION) * MEASUREMENT_ERROR[crossings.layer].astype(np.float32)
    for column, here in ((2, IS_BARREL[crossings.layer]), (1, ~IS_BARREL[crossings.layer])):
        sigmas[..., column] = np.where(here, np.hypot(sigmas[..., column], error), sigmas[..., column])
    return sigmas


def cross_layers(hits: Hits, windows: Int32Array, config: HelixConfig) -> Crossings:
    """Fit a helix to each window and follow it through the next five layers.

    Parameters
    ----------
    hits : Hits
    windows : ndarray of shape (n_windows, 5), int32
        Hit rows in the direction of travel; a window with NO_HIT has no helix.
    config : HelixConfig
    """
    n = len(windows)
    crossings = Crossings(
        np.full((n, N_STEPS, 4), np.nan, dtype=np.float32),
        np.full((n, N_STEPS, 4), np.nan, dtype=np.float32),
        np.full((n, N_STEPS), -1, dtype=np.int32),
        np.full((n, N_STEPS), np.nan, dtype=np.float32),
        np.full((n, N_STEPS), np.nan, dtype=np.float32),
        np.full((n, N_STATE), np.nan, dtype=np.float32),
        np.zeros((n, 6, 2), dtype=np.float32),
    )
    _cross_all(
        hits.x, hits.y, hits.z, hits.layer_index, np.ascontiguousarray(windows, dtype=np.int32),
        config.beam_cut, config.margin, config.field_offset, crossings,
    )  # fmt: skip
    return crossings


@parallel_kernel
def _cross_all(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    layer: Int32Array,
    windows: Int32Array,
    beam_cut: float,
    margin: float,
    offset: float,
    out: Crossings,
) -> None:
    for window in numba.prange(len(windows)):
        _cross_one(x, y, z, layer, windows[window], beam_cut, margin, offset, window, out)


@kernel
def _cross_one(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    layer: Int32Array,
    rows: Int32Array,
    beam_cut: float,
    margin: float,
    offset: float,
    window: int,
    out: Crossings,
) -> None:
    wx, wy, wz, error = np.empty(5), np.empty(5), np.empty(5), np.empty(5)
    barrel = np.empty(5, dtype=np.bool_)
    for i in range(5):
        row = rows[4 - i]
        if row < 0:
            return
        wx[i], wy[i], wz[i] = x[row], y[row], z[row]
        barrel[i], error[i] = IS_BARREL[layer[row]], MEASUREMENT_ERROR[layer[row]]
    state, covariance, residual = np.empty(N_STATE), np.empty(N_COVARIANCE), np.empty((6, 2))
    if fit_helix(wx, wy, wz, barrel, error, beam_cut, state, covariance, residual):
        for i in range(N_STATE):
            out.state[window, i] = state[i]
        for i in range(6):
            for j in range(2):
                out.residual[window, i, j] = residual[i, j]
        _follow(state, covariance, layer[rows[4]], 0.5 * (wz[0] + wz[4]), margin, offset, window, out)


@kernel
def _follow(
    state: Float64Array,
    covariance: Float64Array,
    last_layer: int,
    fitted_z: float,
    margin: float,
    offset: float,
    window: int,
    out: Crossings,
) -> None:
    """Write the next crossings of one window; the state is used up."""
    fitted, slope = state[4], state[5]
    across = np.zeros((N_STEPS + 1, 2))
    across[0, 1] = scattering_angle(fitted, slope, IS_BARREL[last_layer])
    total = 0.0
    for step in range(N_STEPS):
        found, arc = next_crossing(state, last_layer, margin)
        if found < 0:
            return
        bend(state, arc, fitted_z, fitted, offset)
        arc = arc_to_layer(state, found, last_layer)
        if arc == np.inf:
            return
        propagate(state, arc)
        total += arc
        last_layer = found
        across[step + 1, 0] = total
        across[step + 1, 1] = scattering_angle(fitted, slope, IS_BARREL[found])
        _write_point(state, window, step, out)
        out.layer[window, step], out.arc[window, step] = found, total
        side, height = _deviations(covariance, across[: step + 1], total, slope)
        _write_sigma(state, side, height, found, window, step, out)


@kernel
def _write_point(state: Float64Array, window: int, step: int, out: Crossings) -> None:
    r, phi = np.hypot(state[0], state[1]), np.arctan2(state[1], state[0])
    heading = state[3] - phi
    out.heading[window, step] = np.arctan2(np.sin(heading), np.cos(heading))
    out.points[window, step, 0] = phi
    out.points[window, step, 1] = r
    out.points[window, step, 2] = state[2]
    out.points[window, step, 3] = state[2] / max(r, 1e-3)


@kernel
def _deviations(
    covariance: Float64Array, scatterers: Float64Array, arc: float, slope: float
) -> tuple[float, float]:
    """Return the standard deviations across the track and in z [mm] after an arc.

    `scatterers` holds the arc and angle of each layer passed.
    """
    chord = covariance[0]
    s = arc / chord
    side = covariance[1] + 2.0 * s * covariance[2] + s**2 * (2.0 * covariance[3] + covariance[4])
    side = (side + 2.0 * s**3 * covariance[5] + s**4 * covariance[6]) * chord**2
    height = covariance[7] + 2.0 * arc * covariance[8] + arc**2 * covariance[9]
    for k in range(len(scatterers)):
        moved = (scatterers[k, 1] * (arc - scatterers[k, 0])) ** 2 * (1.0 + slope**2)
        side += moved
        height += moved * (1.0 + slope**2)
    return np.sqrt(side), np.sqrt(height)


@kernel
def _write_sigma(
    state: Float64Array, side: float, height: float, layer: int, window: int, step: int, out: Crossings
) -> None:
    """Turn deviations across the track and in z into those of phi, r, z and z/r on the layer."""
    x, y, z, psi, _, slope = state
    r = max(np.hypot(x, y), 1.0)
    radial = (x * np.cos(psi) + y * np.sin(psi)) / r
    tangential = np.sqrt(max(1.0 - radial * radial, 0.0))
    if IS_BARREL[layer]:
        oblique = max(abs(radial), 0.2)
        dphi, dr = side / oblique, _STAGGER[layer]
        dz = np.hypot(height, slope * tangential / oblique * side)
    else:
        run = height / max(abs(slope), 0.1)
        dphi, dr = np.hypot(side * radial, run * tangential), np.hypot(side * tangential, run * radial)
        dz = _STAGGER[layer]
    out.sigmas[window, step, 0] = _MEAN_DEVIATION * dphi / r
    out.sigmas[window, step, 1] = _MEAN_DEVIATION * dr
    out.sigmas[window, step, 2] = _MEAN_DEVIATION * dz
    out.sigmas[window, step, 3] = _MEAN_DEVIATION * np.hypot(dz, z / r * dr) / r
