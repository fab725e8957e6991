"""The hit on a layer that a predicted crossing most likely made, against chance.

A hit's gain is the logarithm of how much likelier it is the track's than one of the layer's other hits:
-chi2 / 2 - log(2 pi sqrt(det S) times the density of hits), S the covariance of the residuals; and, as far as
clusters are trusted, what its cluster tells of the track's direction (`clew.hits.clusters`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import numpy as np

from clew.arrays import Int32Array
from clew.detector.surface import Surface
from clew.hits.clusters import cluster_gain
from clew.hits.index import cell_span, cells_of, columns_of, in_columns
from clew.hits.space import SearchSpace
from clew.kernels import kernel
from clew.motion.measurement import Residual, chi2_and_determinant, measure
from clew.motion.state import State
from clew.motion.transport import Path
from clew.records import RecordArray
from clew.settings import within

__all__ = [
    "LikelihoodConfig",
    "Snap",
    "hit_density",
    "hit_window",
    "most_likely_hit",
    "snap_of",
]

_ASKEW: Final = 0.07  # rad between a disc's strip and the radius at a hit on it
_FLATTEST: Final = 0.05  # slope of tracks against a disc
_STEEPEST: Final = 0.1  # cosine of tracks' angle against the radius, on a cylinder
_WIDEST: Final = 1.0  # rad; half the azimuth in which a search looks at most


class Snap(NamedTuple):
    """Which hits may be taken; see `LikelihoodConfig`."""

    pull: float
    least_gain: float
    clusters: float


@dataclass(frozen=True)
class LikelihoodConfig:
    """Settings of fitting by likelihood.

    Attributes
    ----------
    pull : float
        Hits farther from a prediction, in expected deviations, are not looked at.
    least_gain : float
        Hits that gain less are not taken.  Below 0 a hit is taken that is likelier one by chance than the
        track's: as tracks seldom leave no hit where they cross a layer, that pays down to about -2.5.
    clusters : float
        Weight of what clusters gain.  Below 1, as errors of neighbouring hits' clusters go together.
    """

    pull: Annotated[float, within(0.1, 20)] = 5.0
    least_gain: Annotated[float, within(-1000, 1000)] = -2.5
    clusters: Annotated[float, within(0, 10)] = 0.0


def snap_of(config: LikelihoodConfig) -> Snap:
    """Return the settings as kernels take them."""
    return Snap(config.pull, config.least_gain, config.clusters)


@kernel(force=True)
def hit_window(surface: Surface, state: State, path: Path, pull: float) -> tuple[float, float, float, float]:
    """Return phi, half the range of phi, and the range of z/r, in which hits within `pull` deviations are.

    Modules stand before and behind their layer, so a hit may be up to `surface.depth` along the track away
    from the crossing, as far as the layer's hits spread in r (cylinder) or z (disc).
    """
    x, y = state.x, state.y
    r = np.sqrt(x * x + y * y)
    cos = min(abs(x * path.cos + y * path.sin) / r, 1.0)
    sin = np.sqrt(1.0 - cos * cos)
    slope = abs(state.slope)
    phi = np.arctan2(y, x)
    if surface.barrel:
        across = pull * np.sqrt(state.aa + surface.across**2)
        height = pull * np.sqrt(state.zz + surface.along**2)
        near, far = surface.r_low, surface.r_high
        depth = min(max(far - r, r - near, 0.0) / max(cos, _STEEPEST), surface.depth)
        low, high = state.z - height - depth * slope, state.z + height + depth * slope
        half = (across / max(cos, _STEEPEST) + depth * sin) / r
    else:
        slope = max(slope, _FLATTEST)
        askew = min(sin + _ASKEW, 1.0)
        across = pull * np.sqrt(state.aa + surface.across**2 + (surface.along * askew) ** 2)
        height = pull * np.sqrt(state.zz + (surface.along * slope) ** 2)
        low, high = surface.z_low, surface.z_high
        depth = height / slope + min(max(high - state.z, state.z - low, 0.0) / slope, surface.depth)
        near = max(r - across * sin - depth * cos, surface.least_r)
        far = r + across * sin + depth * cos
        half = (across + depth * sin) / near
    return phi, min(half, _WIDEST), low / (far if low > 0 else near), high / (near if high > 0 else far)


@kernel(force=True)
def hit_density(surface: Surface, state: State) -> float:
    """Return the hits per mm2 of a layer where a state meets it."""
    return surface.density if surface.barrel else surface.density / (state.x**2 + state.y**2 + 1.0)


@kernel(force=True)
def _on_module_of(points: RecordArray, hit: int, met: Int32Array) -> bool:
    crossed = False
    for other in met:
        crossed |= points[other].module == points[hit].module
    return crossed


@kernel(force=True)
def most_likely_hit(
    space: SearchSpace,
    layer: int,
    state: State,
    path: Path,
    snap: Snap,
    met: Int32Array,
    residual: Residual,
) -> tuple[int, float]:
    """Return the hit on a layer that gains most, -1 if none does enough, and its gain.

    Hits on the modules of those that the track has `met` on the layer are left out: it crosses a module once.
    """
    points, surface = space.points, space.surfaces[layer]
    phi, half, low, high = hit_window(surface, state, path, snap.pull)
    density = hit_density(surface, state)
    best, most, farthest = -1, snap.least_gain, snap.pull * snap.pull
    columns = columns_of(phi, half)
    first, last = cells_of(space, columns)
    for cell in range(first, last + 1):
        begin, end = cell_span(space, layer, cell, low, high)
        for hit in range(begin, end):
            if not in_columns(space, hit, columns):
                continue
            if _on_module_of(points, hit, met):
                continue
            measure(points[hit], surface, state, path, residual)
            chi2, determinant = chi2_and_determinant(state, residual)
            if chi2 < farthest:
                gain = -0.5 * chi2 - np.log(2.0 * np.pi * np.sqrt(determinant) * density + 1e-9)
                if snap.clusters > 0.0:
                    heading = path.cos, path.sin
                    tells = cluster_gain(space.shapes, points[hit], surface.barrel, heading, state.slope)
                    gain += snap.clusters * tells
                if gain > most:
                    best, most = hit, gain
    return best, most
