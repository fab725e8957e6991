"""The lengths of a bundle: by how much modules and tracks may be off, and how far searches go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from clew.calibration.classes import ClassErrors
from clew.calibration.layers import Place
from clew.calibration.samples import Samples
from clew.detector import Lengths, SeedLengths

__all__ = ["lengths_of", "seed_lengths_of"]

_LEAST_DEPTH: Final = 1.0  # mm
_ROOM: Final = 2.0
"""Modules may be so many times as far off their layer as any seen."""

_RARE: Final = 0.999
"""Quantile of true tracks that searches reach."""

_BEAM_SPOT: Final = 0.2
"""Half the range of origins over the outer radius, where none are known."""


def lengths_of(places: Sequence[Place], samples: Samples | None) -> Lengths:
    """Return the lengths of a detector; what no quantile tells is a share of its size, or of `depth`."""
    outside, innermost = _outermost(places), _innermost(places)
    depth = max(_ROOM * max(place.depth for place in places), _LEAST_DEPTH)
    longest, beam_spot = 1.4 * outside, _BEAM_SPOT * outside
    if samples is not None and len(samples.steps.arc):
        longest = max(3.0 * float(np.quantile(samples.steps.arc, _RARE)), 4.0 * depth)
    if samples is not None and len(samples.origins):
        beam_spot = max(1.2 * float(np.quantile(np.abs(samples.origins), _RARE)), 0.01 * outside)
    return Lengths(
        depth=round(depth, 2),
        edge=round(0.5 * depth, 2),
        ahead=round(0.65 * depth, 2),
        again=round(2.5 * depth, 2),
        longest=round(longest, 1),
        step=round(0.4 * longest, 1),
        loose=round(0.075 * outside, 2),
        slack=round(0.02 * outside, 2),
        spread=round(0.03 * outside, 2),
        least_r=round(0.6 * innermost, 3),
        outside=round(1.04 * outside, 1),
        beam_spot=round(beam_spot, 1),
    )


def seed_lengths_of(
    places: Sequence[Place], errors: Mapping[str, ClassErrors], samples: Samples | None
) -> SeedLengths:
    """Return the lengths of seeding; see `lengths_of`."""
    outside = _outermost(places)
    gap = 0.003 * outside
    if samples is not None:
        rising = samples.steps.rise[samples.steps.rise > 0.0]
        gap = 0.6 * float(np.quantile(rising, 1.0 - _RARE)) if len(rising) else gap
    across = 2.0 * float(np.median([one.across for one in errors.values()]))
    return SeedLengths(
        across=round(across, 5),
        least_gap=round(gap, 4),
        least_arc=round(1.3 * gap, 4),
        unseen=round(0.14 * outside, 1),
        loose=round(0.056 * outside, 2),
        slack=round(0.028 * outside, 2),
        outside=round(1.08 * outside, 1),
    )


def _outermost(places: Sequence[Place]) -> float:
    return max(place.position if place.barrel else place.reach[1] for place in places)


def _innermost(places: Sequence[Place]) -> float:
    return min(place.position - place.depth if place.barrel else place.reach[0] for place in places)
