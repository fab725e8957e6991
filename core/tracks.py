"""Tracks in the making: seeds, predictions, candidates and labels, all flat arrays.

Hits are named by their row in the event's `Hits`, never by hit_id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array

__all__ = ["NO_HIT", "SEED_LENGTH", "Candidates", "Predictions", "Seeds"]

SEED_LENGTH: Final = 5
"""Hits of a seed."""

NO_HIT: Final = -1
"""Stands in hit arrays for "no hit here"."""


@dataclass(frozen=True)
class Candidates:
    """Track candidates of any length: one flat array of hits and where each candidate starts.

    Attributes
    ----------
    hits : ndarray of shape (n_total,), int32
        Hit rows, each candidate's from the inside outwards along the track.
    offsets : ndarray of shape (n_candidates + 1,), int64
        Hits of candidate i are hits[offsets[i]:offsets[i + 1]].
    """

    hits: Int32Array
    offsets: Int64Array

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> Int32Array:
        return self.hits[self.offsets[i] : self.offsets[i + 1]]

    @property
    def lengths(self) -> Int64Array:
        """Number of hits of each candidate, shape (n_candidates,), int64."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Int32Array:
        """Candidate number of each entry of `hits`, shape (n_total,), int32."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    @classmethod
    def from_rows(cls, rows: Int32Array) -> Candidates:
        """Make candidates from an array of shape (n_candidates, width), leaving out NO_HIT entries."""
        filled = rows != NO_HIT
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(filled.sum(axis=1), out=offsets[1:])
        return cls(np.ascontiguousarray(rows[filled], dtype=np.int32), offsets)

    @classmethod
    def from_labels(cls, labels: Int32Array, order: Int64Array | None = None) -> Candidates:
        """Make candidates from one label per hit; hits labelled 0 belong to none.

        `order` gives the hits' order along tracks (an argsort); by default the hits keep that of the event.
        """
        rows = np.arange(len(labels)) if order is None else order
        rows = rows[labels[rows] > 0]
        rows = rows[np.argsort(labels[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(labels[rows], prepend=0))
        return cls(rows.astype(np.int32), np.append(starts, len(rows)).astype(np.int64))

    @classmethod
    def empty(cls, n: int = 0) -> Candidates:
        """Make n candidates without hits."""
        return cls(np.zeros(0, dtype=np.int32), np.zeros(n + 1, dtype=np.int64))

    @classmethod
    def concatenate(cls, parts: Sequence[Candidates]) -> Candidates:
        """Put several sets of candidates one after the other."""
        offsets = np.zeros(1 + sum(map(len, parts)), dtype=np.int64)
        np.cumsum(np.concatenate([part.lengths for part in parts]), out=offsets[1:])
        return cls(np.concatenate([part.hits for part in parts]), offsets)

    def select(self, keep: BoolArray | Int64Array) -> Candidates:
        """Return the chosen candidates, by mask of shape (n_candidates,) or by number."""
        chosen = np.arange(len(self))[keep]
        lengths = self.lengths[chosen]
        offsets = np.zeros(len(chosen) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        return Candidates(self.hits[np.repeat(self.offsets[:-1][chosen], lengths) + within], offsets)

    def head(self, width: int) -> Int32Array:
        """Return the first `width` hits of each, shape (n_candidates, width), NO_HIT where shorter."""
        place = self.offsets[:-1, None] + np.arange(width)
        return self._gather(place, place < self.offsets[1:, None])

    def tail(self, width: int) -> Int32Array:
        """Return the last `width` hits of each, shape (n_candidates, width), NO_HIT before the first."""
        place = self.offsets[1:, None] - width + np.arange(width)
        return self._gather(place, place >= self.offsets[:-1, None])

    def _gather(self, place: Int64Array, valid: BoolArray) -> Int32Array:
        rows = np.full(place.shape, NO_HIT, dtype=np.int32)
        rows[valid] = self.hits[place[valid]]
        return rows

    def extended(self, outward: Candidates, inward: Candidates | None = None) -> Candidates:
        """Return each candidate with the same-numbered one of `outward` behind and `inward` before it.

        `inward` holds its hits in the order they were met, from the candidate's first hit towards the beam.
        """
        n = len(self)
        parts = [self, outward]
        if inward is not None:
            parts.insert(0, inward.reversed())
        owner = np.concatenate([part.owners for part in parts])
        order = np.argsort(owner, kind="stable")
        offsets = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(sum(part.lengths for part in parts), out=offsets[1:])
        return Candidates(np.concatenate([part.hits for part in parts])[order], offsets)

    def spread(self, numbers: Int64Array, n: int) -> Candidates:
        """Return n candidates: number numbers[i] is this set's candidate i, the others are empty.

        `numbers` must be ascending.
        """
        offsets = np.zeros(n + 1, dtype=np.int64)
        offsets[numbers + 1] = self.lengths
        return Candidates(self.hits, np.cumsum(offsets))

    def reversed(self) -> Candidates:
        """Return the same candidates, each with its hits the other way round."""
        lengths = self.lengths
        within = np.arange(len(self.hits)) - np.repeat(self.offsets[:-1], lengths)
        return Candidates(self.hits[np.repeat(self.offsets[1:] - 1, lengths) - within], self.offsets)

    def triplets(self, layer: Int32Array) -> Int32Array:
        """Return the first hits of each on its first three layers, shape (n, 3), of those on as many.

        `layer` is the dense layer index of each hit of the event, shape (n_hits,).
        """
        begins = np.diff(layer[self.hits], prepend=-1) != 0
        begins |= np.diff(self.owners, prepend=-1) != 0
        firsts = Candidates.from_labels(self.owners[begins] + np.int32(1))
        chosen = firsts.select(firsts.lengths >= 3).head(3)
        triplets: Int32Array = self.hits[begins][chosen]
        return triplets

    def labels(self, n_hits: int) -> Int32Array:
        """Return one label per hit: 1 + the candidate's number, 0 where no candidate has the hit.

        A hit of several candidates gets the last one's; resolve the competition first (clew.ensemble).
        """
        labels = np.zeros(n_hits, dtype=np.int32)
        labels[self.hits] = self.owners + 1
        return labels


@dataclass(frozen=True)
class Seeds:
    """What seeding found.

    Attributes
    ----------
    hits : ndarray of shape (n_seeds, 5) or, to be grown in a loop, (n_seeds, 3), int32
        Hit rows from the inside outwards; NO_HIT behind the last one where seeds of both lengths are
        put together.
    found : Candidates
        Every track that the seeding saw, among them those too short for a seed; hits beyond a
        seed's five are hints that the ensemble may use.
    gains : ndarray of shape (n_seeds,), float64, or None
        What the last hit of each gained (see clew.fitting.likelihood); seeds of one first hit, which
        compete, then stand together.
    least_hits : int
        Fewest hits of a track that a seed may become.
    least_gain : float
        What a track must gain that a seed may become.
    """

    hits: Int32Array
    found: Candidates
    gains: Float64Array | None = None
    least_hits: int = 1
    least_gain: float = 0.0

    def __len__(self) -> int:
        return len(self.hits)

    @classmethod
    def concatenate(cls, parts: Sequence[Seeds]) -> Seeds:
        """Put the seeds of one or more passes one after the other, to be counted; gains are left out."""
        width = max(part.hits.shape[1] for part in parts)
        hits = [
            np.pad(part.hits, ((0, 0), (0, width - part.hits.shape[1])), constant_values=NO_HIT)
            for part in parts
        ]
        return cls(np.concatenate(hits), Candidates.concatenate([part.found for part in parts]))


@dataclass(frozen=True)
class Predictions:
    """Where the next hits of each window of five hits are expected.

    Attributes
    ----------
    points : ndarray of shape (n_windows, n_steps, 4), float32
        phi [rad, in (-pi, pi]], r [mm], z [mm], z/r of the expected hits, nearest first; NaN where the
        extender expects no hit.
    sigmas : ndarray of the same shape, float32, or None
        Expected deviation (mean absolute, same units) of each number, where the extender knows it.
    """

    points: Float32Array
    sigmas: Float32Array | None = None

    def __len__(self) -> int:
        return len(self.points)
