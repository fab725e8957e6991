"""The Keras model whose weights `clew.extend.growing.network` runs, and its loss."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from clew.extend.growing.network import N_CORRECTIONS, N_FEATURES, N_QUERY
from clew.extend.growing.steps import LONGEST
from clew.extend.growing.targets import apply_corrections, residual_variances, split
from clew.networks.keras import import_keras

__all__ = ["build_model", "likelihood_loss"]

_WIDEST: Final = 2.5
_STRAY: Final = 0.01
_STRAY_WIDTH: Final = 10.0
_MOST_CHI2: Final = 1e4


def build_model(units: int, hidden: int, n_layers: int) -> Any:
    """Build an untrained model: features and query of each step in, N_CORRECTIONS out.

    Inputs are of shape (n, LONGEST, N_FEATURES + n_layers) and (n, LONGEST, N_QUERY + n_layers): layers as
    one of `n_layers`.
    """
    keras = import_keras()
    layers = keras.layers
    features = keras.Input((LONGEST, N_FEATURES + n_layers), name="features")
    query = keras.Input((LONGEST, N_QUERY + n_layers), name="query")
    states = layers.GRU(units, return_sequences=True, unroll=True)(features)
    both = layers.Concatenate()([states, query])
    dense = layers.Dense(hidden, activation="relu")(both)
    corrections = layers.Dense(N_CORRECTIONS, kernel_initializer="zeros")(dense)
    return keras.Model([features, query], corrections)


def likelihood_loss(targets: Any, corrections: Any) -> Any:
    """Return the negative logarithm of the likelihood of the true hits, averaged over the steps there are.

    Residuals are normal with the covariance that the corrections widen, save for one in a hundred strays.
    `targets` are stacked ones (see `clew.extend.growing.targets`); steps that there are not have errors of 0.
    """
    from keras import ops

    exists = ops.cast(split(targets).e1 > 0, targets.dtype)
    t = apply_corrections(split(targets), ops.clip(corrections, -_WIDEST, _WIDEST), ops)
    s11, s22 = residual_variances(t)
    s12 = t.a1 * t.a2 * t.aa + (t.a1 * t.z2 + t.z1 * t.a2) * t.az + t.z1 * t.z2 * t.zz
    determinant = ops.where(exists > 0, ops.maximum(s11 * s22 - s12 * s12, 1e-12), 1.0)
    chi2 = (t.r1 * t.r1 * s22 - 2 * t.r1 * t.r2 * s12 + t.r2 * t.r2 * s11) / determinant
    chi2 = ops.minimum(chi2, _MOST_CHI2)
    near = np.log(1.0 - _STRAY) - 0.5 * chi2
    far = np.log(_STRAY / _STRAY_WIDTH**2) - 0.5 * chi2 / _STRAY_WIDTH**2
    lost = 0.5 * ops.log(determinant) - ops.logaddexp(near, far)
    return ops.sum(lost * exists) / ops.sum(exists)
