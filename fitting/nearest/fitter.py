"""Fitting by k nearest neighbours: predictions snap to the nearest free hits, one owner per hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from clew.arrays import BoolArray, Int32Array
from clew.errors import ConfigError
from clew.event import Hits
from clew.fitting.nearest.assignment import assign_hits
from clew.fitting.nearest.distances import DEFAULT_MAXIMUM, DISTANCES
from clew.fitting.nearest.doubles import add_doubles
from clew.fitting.nearest.steering import Steering, steer
from clew.fitting.nearest.targets import make_targets
from clew.hits.index import HitIndex, build_index, entries_of
from clew.records import RecordArray
from clew.settings import Switch, within
from clew.tracks import NO_HIT, Candidates, Predictions

__all__ = ["NearestConfig", "NearestFitter", "first_hits"]


@dataclass(frozen=True)
class NearestConfig:
    """Settings of NearestFitter.

    Attributes
    ----------
    distance : str
        How far a hit is from a prediction, see clew.fitting.nearest.distances.
    max_distance : float or None
        Farther hits do not match; None for the distance's own default.
    neighbours : int
        Hits looked up at once per prediction; more are looked up where these are lost to others.
    spread : (float, float, float)
        Expected deviations of r*phi, r and z in mm, for predictions without their own ("road" and
        "mahalanobis" only).
    doubles : bool
        Take also the second hit where two modules of a layer overlap.
    narrowing : (float, float)
        What is left of the expected deviations, across and along the modules, once a row's hit before is
        known; (1, 1) for predictions that are not steered by hits ("road" only).
    max_background : float
        A hit is taken only where fewer hits of other tracks than this are expected to be as near by
        chance, given the density of hits on the layer ("road" only).
    max_gap : int
        A row ends where this many predictions in a row found no hit; 0 for never.
    most_hits : int
        Hits that a row takes of its predictions at most, the nearest first; 0 for all.
    """

    distance: Literal["manhattan", "euclidean", "polar", "road", "mahalanobis", "cosine"] = "road"
    max_distance: Annotated[float, within(1e-6, 1e6)] | None = None
    neighbours: Annotated[int, within(1, 64)] = 4
    spread: tuple[
        Annotated[float, within(0.001, 1000)],
        Annotated[float, within(0.001, 1000)],
        Annotated[float, within(0.001, 1000)],
    ] = (2.0, 4.0, 4.0)
    doubles: Switch = True
    narrowing: tuple[Annotated[float, within(0.01, 10)], Annotated[float, within(0.01, 10)]] = (0.7, 0.9)
    max_background: Annotated[float, within(0, 1000)] = 0.3
    max_gap: Annotated[int, within(0, 100)] = 2
    most_hits: Annotated[int, within(0, 100)] = 0


class NearestFitter:
    """Stage 3 by nearest neighbours and stable matching."""

    def __init__(self, config: NearestConfig) -> None:
        _check(config)
        self.config = config
        self._kind = DISTANCES[config.distance]
        self._maximum = config.max_distance or DEFAULT_MAXIMUM[config.distance]

    def fit(self, hits: Hits, windows: Int32Array, predictions: Predictions, free: BoolArray) -> Candidates:
        """Return for each window the real hits that its predictions snap to, in order of travel.

        A window's own hits are never taken, even where `free` has them.

        Parameters
        ----------
        hits : Hits
        windows : ndarray of shape (n_windows, 5), int32
            What the predictions continue.
        predictions : Predictions
            One row per window.
        free : ndarray of shape (n_hits,), bool
            Hits that may be taken.

        Returns
        -------
        Candidates
            One row per window, empty where nothing matched.  No hit is in two rows.
        """
        if len(windows) == 0:
            return Candidates.empty()
        index = build_index(hits, np.flatnonzero(free), self.config.max_background)
        targets = make_targets(hits, windows, predictions, np.array(self.config.spread))
        if self.config.distance == "road" and self.config.narrowing != (1.0, 1.0):
            targets = self._steer(hits, index, targets, windows)
        steps = targets.shape[1]
        barred = np.repeat(windows, steps, axis=0)
        kind, neighbours = self._kind, self.config.neighbours
        rows = assign_hits(index, targets.reshape(-1), barred, kind, neighbours, self._maximum, len(hits))
        rows = rows.reshape(-1, steps)
        if self.config.max_gap:
            rows = _ended(rows, self.config.max_gap)
        if self.config.most_hits:
            rows = first_hits(rows, self.config.most_hits)
        return Candidates.from_rows(add_doubles(hits, index, windows, rows) if self.config.doubles else rows)

    def _steer(self, hits: Hits, index: HitIndex, targets: RecordArray, windows: Int32Array) -> RecordArray:
        entries = entries_of(index.row, len(hits))[:-1]
        steering = Steering(self._maximum, *self.config.narrowing)
        return steer(index, entries, targets, np.ascontiguousarray(windows), steering)


def _check(config: NearestConfig) -> None:
    """Raise ConfigError for settings out of range."""
    wrong = {
        "max_distance": config.max_distance is not None and not config.max_distance > 0,
        "neighbours": config.neighbours < 1,
        "spread": min(config.spread) <= 0,
        "narrowing": not all(0 < part <= 1 for part in config.narrowing),
        "max_background": not config.max_background > 0,
        "max_gap": config.max_gap < 0,
        "most_hits": config.most_hits < 0,
    }
    for key, is_wrong in wrong.items():
        if is_wrong:
            raise ConfigError(f"fitting: {key} is {getattr(config, key)}: out of range, see NearestConfig")


def _ended(rows: Int32Array, max_gap: int) -> Int32Array:
    """Return rows without the hits that follow a gap of max_gap entries."""
    missing = rows == NO_HIT
    gap = missing.copy()
    for shift in range(1, max_gap):
        gap[:, shift:] &= missing[:, :-shift]
        gap[:, :shift] = False
    return np.where(np.maximum.accumulate(gap, axis=1), np.int32(NO_HIT), rows)


def first_hits(rows: Int32Array, most: int) -> Int32Array:
    """Return rows with their first `most` hits only, shape (n, steps), NO_HIT for the others."""
    hits_so_far = np.cumsum(rows != NO_HIT, axis=1)
    return np.where(hits_so_far <= most, rows, np.int32(NO_HIT))
