"""Which way the modules of hits point."""

from __future__ import annotations

import numpy as np

from clew.arrays import Float64Array
from clew.event import Hits
from clew.hits.index import HitIndex
from clew.kernels import kernel

__all__ = ["orient_modules"]


def orient_modules(hits: Hits, index: HitIndex) -> None:
    """Write into the points of an index how the modules of their hits lie: `axis_cos` and `axis_sin`.

    Modules of which the detector does not tell are taken to point along the azimuth of each of their hits.
    """
    axes = hits.detector.axes
    _orient(index, np.empty((len(hits.detector), 0, 2)) if axes is None else axes)


@kernel
def _orient(index: HitIndex, axes: Float64Array) -> None:
    for hit in range(len(index.points)):
        point = index.points[hit]
        known = 0 <= point.module < axes.shape[1]
        if known:
            axis = axes[point.layer, point.module]
            point.axis_cos, point.axis_sin = axis[0], axis[1]
        if not known or np.isnan(point.axis_cos):
            point.axis_cos, point.axis_sin = np.cos(point.phi), np.sin(point.phi)
