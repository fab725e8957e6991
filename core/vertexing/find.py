"""Vertices of fitted tracks: seeds where tracks are dense along the beam line, then one fit of all of them.

The fit is the adaptive one (W. Waltenberger, R. Fruehwirth and P. Vanlaer, J. Phys. G 34 (2007) N343) for
many vertices, as ATLAS's and ACTS's: every track belongs to each near vertex with a weight, the vertices are
fitted with these weights, and the weights are sharpened step by step.  The seeder takes the densest place of
the tracks that no seed has yet, each a Gaussian of its own error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.kernels import kernel
from clew.trackfit import Tracks
from clew.vertexing.fitting import fit_vertices
from clew.vertexing.spot import beam_spot_width
from clew.vertexing.vertices import Vertices

__all__ = ["VertexConfig", "find_vertices"]

_LEAST_WEIGHT: Final = 1e-3
_REACH: Final = 4.0
"""Errors of a track within which it adds to the density."""


@dataclass(frozen=True)
class VertexConfig:
    """Settings of the vertex finder; lengths in mm.

    Attributes
    ----------
    beam_spot : float or None
        Width of the beam spot in x and y, to which vertices are held; None to measure it in each event.
    most_d0 : float
        Largest distance of a track from the beam line, in units of its error.
    most_z0_error : float
        Tracks whose z0 is known worse are left out.
    step : float
        Distance of the places at which the density is looked up.
    least_density : float
        Of a seed, tracks per mm.
    apart : float
        Tracks within so many of their errors from a seed are taken by it.
    cut : float
        Chi2 at which a track belongs to a vertex by half.
    least_weight : float
        Sum of the weights of a vertex's tracks.
    merged : float
        Vertices nearer than so many of their errors are one.
    """

    beam_spot: float | None = None
    most_d0: float = 4.0
    most_z0_error: float = 1.0
    step: float = 0.02
    least_density: float = 4.0
    apart: float = 3.0
    cut: float = 9.0
    least_weight: float = 1.5
    merged: float = 2.0


def find_vertices(tracks: Tracks, config: VertexConfig | None = None) -> Vertices:
    """Find the primary vertices of an event.

    Parameters
    ----------
    tracks : Tracks
    config : VertexConfig or None

    Returns
    -------
    Vertices
        The hardest first.
    """
    config = config or VertexConfig()
    beam_spot = beam_spot_width(tracks) if config.beam_spot is None else config.beam_spot
    rows = np.flatnonzero(_chosen(tracks, config, beam_spot))
    z, error = tracks.parameters[rows, 1], np.sqrt(tracks.covariance[rows, 1, 1])
    order = np.argsort(z, kind="stable")
    rows, z, error = rows[order], z[order], error[order]
    seeds = np.sort(_seeds(z, error, config.step, config.least_density, config.apart))
    fitted = fit_vertices(
        np.ascontiguousarray(tracks.parameters[rows]),
        np.ascontiguousarray(tracks.covariance[rows][:, :2, :2]),
        seeds,
        (beam_spot, config.cut, config.least_weight, config.merged),
    )
    return _sorted(tracks, rows, *fitted)


def _chosen(tracks: Tracks, config: VertexConfig, beam_spot: float) -> BoolArray:
    """Tell which tracks may come from a primary vertex."""
    variance = tracks.covariance
    near = tracks.parameters[:, 0] ** 2 < config.most_d0**2 * (variance[:, 0, 0] + beam_spot**2)
    chosen: BoolArray = tracks.good & near & (variance[:, 1, 1] < config.most_z0_error**2)
    return chosen


@kernel(owns=True)
def _seeds(z: Float64Array, error: Float64Array, step: float, least: float, apart: float) -> Float64Array:
    """Return z [mm] of the densest places, until no place is dense enough; tracks are sorted by z."""
    seeds = np.empty(len(z))
    n = 0
    if len(z) == 0:
        return seeds[:0].copy()
    low = z[0] - 1.0
    density = np.zeros(int((z[-1] + 1.0 - low) / step) + 2)
    for i in range(len(z)):
        _add(density, low, step, z[i], error[i], 1.0)
    free = np.ones(len(z), dtype=np.bool_)
    while n < len(z):
        best = np.argmax(density)
        if density[best] < least:
            break
        place, taken = low + best * step, 0
        for i in range(len(z)):
            if free[i] and abs(z[i] - place) < apart * error[i] + step:
                free[i] = False
                taken += 1
                _add(density, low, step, z[i], error[i], -1.0)
        if taken >= 2:
            seeds[n] = place
            n += 1
        if taken == 0:
            density[best] = 0.0
    return seeds[:n].copy()


@kernel(force=True)
def _add(density: Float64Array, low: float, step: float, z: float, error: float, sign: float) -> None:
    """Add a track to the density, or take it away."""
    first = max(int((z - _REACH * error - low) / step), 0)
    last = min(int((z + _REACH * error - low) / step) + 1, len(density) - 1)
    height = sign / (np.sqrt(2.0 * np.pi) * error)
    for k in range(first, last + 1):
        density[k] += height * np.exp(-0.5 * ((low + k * step - z) / error) ** 2)


def _sorted(
    tracks: Tracks,
    rows: Int64Array,
    position: Float64Array,
    covariance: Float64Array,
    chi2: Float64Array,
    weights: Float64Array,
    vertex: Int64Array,
    track: Int64Array,
) -> Vertices:
    """Put the vertices in order of their sum of pT squared; the last three arrays go together."""
    some = weights > _LEAST_WEIGHT
    weights, vertex, track = weights[some], vertex[some], rows[track[some]]
    n = len(position)
    hardness: Float64Array = np.bincount(vertex, weights * tracks.pt[track] ** 2, n).astype(np.float64)
    total: Float64Array = np.bincount(vertex, weights, n).astype(np.float64)
    order = np.argsort(-hardness, kind="stable")
    place = np.argsort(order)
    by_vertex = np.argsort(place[vertex], kind="stable")
    offsets = np.append(0, np.cumsum(np.bincount(vertex, minlength=n)[order])).astype(np.int64)
    return Vertices(
        position[order],
        covariance[order],
        chi2[order],
        2.0 * total[order] - 3.0,
        hardness[order],
        offsets,
        track[by_vertex].astype(np.int32),
        weights[by_vertex],
    )
