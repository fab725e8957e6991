"""Classes of layers from the errors of their hits: pixels, short and long strips, in cylinders and discs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int64Array
from clew.calibration.layers import Place
from clew.calibration.samples import HitSample
from clew.detector import ClusterSlopes, LayerClass, Modules

__all__ = ["ClassErrors", "class_of", "classify", "default_errors", "errors_of"]

_PIXELS: Final = 0.1
_SHORT: Final = 1.0
"""mm; errors along modules below which layers are called pixels, or short strips."""

_CENTRAL: Final = 0.99
_CENTRAL_NORMAL: Final = 2.576
"""Share of the residuals that errors are told by, if they are many, and how far it reaches in deviations."""

_LEAST_ERROR: Final = 1e-4  # mm

_BEYOND: Final = 3.0
"""Residuals so many times larger than those of nearly all hits tell no error: they are of merged clusters."""

_FEWEST: Final = 50
"""Hits by which a layer's class is told by itself."""

_WIDER: Final = 1.2
"""By how much errors are larger in searches that do not follow a track's covariance."""

_OVERLAP: Final = (4.0, 1.4, 1.4)
"""Deviations of a pair on overlapping modules over the errors of a hit."""

_DEFAULT: Final = 0.02
"""mm; error of hits of which nothing is known."""


@dataclass(frozen=True)
class ClassErrors:
    """Errors of the hits of a class, mm, and their own statistical errors; 0 hits for defaults."""

    across: float
    along: float
    n_hits: int

    @property
    def relative(self) -> float:
        """Statistical error of both, as a share of them."""
        return float(1.0 / np.sqrt(2.0 * self.n_hits)) if self.n_hits else float("nan")


def default_errors(modules: Modules | None, places: Sequence[Place]) -> list[tuple[float, float]]:
    """Return the errors across and along of the layers without truth: of the pitch, if it is known."""
    if modules is None:
        return [(_DEFAULT, _DEFAULT)] * len(places)
    found = []
    for place in places:
        own = (modules.volume == place.volume) & (modules.layer == place.layer)
        pitch = modules.pitch[own].astype(np.float64)
        known = len(pitch) > 0 and float(pitch.min()) > 0.0
        u, v = np.median(pitch, axis=0) / np.sqrt(12.0) if known else (_DEFAULT, _DEFAULT)
        found.append((float(min(u, v)), float(max(u, v))))
    return found


def errors_of(across: Float64Array, along: Float64Array) -> ClassErrors:
    """Return the errors of some hits, given their residuals [mm]."""
    return ClassErrors(_width(across), _width(along), len(across))


def _width(residuals: Float64Array) -> float:
    """Return the deviation of residuals; charges drift, so that all may be off by the same."""
    residuals = residuals - np.median(residuals)
    size = np.abs(residuals)
    nearly_all = float(np.quantile(size, _CENTRAL))
    kept = residuals[size <= _BEYOND * nearly_all]
    return float(max(np.sqrt(np.mean(kept**2)), nearly_all / _CENTRAL_NORMAL, _LEAST_ERROR))


def classify(
    places: Sequence[Place], hits: HitSample | None, defaults: Sequence[tuple[float, float]]
) -> list[str]:
    """Return the name of each layer's class.

    A layer with too few hits is as the others of its volume and shape.
    """
    along = [default[1] for default in defaults]
    if hits is not None:
        groups = np.unique([(place.volume, place.barrel) for place in places], axis=0, return_inverse=True)[1]
        for number in range(len(places)):
            rows = np.flatnonzero(hits.layer == number)
            if len(rows) < _FEWEST:
                rows = np.flatnonzero(groups[hits.layer] == groups[number])
            if len(rows) >= 2:
                along[number] = _width(hits.along[rows])
    return [_name(place.barrel, error) for place, error in zip(places, along, strict=True)]


def _name(barrel: bool, along: float) -> str:
    kind = "pixel" if along < _PIXELS else "short strip" if along < _SHORT else "long strip"
    return f"{kind} {'barrel' if barrel else 'endcap'}"


def class_of(
    name: str,
    errors: Mapping[str, ClassErrors],
    stagger: float,
    supports: bool,
    cluster: ClusterSlopes | None,
) -> LayerClass:
    """Return a class, given the errors of all: searches take none for much better than the others."""
    own = errors[name]
    usual = float(np.median([one.across for one in errors.values()]))
    coarse = max(_WIDER * own.across, usual)
    overlap = tuple(
        round(factor * error, 4)
        for factor, error in zip(_OVERLAP, (own.across, own.along, own.along), strict=True)
    )
    return LayerClass(
        name=name,
        across=round(own.across, 5),
        along=round(own.along, 5),
        coarse_across=round(coarse, 5),
        coarse_along=round(max(own.along, coarse), 5),
        overlap=(overlap[0], overlap[1], overlap[2]),
        stagger=round(max(stagger, 0.01), 3),
        supports=supports,
        cluster=cluster,
    )


def layers_of(kinds: Sequence[str], name: str) -> Int64Array:
    """Return the dense indices of the layers of a class."""
    return np.flatnonzero([kind == name for kind in kinds])
