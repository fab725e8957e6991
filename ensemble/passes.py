"""Labels of several passes: earlier tracks keep their hits, new ones are numbered after them."""

from __future__ import annotations

import numpy as np

from clew.arrays import Int32Array

__all__ = ["added"]


def added(labels: Int32Array, new: Int32Array) -> Int32Array:
    """Return labels with those of one more pass.

    Parameters
    ----------
    labels : ndarray of shape (n_hits,), int32
        After the passes before, 0 for free hits.
    new : ndarray of shape (n_hits,), int32
        Of this pass, from 1.
    """
    taken = (labels > 0) | (new == 0)
    return np.where(taken, labels, new + labels.max(initial=0))
