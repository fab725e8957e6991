"""How good found vertices are, against those where particles really began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.event import Particles
from clew.trackfit import Tracks
from clew.vertexing import Vertices

__all__ = ["VertexQuality", "vertex_quality"]

_PROMPT: Final = 0.2  # mm from the beam line
_LEAST_TRACKS: Final = 3
"""Fitted tracks of a true vertex that counts."""


@dataclass(frozen=True)
class VertexQuality:
    """Found vertices of one event against the true ones.

    Attributes
    ----------
    n_true : int
        Places at the beam line from which three particles or more have fitted tracks.
    found : int
        Of these, such that hold most of the weight of a found vertex.
    merged : int
        True ones that are not found, and of which most tracks are in a vertex of another one.
    split : int
        Found vertices whose true one has another.
    fake : int
        Found vertices in which no true one holds a half of the weight.
    offset, pull : ndarray of shape (n_matched,), float64
        z of matched vertices minus the true one [mm], and the same over its error.
    """

    n_true: int
    found: int
    merged: int
    split: int
    fake: int
    offset: Float64Array
    pull: Float64Array

    def line(self) -> str:
        """Return one line of text."""
        if not len(self.offset):
            return f"{self.n_true} true, none found"
        low, high = np.quantile(self.offset, (0.1587, 0.8413))
        pull_low, pull_high = np.quantile(self.pull, (0.1587, 0.8413))
        return (
            f"{self.n_true} true: efficiency {self.found / max(self.n_true, 1):.3f}, "
            f"merged {self.merged}, split {self.split}, fake {self.fake}; "
            f"z within {500 * (high - low):.0f} µm, pull {0.5 * (pull_high - pull_low):.2f}"
        )


def vertex_quality(
    vertices: Vertices, tracks: Tracks, particles: Particles, row: Int64Array
) -> VertexQuality:
    """Compare found vertices with true ones; see `clew.metrics.fits.fit_residuals` for the arguments."""
    place = particles.vertex[row].astype(np.float64)
    prompt: BoolArray = (np.hypot(place[:, 0], place[:, 1]) < _PROMPT) & tracks.good
    names, number, counts = np.unique(place[:, 2].round(4), return_inverse=True, return_counts=True)
    counts = np.bincount(number, prompt, len(names))
    real = counts >= _LEAST_TRACKS
    matched, at = [], np.full(len(tracks), -1)
    for i in range(len(vertices)):
        own, weights = vertices[i]
        share = np.bincount(number[own], weights * prompt[own], len(names))
        best = int(share.argmax())
        matched.append(best if share[best] > 0.5 * weights.sum() else -1)
        at[own[weights > 0.5]] = matched[-1]
    match = np.array(matched, dtype=np.int64)
    pure = match >= 0
    found = np.zeros(len(names), dtype=np.bool_)
    found[match[pure]] = True
    elsewhere = np.bincount(number, prompt & (at >= 0) & (at != number), len(names))
    offset = vertices.position[pure, 2] - names[match[pure]]
    return VertexQuality(
        int(real.sum()),
        int((real & found).sum()),
        int((real & ~found & (elsewhere > 0.5 * counts)).sum()),
        int(pure.sum() - len(np.unique(match[pure]))),
        int((~pure).sum()),
        offset,
        offset / np.sqrt(vertices.covariance[pure, 2, 2]),
    )
