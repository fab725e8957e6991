"""The Keras model whose weights `clew.extend.growing.memory` runs, and its loss."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from clew.detector import N_LAYERS
from clew.extend.growing.memory import N_ANSWERS, N_ASKED, N_MET
from clew.extend.growing.steps import LONGEST
from clew.networks.keras import import_keras

__all__ = ["build_model", "likelihood_loss"]

_WIDEST: Final = 2.5
_STRAY: Final = 0.01
_STRAY_WIDTH: Final = 10.0
_MOST_CHI2: Final = 1e4


def build_model(units: int, hidden: int) -> Any:
    """Build an untrained model, what was told and asked at each step in, N_ANSWERS out.

    Inputs are of shape (n, LONGEST, N_MET + N_LAYERS) and (n, LONGEST, N_ASKED + N_LAYERS): layers as one of
    N_LAYERS.
    """
    keras = import_keras()
    layers = keras.layers
    told = keras.Input((LONGEST, N_MET + N_LAYERS), name="told")
    asked = keras.Input((LONGEST, N_ASKED + N_LAYERS), name="asked")
    known = layers.GRU(units, return_sequences=True, unroll=True)(told)
    both = layers.Concatenate()([known, asked])
    thought = layers.Dense(hidden, activation="relu")(both)
    answers = layers.Dense(N_ANSWERS, kernel_initializer="zeros")(thought)
    return keras.Model([told, asked], answers)


def likelihood_loss(found: Any, answers: Any) -> Any:
    """Return the negative logarithm of the likelihood of the hits found, averaged over the steps there are.

    Residuals are normal with the covariance that the answers widen, save for one in a hundred strays.
    `found` is of shape (n, LONGEST, N_FOUND); steps that there are not have errors of 0.
    """
    from keras import ops

    r1, a1, z1, e1, r2, a2, z2, e2, aa, az, zz, side, end = (found[..., k] for k in range(13))
    exists = ops.cast(e1 > 0, found.dtype)
    answers = ops.clip(answers, -_WIDEST, _WIDEST)
    across = answers[..., 0] * side * ops.sqrt(aa + 1e-12)
    height = answers[..., 1] * end * ops.sqrt(zz + 1e-12)
    wider, longer = ops.exp(answers[..., 2]), ops.exp(answers[..., 3])
    one, other = r1 - a1 * across - z1 * height, r2 - a2 * across - z2 * height
    aa, az, zz = aa * wider * wider, az * wider * longer, zz * longer * longer
    e1, e2 = e1 * ops.exp(answers[..., 4]), e2 * ops.exp(answers[..., 5])
    s11 = a1 * a1 * aa + 2 * a1 * z1 * az + z1 * z1 * zz + e1 * e1
    s22 = a2 * a2 * aa + 2 * a2 * z2 * az + z2 * z2 * zz + e2 * e2
    s12 = a1 * a2 * aa + (a1 * z2 + z1 * a2) * az + z1 * z2 * zz
    spread = ops.where(exists > 0, ops.maximum(s11 * s22 - s12 * s12, 1e-12), 1.0)
    chi2 = ops.minimum((one * one * s22 - 2 * one * other * s12 + other * other * s11) / spread, _MOST_CHI2)
    near = np.log(1.0 - _STRAY) - 0.5 * chi2
    far = np.log(_STRAY / _STRAY_WIDTH**2) - 0.5 * chi2 / _STRAY_WIDTH**2
    lost = 0.5 * ops.log(spread) - ops.logaddexp(near, far)
    return ops.sum(lost * exists) / ops.sum(exists)
