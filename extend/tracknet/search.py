"""The search of TrackNETv2: candidates branch to all hits in their ellipses, station by station, batched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import Detector
from clew.detector.solenoid import FieldMap
from clew.extend.growing.following import LONGEST
from clew.extend.tracknet.network import Hidden, TrackNet, layer_kinds, with_kinds
from clew.extend.tracknet.stations import Children, branch, cross, seed_features
from clew.fitting.ellipse import ELLIPSE, Branching
from clew.hits.space import SearchSpace
from clew.motion.state import Motion
from clew.tracks import NO_HIT

__all__ = ["Branches", "Found", "Search", "deviations_in_radii"]

_MEAN_DISTANCE: Final = np.sqrt(np.pi / 2)
"""Mean length of a vector of two normal deviations of 1."""


class Found(NamedTuple):
    """Candidates: hits in the direction of travel, -1 padded, shape (n, LONGEST), and what each gained."""

    tracks: Int32Array
    gains: Float64Array


class Branches(NamedTuple):
    """Candidates on their way, what each gained, with which it competes, and its hidden state."""

    tracks: Int32Array
    gains: Float64Array
    group: Int64Array
    hidden: Hidden

    def select(self, rows: Any) -> Branches:
        """Return some candidates."""
        return Branches(self.tracks[rows], self.gains[rows], self.group[rows], self.hidden.select(rows))


@dataclass(frozen=True)
class Search:
    """Grows candidates from three hits, all of them a station at a time.

    Attributes
    ----------
    network : TrackNet
    detector : Detector
    space : SearchSpace
        The hits that may be taken.
    snap : Branching
    inward : bool
        The direction of travel.
    """

    network: TrackNet
    detector: Detector
    space: SearchSpace
    snap: Branching
    inward: bool

    @cached_property
    def _motion(self) -> Motion:
        return self.network.motion

    @cached_property
    def _field(self) -> FieldMap:
        return self.detector.solenoid.map

    @cached_property
    def _kinds(self) -> Float32Array:
        return layer_kinds(self.detector)

    def run(self, triplets: Int32Array, gains: Float64Array, group: Int64Array) -> Found:
        """Return the best candidate of each group.

        Parameters
        ----------
        triplets : ndarray of shape (n, 3), int32
            Hits in the direction of travel, as entries of the space.
        gains : ndarray of shape (n,), float64
            What they gained so far.
        group : ndarray of shape (n,), int64
            From 0, ascending, each with a triplet; those of a group compete.

        Returns
        -------
        Found
            One candidate per group, in order.
        """
        live, n = self.begin(triplets, gains, group), triplets.shape[1]
        ended = []
        while n < LONGEST and len(live.tracks):
            children, sharpness = self.look(live, n)
            ended.append(live.select(children.hit[:, 0] == NO_HIT)[:3])
            live = self._go_on(live, children, sharpness, n)
            n += 1
        ended.append(live[:3])
        tracks, gains, group = (np.concatenate(same) for same in zip(*ended, strict=True))
        best = _best(group, gains, 1)
        return Found(tracks[best], gains[best])

    def begin(self, triplets: Int32Array, gains: Float64Array, group: Int64Array) -> Branches:
        """Return candidates of three hits each, as `run` takes them."""
        tracks = np.full((len(triplets), LONGEST), NO_HIT, dtype=np.int32)
        tracks[:, :3] = triplets
        features = seed_features(self.space, triplets, self.inward, self._motion, self._field)
        live = Branches(tracks, gains, group, self.network.start(len(triplets)))
        return self._update(live, triplets[:, 2], features)

    def look(self, live: Branches, n: int) -> tuple[Children, Float64Array]:
        """Return the hits in the ellipses on the next stations of candidates of n hits each.

        And how many deviations the radii are, shape (n_candidates,), float64.
        """
        following = self.detector.preceding(1) if self.inward else self.detector.following(1)
        last = live.tracks[:, n - 3 : n]
        crossings = cross(self.space, last, following, self.inward, self._motion, self._field)
        there = crossings.layer >= 0
        columns = np.ones((*there.shape, 4), dtype=np.float32)
        owner, _ = np.nonzero(there)
        query = with_kinds(crossings.query[there], crossings.layer[there], self._kinds)
        columns[there] = self.network.ellipses(live.hidden.select(owner), query)
        ellipses = columns.view(ELLIPSE)[..., 0]
        children = branch(self.space, crossings, ellipses, self.inward, self.snap)
        radii = columns[np.arange(len(there)), children.option, 2:].astype(np.float64)
        return children, deviations_in_radii(self.network.alpha, radii)

    def _go_on(self, live: Branches, children: Children, sharpness: Float64Array, n: int) -> Branches:
        """Return the branches with the highest gains of each group, each with its new hit, the n-th."""
        parents, places = np.nonzero(children.hit != NO_HIT)
        gains = live.gains[parents] + _gains(children, sharpness)[parents, places]
        kept = _best(live.group[parents], gains, self.snap.branches)
        parents, places = parents[kept], places[kept]
        hits, features = children.hit[parents, places], children.features[parents, places]
        live = self.add_hits(live.select(parents), hits, features, n)
        return live._replace(gains=gains[kept])

    def add_hits(self, live: Branches, hits: Int32Array, features: Float32Array, n: int) -> Branches:
        """Return candidates of n hits each with one more, whose features the network takes in."""
        live.tracks[:, n] = hits
        return self._update(live, hits, features)

    def _update(self, live: Branches, hits: Int32Array, features: Float32Array) -> Branches:
        layer = self.space.points["layer"][hits]
        hidden = self.network.update(live.hidden, with_kinds(features, layer, self._kinds))
        return live._replace(hidden=hidden)


def deviations_in_radii(alpha: float, radii: Float64Array) -> Float64Array:
    """Return how many of the deviations that the network expects the radii are, shape (n,).

    For normal deviations of s and t the loss is least at radii of k s and k t with
    k^3 s t = sqrt(pi / 2) alpha / (2 (1 - alpha)): k follows from the product of the radii.

    Parameters
    ----------
    alpha : float
        That of the loss.
    radii : ndarray of shape (n, 2), float64
        As predicted, in deviations of the helix.
    """
    number: Float64Array = _MEAN_DISTANCE / 2 * alpha / (1 - alpha) / radii.prod(axis=1)
    return number


def _gains(children: Children, sharpness: Float64Array) -> Float64Array:
    """Return how much likelier each hit is the track's than there by chance, as logarithm, shape as hits.

    Deviations count as widened as the ellipses are.
    """
    k = sharpness[:, None]
    by_chance = 2.0 * children.area * children.density[:, None] / k**2
    gains: Float64Array = -0.5 * (k * children.distance) ** 2 - np.log(by_chance + 1e-9)
    return gains


def _best(group: Int64Array, gains: Float64Array, most: int) -> Int64Array:
    """Return the rows with the highest gains of each group, at most so many, by group and gain."""
    order = np.lexsort((-gains, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return order[rank < most]
