"""The mean of several models' predictions: errors that the models do not share cancel in part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clew.arrays import Float32Array, Float64Array
from clew.errors import InputError
from clew.tracks import Predictions

__all__ = ["mean_predictions"]


def mean_predictions(predictions: Sequence[Predictions]) -> Predictions:
    """Return the mean of predictions of the same windows, phi as an angle.

    A number that some models leave out (NaN) is the mean of the others'.  Expected deviations are averaged
    too, over the models that give any: models trained on the same tracks err together, so that the mean's
    deviation is hardly below theirs.

    Parameters
    ----------
    predictions : sequence of Predictions
        At least one; all of one shape.

    Raises
    ------
    InputError
        For no predictions, or predictions of different shapes.
    """
    if not predictions:
        raise InputError("extend: no predictions to combine: give those of at least one extender")
    shapes = [prediction.points.shape for prediction in predictions]
    if len(set(shapes)) > 1:
        raise InputError(f"extend: predictions of shapes {shapes} cannot be combined: use equal steps")
    if len(predictions) == 1:
        return predictions[0]
    points = np.stack([prediction.points for prediction in predictions]).astype(np.float64)
    mean = _mean(points)
    mean[..., 0] = np.arctan2(_mean(np.sin(points[..., 0])), _mean(np.cos(points[..., 0])))
    sigmas = [prediction.sigmas for prediction in predictions if prediction.sigmas is not None]
    return Predictions(mean.astype(np.float32), _mean_sigmas(sigmas))


def _mean_sigmas(sigmas: Sequence[Float32Array]) -> Float32Array | None:
    if not sigmas:
        return None
    return _mean(np.stack(sigmas).astype(np.float64)).astype(np.float32)


def _mean(values: Float64Array) -> Float64Array:
    """Return the mean over the first axis of what is not NaN."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
