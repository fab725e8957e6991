"""The analytic extender: the helix through each window and its crossings with the next layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import numba
import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.detector import Detector
from clew.detector.material import scattering_angle
from clew.detector.solenoid import FieldMap
from clew.event import Hits
from clew.kernels import kernel, parallel_kernel
from clew.motion.crossings import HELIX, Helix, arc_to_layer, bend, next_crossing, propagate
from clew.motion.helixfit import (
    FIT_RESIDUAL,
    HELIX_COVARIANCE,
    N_FITTED,
    WINDOW_HIT,
    HelixCovariance,
    HelixErrors,
    fit_helix,
)
from clew.records import RecordArray, record_dtype
from clew.settings import within
from clew.tracks import SEED_LENGTH, Predictions

__all__ = ["N_STEPS", "Crossings", "HelixConfig", "HelixExtender", "cross_layers"]

N_STEPS: Final = 5
"""Predictions per window."""

_MEAN_DEVIATION: Final = 0.798
"""Mean absolute over standard deviation of a Gaussian."""

_FLATTEST: Final = 0.1  # slope of tracks against a disc
_STEEPEST: Final = 0.2  # cosine of tracks' angle against the radius, on a cylinder
_LEAST_R: Final = 1.0  # mm; least r that an error is divided by
_SHORTEST_R: Final = 1e-3  # mm; least r that z is divided by


@dataclass(frozen=True)
class HelixConfig:
    """Settings of the helix.

    Attributes
    ----------
    beam_cut : float
        Pull up to which the beam line is taken as a point of the track; 0 never takes it.
    beam_error : float, mm
        Expected distance of the tracks from the beam line.
    margin : float, mm
        By how much a helix may miss a layer's edge and still be expected to cross it.
    field_offset : float or None, mm
        z of the solenoid's centre; None for the detector's own.  With 0 the extender is symmetric under
        z -> -z.
    """

    beam_cut: Annotated[float, within(0, 100)] = 4.0
    beam_error: Annotated[float, within(0.001, 1000)] = 0.05
    margin: Annotated[float, within(0, 1000)] = 3.0
    field_offset: Annotated[float, within(-10_000, 10_000)] | None = None


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
    curvature : ndarray of shape (n_windows,), float32, 1/mm
        At the last hit; NaN where five hits make no helix.
    slope : ndarray of shape (n_windows,), float32
        dz over transverse arc; NaN likewise.
    across, height : ndarray of shape (n_windows, N_FITTED), float32, mm
        Residuals of the hits, last first, and of the beam line: across the track and in z.
    """

    points: Float32Array
    sigmas: Float32Array
    layer: Int32Array
    arc: Float32Array
    heading: Float32Array
    curvature: Float32Array
    slope: Float32Array
    across: Float32Array
    height: Float32Array


class _Cuts(NamedTuple):
    """How helices are followed [mm]: margin at layers' edges, farthest r, z of the field's centre."""

    margin: float
    outside: float
    centre: float


class _Setting(NamedTuple):
    """What the crossings depend on besides the hits.

    `stagger` is the mean distance [mm] of modules from each layer's place, shape (n_layers,).
    """

    surfaces: RecordArray
    stagger: Float64Array
    field: FieldMap
    errors: HelixErrors
    cuts: _Cuts


class _Scatterer:
    """Fields of a layer passed: the arc there [mm] and the angle by which it scatters [rad]."""

    arc: float
    angle: float


_SCATTERER: Final = record_dtype(_Scatterer)


