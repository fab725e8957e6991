"""A hit against a state on the plane of its module: residuals, how they depend on the state, and errors."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array
from clew.detector import Detector
from clew.detector.clusters import N_ANGLES, N_EXTENTS, angle_of
from clew.detector.surface import Surface
from clew.hits.index import HitPoint
from clew.kernels import kernel
from clew.motion.measurement import Residual
from clew.motion.state import State
from clew.motion.stepping import Step

__all__ = ["errors_of", "measure_on_plane", "plane_of"]

_ACROSS, _ALONG, _OFFSET = range(3)
"""Tables of `errors_of`."""

_FLATTEST: Final = 0.02


def errors_of(detector: Detector) -> Float32Array:
    """Return the resolutions of a detector as kernels read them, shape (3, n_rows, N_ANGLES), float32, mm.

    The tables are the error across, that along and the offset across; rows are those of
    `clew.hits.clusters.shapes_of`.  An error of 0 stands for that of the layer's class: in row 0, of hits
    without clusters, and where the detector has no such tables.
    """
    names = () if detector.clusters is None else detector.clusters.classes
    errors = np.zeros((3, 1 + len(names) * N_EXTENTS, N_ANGLES), dtype=np.float32)
    tables = detector.resolutions
    if tables is not None:
        for number, name in enumerate(names):
            if name in tables.classes:
                rows, own = (
                    slice(1 + number * N_EXTENTS, 1 + (number + 1) * N_EXTENTS),
                    tables.classes.index(name),
                )
                errors[:, rows] = tables.across[own], tables.along[own], tables.offset[own]
    return errors


@kernel(force=True)
def plane_of(point: HitPoint, barrel: bool) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return a hit's place [mm] and the normal of its module."""
    place = point.x, point.y, point.z
    if barrel:
        return place, (point.axis_cos, point.axis_sin, 0.0)
    return place, (0.0, 0.0, 1.0)


@kernel(force=True)
def measure_on_plane(
    point: HitPoint, surface: Surface, errors: Float32Array, state: State, step: Step, residual: Residual
) -> None:
    """Write the residuals of a hit against a state that `step_to_plane` brought to its module.

    A change of the state moves the track along itself until it meets the plane again.
    """
    c, s, slope = point.axis_cos, point.axis_sin, state.slope
    ahead, aside = c * step.cos + s * step.sin, c * step.sin - s * step.cos
    dx, dy, dz = point.x - state.x, point.y - state.y, point.z - state.z
    r1 = c * dy - s * dx
    if surface.barrel:
        normal = np.copysign(max(abs(ahead), _FLATTEST), ahead)
        r2, up, front = dz, slope, normal
        residual.a1, residual.z1 = 1.0 / normal, 0.0
        residual.a2, residual.z2 = slope * aside / normal, 1.0
    else:
        normal = np.copysign(max(abs(slope), _FLATTEST), slope)
        r2, up, front = c * dx + s * dy, ahead, normal
        residual.a1, residual.z1 = ahead, -aside / normal
        residual.a2, residual.z2 = -aside, -ahead / normal
    across, along = angle_of(aside, front), angle_of(up, front)
    e1, e2 = errors[_ACROSS, point.across_row, across], errors[_ALONG, point.along_row, along]
    residual.r1, residual.r2 = r1 - errors[_OFFSET, point.across_row, across], r2
    residual.e1, residual.e2 = (e1, e2) if e1 > 0.0 else (surface.across, surface.along)
    residual.ahead = 0.0
