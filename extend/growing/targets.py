"""What a filter's prediction is compared with: residuals of the true next hit, and how far off it may be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from clew.arrays import Float32Array
from clew.records import RecordArray, Single, record_dtype

__all__ = ["STEP_TARGET", "StepTarget", "apply_corrections", "residual_variances", "split", "stack"]

_LEAST_VARIANCE: Final = 1e-12  # mm2; at 0 a root has no gradient


class StepTarget:
    """Fields of the target of a step; see `clew.motion.measurement.Residual`.

    Attributes
    ----------
    r1, r2 : float, mm
        Residuals of the hit across its module's length, and along it.
    a1, z1, a2, z2 : float
        Their dependence on the state's place across the track and in z.
    e1, e2 : float, mm
        Errors of the measurement; 0 for a step that there is not.
    aa, az, zz : float, mm2
        Covariance of the place across the track and in z.
    side, end : float
        Signs of curvature and slope.
    """

    r1: Single
    a1: Single
    z1: Single
    e1: Single
    r2: Single
    a2: Single
    z2: Single
    e2: Single
    aa: Single
    az: Single
    zz: Single
    side: Single
    end: Single


STEP_TARGET: Final[np.dtype[np.void]] = record_dtype(StepTarget)


def stack(targets: RecordArray) -> Float32Array:
    """Return targets as Keras takes them: shape (..., n_fields), in the order of `StepTarget`."""
    columns: Float32Array = targets.view(np.float32).reshape(*targets.shape, -1)
    return columns


def split(columns: Any) -> Any:
    """Return stacked targets, an array or tensor, as one object with an array for each field."""
    names = STEP_TARGET.names or ()
    return SimpleNamespace(**{name: columns[..., k] for k, name in enumerate(names)})


def apply_corrections(targets: Any, corrections: Any, ops: Any) -> Any:
    """Return targets as a filter sees them whose predictions a network corrects.

    Parameters
    ----------
    targets : object, as `split` returns it
    corrections : array or tensor of shape (..., N_CORRECTIONS)
        See `clew.extend.growing.network`.
    ops : module
        numpy, or keras.ops.
    """
    t, c = targets, [corrections[..., k] for k in range(corrections.shape[-1])]
    across = c[0] * t.side * ops.sqrt(t.aa + _LEAST_VARIANCE)
    height = c[1] * t.end * ops.sqrt(t.zz + _LEAST_VARIANCE)
    wider, longer = ops.exp(c[2]), ops.exp(c[3])
    return SimpleNamespace(
        r1=t.r1 - t.a1 * across - t.z1 * height,
        r2=t.r2 - t.a2 * across - t.z2 * height,
        a1=t.a1,
        z1=t.z1,
        a2=t.a2,
        z2=t.z2,
        aa=t.aa * wider * wider,
        az=t.az * wider * longer,
        zz=t.zz * longer * longer,
        e1=t.e1 * ops.exp(c[4]),
        e2=t.e2 * ops.exp(c[5]),
        side=t.side,
        end=t.end,
    )


def residual_variances(targets: Any) -> tuple[Any, Any]:
    """Return the expected variances [mm2] of both residuals of targets that `split` returned."""
    t = targets
    s11 = t.a1 * t.a1 * t.aa + 2 * t.a1 * t.z1 * t.az + t.z1 * t.z1 * t.zz + t.e1 * t.e1
    s22 = t.a2 * t.a2 * t.aa + 2 * t.a2 * t.z2 * t.az + t.z2 * t.z2 * t.zz + t.e2 * t.e2
    return s11, s22
