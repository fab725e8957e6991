"""How good seeds are: reference particles found, seeds perfect, seeds pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Int32Array, Int64Array
from clew.event import Particles, Truth
from clew.metrics.matching import NO_PARTICLE, particle_rows
from clew.metrics.rates import ratio
from clew.tracks import NO_HIT

__all__ = ["REFERENCE_HITS", "SeedReport", "reference_particles", "seed_majorities", "seed_report"]

REFERENCE_HITS: Final = 10
"""Hits in the event that make a particle a reference particle of seeding."""


@dataclass(frozen=True)
class SeedReport:
    """Quality of the seeds of one event.

    A seed's majority particle has more than half of its hits, three of five or two of three; a matched
    seed's majority particle is a reference particle, one with at least ten hits in the event.

    Attributes
    ----------
    n_seeds, n_matched, n_reference, n_found : int
        Seeds; matched seeds; reference particles; those that are the majority of at least one seed.
    found : float
        Found reference particles / reference particles.
    perfect : float
        Matched seeds with all hits from their majority particle / matched seeds.
    purity : float
        Sum over matched seeds of the hits from the majority particle / hits of matched seeds.
    all_perfect : float
        Seeds with all hits from one particle, whatever its number of hits / seeds.
    all_purity : float
        Sum over all seeds of the most hits from one particle / hits of seeds.
    duplicates : float
        Matched seeds / found reference particles.
    fakes : float
        Seeds without a majority particle / seeds.
    """

    n_seeds: int
    n_matched: int
    n_reference: int
    n_found: int
    found: float
    perfect: float
    purity: float
    all_perfect: float
    all_purity: float
    duplicates: float
    fakes: float


def seed_report(seeds: Int32Array, truth: Truth, particles: Particles) -> SeedReport:
    """Compare seeds with the truth.

    Parameters
    ----------
    seeds : ndarray of shape (n_seeds, width), int32
        Hit rows, NO_HIT behind the last hit of shorter seeds.
    truth : Truth
    particles : Particles
    """
    rows = particle_rows(truth, particles)
    reference = reference_particles(rows, len(particles.particle_id))
    majority, count = seed_majorities(seeds, rows)
    matched = matched_seeds(majority, reference)
    n_found = len(np.unique(majority[matched]))
    size = (seeds != NO_HIT).sum(axis=1)
    n_seeds, n_matched = len(seeds), int(np.count_nonzero(matched))
    return SeedReport(
        n_seeds=n_seeds,
        n_matched=n_matched,
        n_reference=int(np.count_nonzero(reference)),
        n_found=n_found,
        found=ratio(n_found, np.count_nonzero(reference)),
        perfect=ratio(np.count_nonzero(count[matched] == size[matched]), n_matched),
        purity=ratio(count[matched].sum(), size[matched].sum()),
        all_perfect=ratio(np.count_nonzero(count == size), n_seeds),
        all_purity=ratio(count.sum(), size.sum()),
        duplicates=ratio(n_matched, n_found),
        fakes=ratio(np.count_nonzero(majority == NO_PARTICLE), n_seeds),
    )


def reference_particles(rows: Int64Array, n_particles: int) -> BoolArray:
    """Tell for each particle whether it has at least ten of the hits, given the hits' particle rows."""
    return np.bincount(rows[rows >= 0], minlength=n_particles) >= REFERENCE_HITS


def matched_seeds(majority: Int64Array, reference: BoolArray) -> BoolArray:
    """Tell for each seed whether its majority particle is a reference particle."""
    return np.append(reference, False)[majority]


def seed_majorities(seeds: Int32Array, rows: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return each seed's majority particle and the most hits that it has of one particle.

    Parameters
    ----------
    seeds : ndarray of shape (n_seeds, width), int32
        NO_HIT behind the last hit of shorter seeds.
    rows : ndarray of shape (n_hits,), int64
        Particle row of each hit, NO_PARTICLE for noise.

    Returns
    -------
    majority : ndarray of shape (n_seeds,), int64
        Row of the particle with more than half of the hits, else NO_PARTICLE.
    count : ndarray of shape (n_seeds,), int64
    """
    owner = np.where(seeds == NO_HIT, NO_PARTICLE, rows[seeds])
    same = (owner[:, :, None] == owner[:, None, :]) & (owner >= 0)[:, :, None]
    count = same.sum(axis=2)
    best = count.argmax(axis=1)[:, None]
    most = np.take_along_axis(count, best, axis=1)[:, 0]
    leader = np.take_along_axis(owner, best, axis=1)[:, 0]
    return np.where(2 * most > (seeds != NO_HIT).sum(axis=1), leader, NO_PARTICLE), most
