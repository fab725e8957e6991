"""How likely clusters have each extent, from those counted of true particles and of noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.calibration.counts import ClusterCounts, classes_of
from clew.detector import ClusterTables, Detector
from clew.detector.clusters import N_ANGLES

__all__ = ["learn_clusters"]

_NEAR: Final = 1.5
"""Bins over which the angles of a table are smoothed."""

_FAR: Final = 8.0
"""The same where few tracks cross at such an angle."""

_FEW: Final = 30.0
"""As many tracks count as much as what is known from farther off."""

_STRAY: Final = 0.03
"""Share of a track's clusters that are as those of noise: merged with others, split, or of delta rays."""


def learn_clusters(detector: Detector, counts: ClusterCounts) -> ClusterTables:
    """Return the tables of a detector from the clusters counted in it."""
    across, along = _mirrored(detector, counts)
    shares = _shares(counts.noise)
    return ClusterTables(
        classes_of(detector),
        _smoothed(across, shares[0]).astype(np.float32),
        _smoothed(along, shares[1]).astype(np.float32),
        _background(shares[0], across).astype(np.float32),
        shares[1].astype(np.float32),
    )


def _mirrored(detector: Detector, counts: ClusterCounts) -> tuple[Float64Array, Float64Array]:
    """Return the counts across and along with those of mirrored tracks, where modules are alike for both.

    Along, they are so on both sides of the beam's crossing.  Across, they are so in discs, where charges
    drift along the field; in cylinders it pushes them to one side.
    """
    across, along = counts.across.copy(), counts.along.sum(axis=-1)
    along += along[:, :, ::-1].copy()
    flat = {layer.kind for layer in detector.layers if not layer.barrel}
    for number, kind in enumerate(classes_of(detector)):
        if kind in flat:
            across[number] += across[number, :, ::-1].copy()
    return across, along


def _shares(counts: Float64Array) -> Float64Array:
    """Return the share of each extent, shape (..., N_EXTENTS), none of them 0."""
    counts = counts + 0.5
    shares: Float64Array = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def _background(noise: Float64Array, counts: Float64Array) -> Float64Array:
    """Return how often other hits have an extent: half of them are noise, half of other tracks."""
    return 0.5 * noise + 0.5 * _shares(counts.sum(axis=-1))


def _smoothed(counts: Float64Array, noise: Float64Array) -> Float64Array:
    """Return the probability of each extent at each angle.

    Where tracks are few, those of farther angles count, and at last all: each as much as `_FEW` tracks.
    """
    known = _shares(counts.sum(axis=-1))[:, :, None] * np.ones(N_ANGLES)
    for width in (_FAR, _NEAR):
        near = _blur(counts, width)
        known = (near + _FEW * known) / (near.sum(axis=1, keepdims=True) + _FEW)
    return (1.0 - _STRAY) * known + _STRAY * noise[:, :, None]


def _blur(counts: Float64Array, width: float) -> Float64Array:
    """Return the counts of near angles, weighted by a Gaussian of so many bins; one bin alone counts 1."""
    apart = np.arange(N_ANGLES)[:, None] - np.arange(N_ANGLES)
    blurred: Float64Array = counts @ np.exp(-0.5 * (apart / width) ** 2)
    return blurred