class HelixExtender:
    """Predicts the crossings of each window's helix with the next five layers."""

    def __init__(self, config: HelixConfig) -> None:
        self._config = config

    def extend(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict what follows each window; see `clew.stages.Extender`."""
        crossings = cross_layers(hits, windows, self._config)
        return Predictions(crossings.points, _of_measurements(crossings, hits.detector))


def _of_measurements(crossings: Crossings, detector: Detector) -> Float32Array:
    """Return the expected deviations of hits: those of the helix and of the measurement along the module."""
    sigmas = crossings.sigmas.copy()
    along = detector.surfaces["coarse_along"][crossings.layer].astype(np.float32)
    error = np.float32(_MEAN_DEVIATION) * along
    barrel = detector.barrel[crossings.layer]
    for column, here in ((2, barrel), (1, ~barrel)):
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
    detector, n = hits.detector, len(windows)
    field, lengths = detector.solenoid.map, detector.seed_lengths
    crossings = Crossings(
        np.full((n, N_STEPS, 4), np.nan, dtype=np.float32),
        np.full((n, N_STEPS, 4), np.nan, dtype=np.float32),
        np.full((n, N_STEPS), -1, dtype=np.int32),
        np.full((n, N_STEPS), np.nan, dtype=np.float32),
        np.full((n, N_STEPS), np.nan, dtype=np.float32),
        np.full(n, np.nan, dtype=np.float32),
        np.full(n, np.nan, dtype=np.float32),
        np.zeros((n, N_FITTED), dtype=np.float32),
        np.zeros((n, N_FITTED), dtype=np.float32),
    )
    points = np.zeros(len(hits), dtype=WINDOW_HIT)
    points["x"], points["y"], points["z"] = hits.x, hits.y, hits.z
    points["layer"] = hits.layer_index
    stagger = np.array([detector.classes[layer.kind].stagger for layer in detector.layers])
    errors = HelixErrors(config.beam_cut, lengths.across, config.beam_error, lengths.unseen, field.bending)
    centre = field.z if config.field_offset is None else config.field_offset
    cuts = _Cuts(config.margin, detector.lengths.outside, centre)
    rows = np.ascontiguousarray(windows, dtype=np.int32)
    _cross_all(points, rows, detector.surfaces, stagger, field, errors, cuts, crossings)
    return crossings


@parallel_kernel
def _cross_all(
    points: RecordArray,
    windows: Int32Array,
    surfaces: RecordArray,
    stagger: Float64Array,
    field: FieldMap,
    errors: HelixErrors,
    cuts: _Cuts,
    out: Crossings,
) -> None:
    for window in numba.prange(len(windows)):
        setting = _Setting(surfaces, stagger, field, errors, cuts)  # numba hands no nested tuples to threads
        _cross_one(points, windows, setting, window, out)


@kernel(owns=True)
def _cross_one(
    points: RecordArray, windows: Int32Array, setting: _Setting, window: int, out: Crossings
) -> None:
    hits = np.zeros(SEED_LENGTH, dtype=WINDOW_HIT)
    for i in range(SEED_LENGTH):
        row = windows[window, SEED_LENGTH - 1 - i]
        if row < 0:
            return
        hits[i] = points[row]
    helices, covariances = np.zeros(1, dtype=HELIX), np.zeros(1, dtype=HELIX_COVARIANCE)
    residuals = np.zeros(N_FITTED, dtype=FIT_RESIDUAL)
    helix, covariance = helices[0], covariances[0]
    if not fit_helix(hits, setting.surfaces, setting.errors, helix, covariance, residuals):
        return
    out.curvature[window], out.slope[window] = helix.curvature, helix.slope
    for i in range(N_FITTED):
        out.across[window, i], out.height[window, i] = residuals[i].across, residuals[i].height
    _follow(hits, helices, covariances, setting, window, out)


@kernel(owns=True)
def _follow(
    hits: RecordArray,
    helices: RecordArray,
    covariances: RecordArray,
    setting: _Setting,
    window: int,
    out: Crossings,
) -> None:
    """Write the next crossings of one window; the helix is used up.

    It takes arrays, not their records: a record does not keep the memory that the caller allocated for it.
    """
    helix, covariance, last_layer = helices[0], covariances[0], hits[0].layer
    fitted_z = 0.5 * (hits[0].z + hits[SEED_LENGTH - 1].z)
    surfaces, field, cuts = setting.surfaces, setting.field, setting.cuts
    fitted, slope = helix.curvature, helix.slope
    passed = np.zeros(N_STEPS + 1, dtype=_SCATTERER)
    passed[0].angle = scattering_angle(fitted, slope, surfaces[last_layer], field.bending)
    total = 0.0
    for step in range(N_STEPS):
        found, arc = next_crossing(helix, last_layer, surfaces, cuts.outside, cuts.margin)
        if found < 0:
            return
        bend(helix, arc, field, fitted_z, fitted, cuts.centre)
        surface = surfaces[found]
        again, heading = found == last_layer, (np.cos(helix.psi), np.sin(helix.psi))
        arc = arc_to_layer(helix.x, helix.y, helix.z, heading, helix.curvature, slope, surface, again)
        if arc == np.inf:
            return
        propagate(helix, arc)
        total += arc
        last_layer = found
        passed[step + 1].arc = total
        passed[step + 1].angle = scattering_angle(fitted, slope, surface, field.bending)
        _write_point(helix, window, step, out)
        out.layer[window, step], out.arc[window, step] = found, total
        side, height = _deviations(covariance, passed[: step + 1], total, slope)
        if surface.barrel:
            aside, dz = _on_cylinder(helix, side, height)
            dr = setting.stagger[found]
        else:
            aside, dr = _on_disc(helix, side, height)
            dz = setting.stagger[found]
        _write_sigma(helix, aside, dr, dz, out.sigmas[window, step])


@kernel
def _write_point(helix: Helix, window: int, step: int, out: Crossings) -> None:
    r, phi = np.hypot(helix.x, helix.y), np.arctan2(helix.y, helix.x)
    heading = helix.psi - phi
    out.heading[window, step] = np.arctan2(np.sin(heading), np.cos(heading))
    out.points[window, step, 0] = phi
    out.points[window, step, 1] = r
    out.points[window, step, 2] = helix.z
    out.points[window, step, 3] = helix.z / max(r, _SHORTEST_R)


@kernel
def _deviations(
    covariance: HelixCovariance, passed: RecordArray, arc: float, slope: float
) -> tuple[float, float]:
    """Return the standard deviations across the track and in z [mm] after an arc, with the layers passed."""
    c = covariance
    s = arc / c.chord
    side = c.aa + 2.0 * s * c.ab + s**2 * (2.0 * c.ac + c.bb)
    side = (side + 2.0 * s**3 * c.bc + s**4 * c.cc) * c.chord**2
    height = c.zz + 2.0 * arc * c.zs + arc**2 * c.ss
    for k in range(len(passed)):
        moved = (passed[k].angle * (arc - passed[k].arc)) ** 2 * (1.0 + slope**2)
        side += moved
        height += moved * (1.0 + slope**2)
    return np.sqrt(side), np.sqrt(height)


@kernel
def _obliqueness(helix: Helix) -> tuple[float, float]:
    """Return the cosine of the path's angle against the radius, with its sign, and the sine without."""
    r = max(np.hypot(helix.x, helix.y), _LEAST_R)
    radial = (helix.x * np.cos(helix.psi) + helix.y * np.sin(helix.psi)) / r
    return radial, np.sqrt(max(1.0 - radial * radial, 0.0))


@kernel
def _on_cylinder(helix: Helix, side: float, height: float) -> tuple[float, float]:
    """Turn deviations across the track and in z into those of r*phi and z on a cylinder [mm]."""
    radial, tangential = _obliqueness(helix)
    oblique = max(abs(radial), _STEEPEST)
    return side / oblique, np.hypot(height, helix.slope * tangential / oblique * side)


@kernel
def _on_disc(helix: Helix, side: float, height: float) -> tuple[float, float]:
    """Turn deviations across the track and in z into those of r*phi and r on a disc [mm]."""
    radial, tangential = _obliqueness(helix)
    run = height / max(abs(helix.slope), _FLATTEST)
    return np.hypot(side * radial, run * tangential), np.hypot(side * tangential, run * radial)


@kernel
def _write_sigma(helix: Helix, aside: float, dr: float, dz: float, sigma: Float32Array) -> None:
    """Write the mean deviations of phi, r, z and z/r, given those of r*phi, r and z [mm]."""
    r = max(np.hypot(helix.x, helix.y), _LEAST_R)
    sigma[0] = _MEAN_DEVIATION * aside / r
    sigma[1] = _MEAN_DEVIATION * dr
    sigma[2] = _MEAN_DEVIATION * dz
    sigma[3] = _MEAN_DEVIATION * np.hypot(dz, helix.z / r * dr) / r
