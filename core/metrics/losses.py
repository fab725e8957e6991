"""Where the score is lost: the weight of every hit that does not count, by cause and by kind of particle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int64Array
from clew.event import Particles
from clew.metrics.matching import Matching

__all__ = ["CAUSES", "CLASSES", "LossTable", "loss_table"]

CAUSES: Final = (
    "no track",
    "merged",
    "never majority",
    "split",
    "short",
    "hit unassigned",
    "hit elsewhere",
)
"""Why a hit's weight is lost.  A track is a particle's own if more than half of its hits are the particle's.

- no track: none of the particle's hits has a track
- merged: a track holds more than half of the particle's hits, but is not its own
- never majority: the particle has no own track, and no track holds more than half of its hits
- split: the particle has two or more own tracks, none with more than half of its hits
- short: the particle has one own track, with at most half of its hits
- hit unassigned: the particle has an own track with more than half of its hits; this hit is on no track
- hit elsewhere: the particle has an own track with more than half of its hits; this hit is on another
"""

CLASSES: Final = (
    "hits <= 4",
    "hits 5-9",
    "hits >= 10",
    "pT < 0.5",
    "pT 0.5-1",
    "pT >= 1",
    "prompt",
    "displaced",
)
"""Kinds of particles: by hits in the event, by pT in GeV, by whether the vertex is within r = 1 mm."""


@dataclass(frozen=True)
class LossTable:
    """Weight lost in one event, or on average in several.

    Attributes
    ----------
    total : ndarray of shape (7,), float64
        Lost weight of each of CAUSES; with the score they add up to the weight of all hits, 1 (unless the
        hits without a track happen to make one in the score's eyes, as in an event of one particle).
    by_class : ndarray of shape (7, 8), float64
        The same for each of CLASSES; hits, pT and vertex each split the total.
    """

    total: Float64Array
    by_class: Float64Array

    @classmethod
    def mean(cls, tables: Sequence[LossTable]) -> LossTable:
        """Return the mean of several events."""
        total = np.mean([table.total for table in tables], axis=0)
        return cls(total, np.mean([table.by_class for table in tables], axis=0))

    def table(self) -> str:
        """Return aligned text: one line per cause, in percent of the event's weight."""
        rows = [(cause, self.total[k], *self.by_class[k]) for k, cause in enumerate(CAUSES)]
        rows.append(("all causes", self.total.sum(), *self.by_class.sum(axis=0)))
        head = ("lost weight, %", "total", *CLASSES)
        lines = [f"{head[0]:<16}" + "".join(f"{name:>12}" for name in head[1:])]
        lines += [f"{row[0]:<16}" + "".join(f"{100 * value:12.2f}" for value in row[1:]) for row in rows]
        return "\n".join(lines)


def loss_table(matching: Matching, particles: Particles, weight: Float64Array) -> LossTable:
    """Find the cause of every loss of weight.

    Parameters
    ----------
    matching : Matching
    particles : Particles
    weight : ndarray of shape (n_hits,), float64
        Phase 1 or phase 2 weight of each hit; noise has none.
    """
    cause = _hit_causes(matching)
    lost = np.flatnonzero((cause >= 0) & (weight > 0))
    cause, particle, weight = cause[lost], matching.particle[lost], weight[lost]
    total, by_class = np.zeros(len(CAUSES)), np.zeros((len(CAUSES), len(CLASSES)))
    np.add.at(total, cause, weight)
    for kind in _classes(matching, particles).T:
        np.add.at(by_class, (cause, kind[particle]), weight)
    return LossTable(total, by_class)


def _hit_causes(matching: Matching) -> Int64Array:
    """Return for each hit the place of its loss in CAUSES, -1 for hits that count and for noise."""
    cause = np.append(_particle_causes(matching), -1)[matching.particle]
    tracked = matching.track >= 0
    owner = np.append(matching.leader, -1)[matching.track]
    counts = np.append(matching.double_majority, False)[matching.track] & (owner == matching.particle)
    accepted = cause == CAUSES.index("hit unassigned")
    cause[accepted & tracked] = CAUSES.index("hit elsewhere")
    cause[counts] = -1
    return cause


def _particle_causes(matching: Matching) -> Int64Array:
    """Return for each particle why its hits are lost, "hit unassigned" for particles with a good track."""
    size, largest = matching.particle_size, matching.largest
    own = np.bincount(matching.leader[matching.majority], minlength=len(size))
    conditions = {
        "hit unassigned": matching.led_by(matching.double_majority),
        "no track": largest == 0,
        "merged": 2 * largest > size,
        "never majority": own == 0,
        "split": own >= 2,
    }
    names = [CAUSES.index(name) for name in conditions]
    return np.select(list(conditions.values()), names, CAUSES.index("short"))


def _classes(matching: Matching, particles: Particles) -> Int64Array:
    """Return for each particle its three places in CLASSES, shape (n_particles, 3)."""
    distance = np.hypot(particles.vertex[:, 0], particles.vertex[:, 1])
    hits = np.digitize(matching.particle_size, (5, 10))
    momentum = 3 + np.digitize(particles.pt, (0.5, 1.0))
    return np.stack([hits, momentum, 6 + (distance > 1.0)], axis=1)
