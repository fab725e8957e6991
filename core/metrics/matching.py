"""Which particle leads which track: the hits that tracks and particles share, counted once for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Int32Array, Int64Array
from clew.errors import InputError
from clew.event import Particles, Truth

__all__ = ["NO_PARTICLE", "Matching", "match", "particle_rows"]

NO_PARTICLE: Final = -1
"""Stands in arrays of particle rows for noise."""


@dataclass(frozen=True)
class Matching:
    """Tracks, particles and their shared hits.

    A track's leading particle is the one with most of its hits, among equals the first in the event's
    `Particles`; noise is no particle.

    Attributes
    ----------
    labels : ndarray of shape (n_tracks,), int64
        Label of each track, ascending; 0 is none.
    track : ndarray of shape (n_hits,), int64
        Number of each hit's track, -1 for none.
    particle : ndarray of shape (n_hits,), int64
        Row of each hit's particle, NO_PARTICLE for noise.
    track_size : ndarray of shape (n_tracks,), int64
        Hits of each track, noise included.
    particle_size : ndarray of shape (n_particles,), int64
        Hits of each particle in the event.
    leader : ndarray of shape (n_tracks,), int64
        Row of each track's leading particle, NO_PARTICLE if the track is all noise.
    shared : ndarray of shape (n_tracks,), int64
        Hits of each track that are its leading particle's.
    largest : ndarray of shape (n_particles,), int64
        Most hits of each particle that are on one track.
    """

    labels: Int64Array
    track: Int64Array
    particle: Int64Array
    track_size: Int64Array
    particle_size: Int64Array
    leader: Int64Array
    shared: Int64Array
    largest: Int64Array

    @cached_property
    def majority(self) -> BoolArray:
        """Tracks with more than half of their hits from the leading particle, shape (n_tracks,)."""
        return 2 * self.shared > self.track_size

    @cached_property
    def double_majority(self) -> BoolArray:
        """Tracks with `majority` that hold more than half of the particle's hits, shape (n_tracks,)."""
        return self.majority & (2 * self.shared > self._leader_size)

    @cached_property
    def perfect(self) -> BoolArray:
        """Tracks that hold all hits of their leading particle and no other, shape (n_tracks,)."""
        return (self.shared == self.track_size) & (self.shared == self._leader_size)

    @cached_property
    def _leader_size(self) -> Int64Array:
        sizes = np.append(self.particle_size, 0)
        return sizes[self.leader]

    def led_by(self, tracks: BoolArray) -> BoolArray:
        """Tell for each particle whether it leads one of the given tracks, shape (n_particles,)."""
        found = np.zeros(len(self.particle_size) + 1, dtype=np.bool_)
        found[self.leader[tracks]] = True
        return found[:-1]


def particle_rows(truth: Truth, particles: Particles) -> Int64Array:
    """Return for each hit the row of its particle, NO_PARTICLE for noise and for unlisted particles."""
    if len(particles.particle_id) == 0:
        return np.full(len(truth.particle_id), NO_PARTICLE)
    order = np.argsort(particles.particle_id)
    listed = particles.particle_id[order]
    place = np.minimum(np.searchsorted(listed, truth.particle_id), len(listed) - 1)
    known = (listed[place] == truth.particle_id) & (truth.particle_id != 0)
    return np.where(known, order[place], NO_PARTICLE)


def match(labels: Int32Array, truth: Truth, particles: Particles) -> Matching:
    """Count the hits that tracks and particles share.

    Parameters
    ----------
    labels : ndarray of shape (n_hits,), integer
        Track of each hit; 0 for none.
    truth : Truth
    particles : Particles

    Raises
    ------
    InputError
        If there is not one label per hit.
    """
    if len(labels) != len(truth.particle_id):
        n_hits = len(truth.particle_id)
        raise InputError(f"the event has {n_hits} hits, but there are {len(labels)} labels: give one per hit")
    n_particles = len(particles.particle_id)
    names, number = np.unique(labels, return_inverse=True)
    n_unlabelled = np.searchsorted(names, 0, side="right")
    track = np.maximum(number - n_unlabelled, -1)
    n_tracks = len(names) - int(n_unlabelled)
    particle = particle_rows(truth, particles)
    both = (track >= 0) & (particle >= 0)
    key, count = np.unique(track[both] * max(n_particles, 1) + particle[both], return_counts=True)
    pair_track, pair_particle = np.divmod(key, max(n_particles, 1))
    leader, shared = _leaders(pair_track, pair_particle, count, n_tracks)
    largest = np.zeros(n_particles, dtype=np.int64)
    np.maximum.at(largest, pair_particle, count)
    return Matching(
        labels=names[n_unlabelled:].astype(np.int64),
        track=track,
        particle=particle,
        track_size=np.bincount(track[track >= 0], minlength=n_tracks),
        particle_size=np.bincount(particle[particle >= 0], minlength=n_particles),
        leader=leader,
        shared=shared,
        largest=largest,
    )


def _leaders(
    track: Int64Array, particle: Int64Array, count: Int64Array, n_tracks: int
) -> tuple[Int64Array, Int64Array]:
    """Return each track's leading particle and the hits it has there, from counted pairs."""
    leader = np.full(n_tracks, NO_PARTICLE)
    shared = np.zeros(n_tracks, dtype=np.int64)
    order = np.lexsort((particle, -count, track))
    first = order[np.flatnonzero(np.diff(track[order], prepend=-1))]
    leader[track[first]] = particle[first]
    shared[track[first]] = count[first]
    return leader, shared
