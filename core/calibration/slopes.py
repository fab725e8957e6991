"""Which slopes clusters of pixels allow, from those that true tracks have."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int64Array
from clew.detector import ClusterSlopes

__all__ = ["slopes_of"]

_LONGEST: Final = 15
_FEWEST: Final = 100
"""Clusters of one length by which a limit is told."""

_SHARE: Final = 0.02
"""The same, of all clusters: the slopes of longer ones are those of tracks that bend."""

_OUTSIDE: Final = 0.01
"""Share of the tracks with clusters of one length beyond either limit."""


def slopes_of(columns: Int64Array, slope: Float64Array) -> ClusterSlopes | None:
    """Return the limits of a class of layers, None where clusters tell nothing or are too few.

    A column more needs a slope larger by its pitch over the modules' depth.

    Parameters
    ----------
    columns : ndarray of shape (n,), int64
        Extent of each cluster along its module, 0 without one.
    slope : ndarray of shape (n,), float64
        abs(dz/dr) on cylinders, abs(dr/dz) on discs.
    """
    counts = np.bincount(np.minimum(columns, _LONGEST + 1), minlength=2)
    lengths = np.flatnonzero(counts[: _LONGEST + 1] >= _FEWEST)
    lengths = lengths[lengths > 0]
    longer = lengths > 1  # one column has no least slope
    if np.count_nonzero(longer) < 2:
        return None
    limits = np.array([np.quantile(slope[columns == n], [_OUTSIDE, 1.0 - _OUTSIDE]) for n in lengths])
    weight = np.sqrt(counts[lengths[longer]])
    per_column = float(np.polyfit(lengths[longer], limits[longer, 0], 1, w=weight)[0])
    if per_column <= 0.0:
        return None
    often = counts[lengths] >= _SHARE * counts[1:].sum()
    below = float((per_column * (lengths - 2.0) - limits[:, 0])[longer].max())
    above = float((limits[:, 1] - per_column * lengths)[often].max())
    found = (per_column, max(below, 0.0), per_column, max(above, 0.0))
    return ClusterSlopes(*(round(value, 4) for value in found))
