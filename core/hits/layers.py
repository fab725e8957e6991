"""On how many layers hits are."""

from __future__ import annotations

import numpy as np

from clew.arrays import Int32Array, Int64Array
from clew.kernels import kernel

__all__ = ["count_layers", "layers_of_groups"]


@kernel(owns=True)
def count_layers(rows: Int32Array, layer: Int32Array, n_layers: int) -> int:
    """Return on how many layers the hits in some rows of an event are.

    Parameters
    ----------
    rows : ndarray of shape (n,), int32
    layer : ndarray of shape (n_hits,), int32
        Dense index of each hit's layer, -1 for one that the detector does not have: it does not count.
    n_layers : int
        Of the detector.
    """
    seen = np.zeros(n_layers, dtype=np.bool_)
    count = 0
    for row in rows:
        if layer[row] >= 0 and not seen[layer[row]]:
            seen[layer[row]] = True
            count += 1
    return count


@kernel(owns=True)
def layers_of_groups(hits: Int32Array, offsets: Int64Array, layer: Int32Array, n_layers: int) -> Int32Array:
    """Return on how many layers each of n groups of hits is, shape (n,); see `count_layers`.

    The hits of group i are hits[offsets[i]] to hits[offsets[i + 1]].
    """
    counts = np.empty(len(offsets) - 1, dtype=np.int32)
    for i in range(len(counts)):
        counts[i] = count_layers(hits[offsets[i] : offsets[i + 1]], layer, n_layers)
    return counts
