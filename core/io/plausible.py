"""Whether an event's particles are those of its truth: mixed up files and spoilt identities show here."""

from __future__ import annotations

import warnings

import numpy as np

from clew.errors import ClewWarning
from clew.event import Particles, Truth

__all__ = ["check_truth"]


def check_truth(truth: Truth, particles: Particles, event_id: int) -> None:
    """Warn of particles that the truth names and the particles do not, and of one that is numbered 0."""
    if np.any(particles.particle_id == 0):
        _warn(event_id, "particle_id 0 is listed as a particle, but means noise: its hits count as noise")
    named = np.unique(truth.particle_id[truth.particle_id != 0])
    unlisted = np.setdiff1d(named, particles.particle_id, assume_unique=True)
    if len(unlisted) == 0:
        return
    number = "none" if len(unlisted) == len(named) else f"only {len(named) - len(unlisted)}"
    _warn(
        event_id,
        f"{number} of the {len(named)} particles of the truth are in the particles file (particle_id "
        f"{unlisted[0]} is not), other hits count as noise: another event's file, or ids that lost digits?",
    )


def _warn(event_id: int, message: str) -> None:
    warnings.warn(f"event {event_id}: {message}", ClewWarning, stacklevel=4)
