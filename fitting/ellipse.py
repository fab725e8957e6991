"""The hits inside an ellipse on a layer: all of them, as TrackNETv2 lets a candidate branch to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.fitting.likelihood import hit_window
from clew.hits.index import cell_span, cells_of, columns_of, in_columns
from clew.hits.space import SearchSpace
from clew.kernels import kernel
from clew.motion.measurement import Residual, covariance, measure
from clew.motion.state import State
from clew.motion.transport import Path
from clew.records import Single, record_dtype
from clew.settings import within

__all__ = [
    "ELLIPSE",
    "Branching",
    "Ellipse",
    "EllipseConfig",
    "Inside",
    "branching_of",
    "hits_in_ellipse",
]


class Ellipse:
    """Fields of an ellipse on a layer, in expected deviations of the helix that crosses it there.

    As if curvature and slope of the helix were positive.

    Attributes
    ----------
    across, along : float
        Centre, across the modules' length and along it.
    wide, long : float
        Radii in the same directions.
    """

    across: Single
    along: Single
    wide: Single
    long: Single


ELLIPSE: Final[np.dtype[np.void]] = record_dtype(Ellipse)


class Inside(NamedTuple):
    """Hits inside an ellipse, nearest to its centre first.

    Attributes
    ----------
    hit : ndarray of shape (most,), int32
        Entries of the search space.
    distance : ndarray of shape (most,), float64
        From the centre, in widened radii.
    area : ndarray of shape (most,), float64
        Of the widened ellipse [mm2], which depends on the module.
    """

    hit: Int32Array
    distance: Float64Array
    area: Float64Array


class Branching(NamedTuple):
    """How far hits may be from the centre of an ellipse, in its radii, and how many candidates compete."""

    widening: float
    branches: int


@dataclass(frozen=True)
class EllipseConfig:
    """Settings of fitting by ellipses.

    Attributes
    ----------
    widening : float
        Factor of the ellipses' radii within which hits are taken.
    branches : int
        Candidates of one first hit that go on after each station, those with the highest gain.
    """

    widening: Annotated[float, within(0.01, 20)] = 2.0
    branches: Annotated[int, within(1, 64)] = 4


def branching_of(config: EllipseConfig) -> Branching:
    """Return the settings as kernels take them."""
    return Branching(config.widening, config.branches)


@kernel
def hits_in_ellipse(
    space: SearchSpace,
    layer: int,
    state: State,
    path: Path,
    ellipse: Ellipse,
    widening: float,
    residual: Residual,
    inside: Inside,
) -> int:
    """Write the hits of a layer that are inside an ellipse, nearest to its centre first; return how many.

    Parameters
    ----------
    space : SearchSpace
    layer : int
    state, path
        The helix where it crosses the layer; see clew.motion.transport.
    ellipse : Ellipse
    widening : float
        Factor of the radii.
    residual : Residual
        Work space.
    inside : Inside
        Gets the hits; farther ones than it has room for are left out.
    """
    points, surface, n = space.points, space.surfaces[layer], 0
    wide, long = widening * ellipse.wide, widening * ellipse.long
    reach = max(abs(ellipse.across) + wide, abs(ellipse.along) + long)
    side = np.copysign(1.0, state.kappa)
    upward = np.copysign(1.0, state.slope) if surface.barrel else 1.0  # a disc's r has no mirror image
    phi, half, low, high = hit_window(surface, state, path, reach)
    columns = columns_of(phi, half)
    first, last = cells_of(space, columns)
    for cell in range(first, last + 1):
        begin, end = cell_span(space, layer, cell, low, high)
        for hit in range(begin, end):
            if not in_columns(space, hit, columns):
                continue
            measure(points[hit], surface, state, path, residual)
            s11, _, s22 = covariance(state, residual)
            u, v = np.sqrt(s11), np.sqrt(s22)
            across, along = side * residual.r1 / u, upward * residual.r2 / v
            distance = np.hypot((across - ellipse.across) / wide, (along - ellipse.along) / long)
            if distance <= 1.0:
                n = _insert(inside, n, hit, distance, np.pi * wide * long * u * v)
    return n


@kernel
def _insert(inside: Inside, n: int, hit: int, distance: float, area: float) -> int:
    """Put a hit among n others, which are ordered by distance; the farthest falls out.  Return the new n."""
    most, rank = len(inside.hit), n
    while rank > 0 and inside.distance[rank - 1] > distance:
        rank -= 1
        if rank + 1 < most:
            inside.hit[rank + 1] = inside.hit[rank]
            inside.distance[rank + 1], inside.area[rank + 1] = inside.distance[rank], inside.area[rank]
    if rank < most:
        inside.hit[rank], inside.distance[rank], inside.area[rank] = hit, distance, area
    return min(n + 1, most)
