"""Predictions as the search kernels want them: with their direction of travel and expected deviations."""

from __future__ import annotations

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.event import Hits
from clew.fitting.road import TARGET_WIDTH
from clew.tracks import Predictions

__all__ = ["make_targets"]

_DEVIATION = 1.25  # of a Gaussian, in mean absolute deviations
_LEAST = 0.03  # mm, so that no prediction claims to be exact


def make_targets(
    hits: Hits, windows: Int32Array, predictions: Predictions, spread: Float64Array
) -> Float64Array:
    """Return one target per prediction, shape (n_windows, n_steps, 12), float64; NaN where there is none.

    The direction at a prediction is that from the point before to the point after it on the polyline of
    the window's last hit and the predictions; the last prediction has only the point before.

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
    targets[:, :, 7:10] = spread if predictions.sigmas is None else _deviations(points, predictions.sigmas)
    return targets


def _directions(hits: Hits, windows: Int32Array, points: Float64Array) -> Float64Array:
    last = hits.features[windows[:, -1], :3].astype(np.float64)
    line = np.concatenate([last[:, None], points[:, :, :3]], axis=1)
    after = np.concatenate([line[:, 2:], line[:, -1:]], axis=1)
    after = np.where(np.isnan(after), line[:, 1:], after)
    step = after - line[:, :-1]
    step[:, :, 0] = np.mod(step[:, :, 0] + np.pi, 2 * np.pi) - np.pi
    length = np.hypot(step[:, :, 1], step[:, :, 2])
    return step / np.maximum(length, 1e-3)[:, :, None]


def _deviations(points: Float64Array, sigmas: Float32Array) -> Float64Array:
    mm = sigmas[:, :, :3].astype(np.float64) * _DEVIATION
    mm[:, :, 0] *= points[:, :, 1]
    return np.maximum(mm, _LEAST)
