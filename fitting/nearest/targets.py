"""Predictions as the search kernels want them: with their direction of travel and expected deviations."""

from __future__ import annotations

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.event import Hits
from clew.fitting.nearest.road import TARGET_WIDTH
from clew.tracks import Predictions

__all__ = ["along_half_plane", "make_targets"]

_DEVIATION = 1.25  # of a Gaussian, in mean absolute deviations
_LEAST = 0.03  # mm, so that no prediction claims to be exact


def make_targets(
    hits: Hits, windows: Int32Array, predictions: Predictions, spread: Float64Array
) -> Float64Array:
    """Return one target per prediction, shape (n_windows, n_steps, 12), float64; NaN where there is none.

    A path that goes inwards ends where it is closest to the beam line: its predictions behind are left out.

    Parameters
    ----------
    hits, windows, predictions
        As for clew.stages.Fitter.fit.
    spread : ndarray of shape (3,), float64, mm
        Expected deviations of r*phi, r and z where the predictions come without sigmas.
    """
    points = predictions.points.astype(np.float64)
    n, steps = points.shape[:2]
    targets = np.zeros((n, steps, TARGET_WIDTH))
    targets[:, :, :4] = points
    targets[:, :, 4:7] = _directions(hits, windows, points)
    inwards = hits.r[windows[:, -1]] < hits.r[windows[:, 0]]
    passed = np.logical_or.accumulate(targets[:, :, 5] > 0, axis=1)
    targets[inwards[:, None] & passed] = np.nan
    targets[:, :, 7:10] = spread if predictions.sigmas is None else _deviations(points, predictions.sigmas)
    return targets


def _directions(hits: Hits, windows: Int32Array, points: Float64Array) -> Float64Array:
    """Return (dphi, dr, dz) per mm in the (r, z) half plane, shape (n_windows, n_steps, 3).

    The tangents are those of parabolas through three points in space: near the beam line phi and r bend.
    """
    last = windows[:, -2:]
    met = np.stack([hits.x[last], hits.y[last], hits.z[last]], axis=2).astype(np.float64)
    space = _in_space(points)
    chord = np.diff(np.concatenate([met, space], axis=1), axis=1)
    length = np.maximum(np.linalg.norm(chord, axis=2, keepdims=True), 1e-3)
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
    r = np.maximum(np.hypot(x, y), 1e-3)
    rates = np.stack([(x * ty - y * tx) / r**2, (x * tx + y * ty) / r, tz], axis=-1)
    length = np.hypot(rates[..., 1], rates[..., 2])
    return rates / np.maximum(length, 1e-3)[..., None]


def _deviations(points: Float64Array, sigmas: Float32Array) -> Float64Array:
    mm = sigmas[:, :, :3].astype(np.float64) * _DEVIATION
    mm[:, :, 0] *= points[:, :, 1]
    return np.maximum(mm, _LEAST)
