"""How good the ellipses are along true tracks, among all hits of the event."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.detector import Detector
from clew.event import Event
from clew.extend.growing.following import LONGEST
from clew.extend.tracknet.network import TrackNet
from clew.extend.tracknet.search import Search
from clew.fitting.ellipse import Branching
from clew.hits.index import entries_of
from clew.hits.space import whole_space
from clew.lookup import find_rows
from clew.tracks import NO_HIT
from clew.tracksets import Tracks, tracks_of

__all__ = ["Drawn", "ellipses_along", "outward_paths"]

_MOST: Final = 16
"""Hits of an ellipse that are counted."""


class Drawn(NamedTuple):
    """One entry for each next hit of a true track.

    Attributes
    ----------
    layer : ndarray of shape (n,), int32
        Dense index of the layer that the hit is on.
    inside : ndarray of shape (n,), bool
        Whether the search branches to the hit: it is in the first ellipse that holds any.
    hits, own : ndarray of shape (n,), int64
        Hits in that ellipse, and those of the track's particle among them.
    area : ndarray of shape (n,), float64
        Of that ellipse, mm2; NaN where no ellipse holds a hit.
    """

    layer: Int32Array
    inside: BoolArray
    hits: Int64Array
    own: Int64Array
    area: Float64Array


def ellipses_along(event: Event, network: TrackNet, widening: float, least_pt: float) -> Drawn:
    """Follow the true tracks above a pT [GeV] outwards, as long as their hits are in the ellipses.

    Raises InputError if the event has no truth.
    """
    tracks = tracks_of(event)
    tracks = tracks.select(np.flatnonzero(tracks.pt > least_pt))
    rows = outward_paths(tracks)
    rows = np.where(rows == NO_HIT, NO_HIT, find_rows(event.hits.hit_id, tracks.hits.hit_id)[rows])
    space = whole_space(event.hits)
    assert event.truth is not None
    search = Search(network, event.hits.detector, space, Branching(widening, _MOST), inward=False)
    return _follow(search, entries_of(space.row, len(event.hits))[rows], event.truth.particle_id[space.row])


def outward_paths(tracks: Tracks) -> Int32Array:
    """Return the first hit of each track on each layer, as far as it goes outwards, (n, LONGEST), int32.

    As rows of `tracks.hits`, -1 padded; tracks of fewer than three such layers are left out.
    """
    layer, owner = tracks.hits.layer_index, tracks.owners
    changed = np.ones(len(layer), dtype=np.bool_)
    changed[1:] = (layer[1:] != layer[:-1]) | (owner[1:] != owner[:-1])
    rows = np.flatnonzero(changed)
    layer, owner = layer[rows], owner[rows]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    within = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    turned = np.cumsum((within > 0) & ~_goes_on(tracks.hits.detector)[np.roll(layer, 1), layer])
    keep = (turned == turned[np.arange(len(rows)) - within]) & (within < LONGEST)
    paths = np.full((len(tracks), LONGEST), NO_HIT, dtype=np.int32)
    paths[owner[keep], within[keep]] = rows[keep]
    return paths[paths[:, 2] != NO_HIT]


def _goes_on(detector: Detector) -> BoolArray:
    """Tell whether the second layer may follow the first along a track, shape (n_layers, n_layers)."""
    n = len(detector)
    allowed = np.zeros((n, n + 1), dtype=np.bool_)
    np.put_along_axis(allowed, detector.following(1).astype(np.int64) % (n + 1), True, axis=1)
    return allowed[:, :n]


def _follow(search: Search, paths: Int32Array, particle: Int64Array) -> Drawn:
    live = search.begin(paths[:, :3], np.zeros(len(paths)), np.arange(len(paths)))
    whole, numbers = np.zeros(0, dtype=np.int64), np.zeros(0)
    parts = [Drawn(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.bool_), whole, whole, numbers)]
    for n in range(3, LONGEST):
        live = live.select(paths[live.group, n] != NO_HIT)
        if not len(live.group):
            break
        true = paths[live.group, n]
        children, _ = search.look(live, n)
        there = children.hit != NO_HIT
        own = there & (particle[children.hit] == particle[true][:, None])
        same = children.hit == true[:, None]
        inside = same.any(axis=1)
        area = np.where(there[:, 0], children.area[:, 0], np.nan)
        layer = search.space.points["layer"][true]
        parts.append(Drawn(layer, inside, there.sum(axis=1), own.sum(axis=1), area))
        features = children.features[inside, same[inside].argmax(axis=1)]
        live = search.add_hits(live.select(inside), true[inside], features, n)
    return Drawn(*(np.concatenate(same_column) for same_column in zip(*parts, strict=True)))
