"""Predictions as the search kernels want them: with their direction of travel and expected deviations."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.event import Hits
from clew.kernels import kernel
from clew.records import RecordArray, record_dtype
from clew.tracks import Predictions

__all__ = ["TARGET", "Target", "along_half_plane", "is_missing", "make_targets"]

_DEVIATION: Final = 1.25  # of a Gaussian, in mean absolute deviations
_LEAST: Final = 0.03  # mm, so that no prediction claims to be exact
_SHORTEST: Final = 1e-3  # mm; least length and least r that are divided by


class Target:
    """Fields of a target, a prediction as the kernels see it; lengths in mm.

    Attributes
    ----------
    phi, r, z, z_over_r : float
        Where the hit is expected; NaN where no hit is.
    dphi, dr, dz : float
        Direction of travel, per mm in the (r, z) half plane.
    across_sigma, r_sigma, z_sigma : float
        Expected deviations of r*phi, r and z.
    r_offset, z_offset : float
        By how much the path lies farther out in r where it meets a disc, and farther on in z where it meets a
        cylinder.
    """

    phi: float
    r: float
    z: float
    z_over_r: float
    dphi: float
    dr: float
    dz: float
    across_sigma: float
    r_sigma: float
    z_sigma: float
    r_offset: float
    z_offset: float


TARGET: Final[np.dtype[np.void]] = record_dtype(Target)


@kernel(force=True)
def is_missing(target: Target) -> bool:
    """Tell whether any number of a target is NaN: it then finds nothing."""
    place = target.phi + target.r + target.z + target.z_over_r
    direction = target.dphi + target.dr + target.dz
    sigmas = target.across_sigma + target.r_sigma + target.z_sigma
    return np.isnan(place + direction + sigmas + target.r_offset + target.z_offset)


def make_targets(
    hits: Hits, windows: Int32Array, predictions: Predictions, spread: Float64Array
) -> RecordArray:
    """Return one target per prediction, shape (n_windows, n_steps), `Target`; NaN where there is none.

    A path that goes inwards ends where it is closest to the beam line: its predictions behind are left out.

    Parameters
    ----------
    hits, windows, predictions
        As for clew.stages.Fitter.fit.
    spread : ndarray of shape (3,), float64, mm
        Expected deviations of r*phi, r and z where the predictions come without sigmas.
    """
    points = predictions.points.astype(np.float64)
    targets = np.zeros(points.shape[:2], dtype=TARGET)
    _fill(targets, ("phi", "r", "z", "z_over_r"), points)
    _fill(targets, ("dphi", "dr", "dz"), _directions(hits, windows, points))
    inwards = hits.r[windows[:, -1]] < hits.r[windows[:, 0]]
    passed = np.logical_or.accumulate(targets["dr"] > 0, axis=1)
    targets["phi"][inwards[:, None] & passed] = np.nan
    sigmas = spread if predictions.sigmas is None else _deviations(points, predictions.sigmas)
    _fill(targets, ("across_sigma", "r_sigma", "z_sigma"), np.broadcast_to(sigmas, (*targets.shape, 3)))
    return targets


def _fill(targets: RecordArray, names: tuple[str, ...], columns: Float64Array) -> None:
    for column, name in enumerate(names):
        targets[name] = columns[..., column]


def _directions(hits: Hits, windows: Int32Array, points: Float64Array) -> Float64Array:
    """Return (dphi, dr, dz) per mm in the (r, z) half plane, shape (n_windows, n_steps, 3).

    The tangents are those of parabolas through three points in space: near the beam line phi and r bend.
    """
    last = windows[:, -2:]
    met = np.stack([hits.x[last], hits.y[last], hits.z[last]], axis=2).astype(np.float64)
    space = _in_space(points)
    chord = np.diff(np.concatenate([met, space], axis=1), axis=1)
    length = np.maximum(np.linalg.norm(chord, axis=2, keepdims=True), _SHORTEST)
    unit = chord / length
    bend = np.diff(unit, axis=1) / (length[:, :-1] + length[:, 1:])
    tangent = unit[:, 1:] + bend * length[:, 1:]
    between = unit[:, 1:-1] + bend[:, 1:] * length[:, 1:-1]
    tangent[:, :-1] = np.where(np.isnan(between), tangent[:, :-1], between)
    return along_half_plane(space, tangent)


def _in_space(points: Float64Array) -> Float64Array:
    phi, r, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([r * np.cos(phi), r * np.sin(phi), z], axis=-1)


def along_half_plane(space: Float64Array, tangent: Float64Array) -> Float64Array:
    """Turn tangents at points in space into (dphi, dr, dz) per mm in the (r, z) half plane.

    Parameters
    ----------
    space, tangent : ndarray of shape (..., 3), float64, mm
        The tangents may be of any length.
    """
    x, y, _ = np.moveaxis(space, -1, 0)
    tx, ty, tz = np.moveaxis(tangent, -1, 0)
    r = np.maximum(np.hypot(x, y), _SHORTEST)
    rates = np.stack([(x * ty - y * tx) / r**2, (x * tx + y * ty) / r, tz], axis=-1)
    length = np.hypot(rates[..., 1], rates[..., 2])
    return rates / np.maximum(length, _SHORTEST)[..., None]


def _deviations(points: Float64Array, sigmas: Float32Array) -> Float64Array:
    mm = sigmas[:, :, :3].astype(np.float64) * _DEVIATION
    mm[:, :, 0] *= points[:, :, 1]
    return np.maximum(mm, _LEAST)
