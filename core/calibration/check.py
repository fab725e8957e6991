"""What a calibrated detector is worth: presets on events that it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Int64Array
from clew.io import EventSource, read_event
from clew.metrics.matching import match
from clew.parallel import parallel_events
from clew.pipeline.driver import preset_pipeline
from clew.pipeline.preset import Preset

__all__ = ["LEAST_PT", "Checked", "check_preset", "least_hits_of", "with_kalman"]

LEAST_PT: Final = 0.5  # GeV
_MOST_LEAST_HITS: Final = 7
_USUAL_SHARE: Final = 0.7
"""Share of the hits of long tracks that a particle needs to be looked for."""


class _Counts(NamedTuple):
    """Particles looked for, those found, tracks, and those that are no particle's."""

    wanted: int
    found: int
    tracks: int
    fakes: int


@dataclass(frozen=True)
class Checked:
    """What a preset made of some events.

    Attributes
    ----------
    preset : str
    efficiency, efficiency_error : float
        Share of the particles above `LEAST_PT` with enough hits that have a track of double majority.
    fakes, fakes_error : float
        Share of the tracks that have none.
    """

    preset: str
    efficiency: float
    efficiency_error: float
    fakes: float
    fakes_error: float


def least_hits_of(lengths: Int64Array) -> int:
    """Return how many hits a particle needs to be looked for, given those of all true tracks.

    >>> least_hits_of(np.array([9, 9, 9, 3])), least_hits_of(np.array([14, 12, 3]))
    (6, 7)
    """
    longest = float(np.quantile(lengths, 0.9)) if len(lengths) else 0.0
    return max(min(_MOST_LEAST_HITS, int(_USUAL_SHARE * longest)), 3)


def with_kalman(preset: Preset) -> Preset:
    """Return a preset that goes on by a plain Kalman filter."""
    return replace(preset, name=f"{preset.name}, kalman", extend=({"method": "kalman"},))


def check_preset(sources: Sequence[EventSource], preset: Preset, least_hits: int, jobs: int) -> Checked:
    """Reconstruct events with a preset and count what it found."""
    work = partial(_count, preset=preset, least_hits=least_hits)
    wanted, found, tracks, fakes = np.sum(list(parallel_events(work, sources, jobs)), axis=0).tolist()
    return Checked(preset.name, *_share(found, wanted), *_share(fakes, tracks))


def _count(source: EventSource, preset: Preset, least_hits: int) -> _Counts:
    event = read_event(source)
    assert event.truth is not None
    assert event.particles is not None
    matching = match(preset_pipeline(preset).reconstruct(event.hits).labels, event.truth, event.particles)
    wanted = (event.particles.pt > LEAST_PT) & (matching.particle_size >= least_hits)
    good = matching.double_majority
    found = matching.led_by(good)[wanted]
    return _Counts(int(wanted.sum()), int(found.sum()), len(good), int((~good).sum()))


def _share(part: int, whole: int) -> tuple[float, float]:
    """Return a share and its binomial error, of one more and one less than certain."""
    if whole == 0:
        return float("nan"), float("nan")
    smooth = (part + 0.5) / (whole + 1.0)
    return part / whole, float(np.sqrt(smooth * (1.0 - smooth) / whole))
