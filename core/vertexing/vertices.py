"""Vertices of an event as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Vertices"]

_NAMES: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Vertices:
    """Vertices as a struct of arrays, the hardest first: that of the largest sum of pT squared.

    Attributes
    ----------
    position : ndarray of shape (n, 3), float64, mm
    covariance : ndarray of shape (n, 3, 3), float64, mm2
    chi2 : ndarray of shape (n,), float64
        Weighted sum of its tracks'.
    ndf : ndarray of shape (n,), float64
        Twice the sum of its tracks' weights, less 3.
    sum_pt2 : ndarray of shape (n,), float64, GeV2
        Weighted sum of pT squared.
    offsets : ndarray of shape (n + 1,), int64
        Tracks of vertex i are tracks[offsets[i]:offsets[i + 1]].
    tracks : ndarray of shape (n_total,), int32
        Rows of `clew.trackfit.Tracks`, of all tracks of some weight.
    weights : ndarray of shape (n_total,), float64
        Of each, from 0 to 1; those of one track in all its vertices sum to 1 at most.
    """

    position: Float64Array
    covariance: Float64Array
    chi2: Float64Array
    ndf: Float64Array
    sum_pt2: Float64Array
    offsets: Int64Array
    tracks: Int32Array
    weights: Float64Array

    def __len__(self) -> int:
        return len(self.position)

    def __getitem__(self, i: int) -> tuple[Int32Array, Float64Array]:
        """Return tracks and weights of one vertex."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"vertex {i} of {len(self)}")
        own = slice(*self.offsets[[i % len(self), i % len(self) + 1]])
        return self.tracks[own], self.weights[own]

    def columns(self) -> dict[str, Any]:
        """Return the columns of the table that is written, one row a vertex."""
        upper = [(i, j) for i in range(3) for j in range(i, 3)]
        named = {name: self.position[:, k] for k, name in enumerate(_NAMES)}
        covariance = {f"cov_{_NAMES[i]}_{_NAMES[j]}": self.covariance[:, i, j] for i, j in upper}
        weight = np.array([self[i][1].sum() for i in range(len(self))])
        counts = {"tracks": np.diff(self.offsets), "weight": weight, "sum_pt2": self.sum_pt2}
        number = {"vertex": np.arange(1, len(self) + 1)}
        return number | named | {"chi2": self.chi2, "ndf": self.ndf} | counts | covariance

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.columns())
