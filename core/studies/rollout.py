"""Rollouts: from the first hits of true tracks a network goes step by step, among all hits of the event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from clew.event import Event, Hits
from clew.extend.stepwise.coordinates import next_on_another_layer
from clew.extend.stepwise.network import StepwiseNetwork
from clew.extend.stepwise.regions import RegionConfig, chosen_tracks
from clew.extend.stepwise.windows import WINDOW, windows_along
from clew.fitting.nearest.distances import DISTANCES
from clew.fitting.nearest.doubles import add_doubles
from clew.fitting.nearest.fitter import NearestConfig, first_hits
from clew.fitting.nearest.neighbours import nearest_hits
from clew.fitting.nearest.targets import make_targets
from clew.hits.index import HitIndex, build_index
from clew.lookup import find_rows
from clew.tracks import NO_HIT, Candidates
from clew.tracksets import Tracks, tracks_of

__all__ = ["FARTHEST", "Course", "Predicted", "predict_next", "roll_out"]

FARTHEST: Final = {"polar": 0.012, "euclidean": 0.02, "mahalanobis": 8.0, "cosine": 3e-5}
"""The distances of SPRACE, and beyond which no hit is taken, so that the layer behind is looked at; chosen on
validation events."""

_ANYWHERE: Final = {"polar": 0.2, "euclidean": 0.2, "mahalanobis": 30.0, "cosine": 0.01}
"""The same for networks that have one prediction only: nearly always some hit is nearer."""

_SPREAD: Final = np.array(NearestConfig().spread)


@dataclass(frozen=True)
class Course:
    """The true tracks of a region in one event, and all hits of the event.

    Attributes
    ----------
    hits : Hits
    index : HitIndex
        Of all hits.
    tracks : Tracks
        The region's, all with the same number of hits.
    rows : ndarray of shape (n_tracks, n_hits), int32
        The tracks' hits, rows of the event's.
    """

    hits: Hits
    index: HitIndex
    tracks: Tracks
    rows: Int32Array

    @property
    def n_steps(self) -> int:
        """Hits of each track that are to be found."""
        return self.rows.shape[1] - WINDOW

    @property
    def abs_eta(self) -> Float64Array:
        """Absolute pseudorapidity of each track at its vertex, shape (n_tracks,)."""
        return np.abs(np.arcsinh(self.tracks.momentum[:, 2] / self.tracks.pt)).astype(np.float64)

    @property
    def points(self) -> Float64Array:
        """x, y, z of all hits of the event, shape (n_hits, 3), mm."""
        return np.stack([self.hits.x, self.hits.y, self.hits.z], axis=1).astype(np.float64)

    @classmethod
    def of(cls, event: Event, region: RegionConfig, most: int | None = None) -> Self:
        """Make the course of an event, `most` tracks of it at most; the region sets their number of hits."""
        tracks = tracks_of(event)
        tracks = tracks.select(chosen_tracks(tracks, region)[:most])
        rows = find_rows(event.hits.hit_id, tracks.hits.hit_id).astype(np.int32)
        index = build_index(event.hits)
        return cls(event.hits, index, tracks, rows.reshape(-1, region.hits))


def roll_out(course: Course, network: StepwiseNetwork, distance: str) -> Int32Array:
    """Return the hits that a network finds after the first four of each track, one step after the other.

    Each step's prediction snaps to the nearest of all hits of the event, its double on an overlapping module
    is taken along, and the last four hits of what is found then are what the next step starts from.

    Parameters
    ----------
    course : Course
    network : StepwiseNetwork
    distance : str
        One of FARTHEST.

    Returns
    -------
    ndarray of shape (n_tracks, n_hits - 4), int32
        Rows of the event's hits, NO_HIT after the end of a track that found no more.
    """
    length = course.rows.shape[1]
    found = Candidates.from_rows(course.rows[:, :WINDOW])
    for _ in range(course.n_steps):
        new = _step(course, network, found.tail(WINDOW), distance)
        found = found.extended(new)
        if found.lengths.min(initial=length) >= length:
            break
    return found.head(length)[:, WINDOW:]


def _step(course: Course, network: StepwiseNetwork, windows: Int32Array, distance: str) -> Candidates:
    predictions = network.predict(course.hits, windows)
    targets = make_targets(course.hits, windows, predictions, _SPREAD)
    n, steps = targets.shape[:2]
    barred = np.repeat(windows, steps, axis=0)
    farthest = (FARTHEST if steps > 1 else _ANYWHERE)[distance]
    nearest, _ = nearest_hits(course.index, targets.reshape(-1), barred, DISTANCES[distance], 1, farthest)
    rows = first_hits(nearest.reshape(n, steps), 1)
    return Candidates.from_rows(add_doubles(course.hits, course.index, windows, rows))


@dataclass(frozen=True)
class Predicted:
    """Predictions of the next hit from true ones, wherever another layer follows and is expected.

    Attributes
    ----------
    number : ndarray of shape (n,), int64
        Place of the hit along its track, from 0.
    true, points : ndarray of shape (n, 3), float64, mm
        x, y, z of the hit and of the prediction.
    pulls : ndarray of shape (n, 3), float64
        (true - predicted) / expected deviation in the network's own coordinates; NaN where it tells none, or
        expects the hit on another layer.
    """

    number: Int64Array
    true: Float64Array
    points: Float64Array
    pulls: Float64Array

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Put the predictions of several events one after the other."""
        names = ("number", "true", "points", "pulls")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def predict_next(course: Course, network: StepwiseNetwork) -> Predicted:
    """Predict from every window of true hits.

    Of two predictions the second counts where the particle left no hit on the next layer, but one behind it.
    """
    windows = windows_along(course.tracks, np.arange(len(course.tracks)))
    flat = course.rows.ravel()
    rows = flat[windows.rows]
    following = np.where(windows.following < 0, np.int32(NO_HIT), flat[windows.following])
    points, pulls, right = _predict(course, network, rows, following, 0)
    for skipped in range(1, network.scaled.coordinates.crossings):
        behind, far_pulls, far = _predict(course, network, rows, following, skipped)
        instead = ~right & far
        points[instead], pulls[instead] = behind[instead], far_pulls[instead]
    after, exists = next_on_another_layer(course.hits, rows, following)
    start = np.arange(len(rows)) % course.n_steps
    number = start + WINDOW + np.argmax(following == after[:, None], axis=1)
    chosen = exists & ~np.isnan(points[:, 0])
    return Predicted(number[chosen], course.points[after[chosen]], points[chosen], pulls[chosen])


def _predict(
    course: Course, network: StepwiseNetwork, rows: Int32Array, following: Int32Array, skipped: int
) -> tuple[Float64Array, Float64Array, BoolArray]:
    """Return points and pulls of predictions, and which of them are about a hit of the particle."""
    coordinates = network.scaled.coordinates
    queries = coordinates.query(course.hits, rows, np.full(len(rows), skipped, dtype=np.int32))
    means, sigmas = network.outputs(queries)
    targets, known = coordinates.targets(course.hits, rows, queries, following)
    pulls = np.full_like(means, np.nan)
    if sigmas is not None:
        pulls[known] = (targets[known] - means[known]) / sigmas[known]
    phi, r, z, _ = coordinates.predict(queries, means, sigmas).points[:, 0].astype(np.float64).T
    return np.stack([r * np.cos(phi), r * np.sin(phi), z], axis=1), pulls, known
