"""TrackNETv2 searches outwards from each seed, then inwards for what its inner end missed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final

import numpy as np

from clew.arrays import Int32Array
from clew.detector import Detector
from clew.event import Hits
from clew.extend.growing.plant import Planted, grown, plant
from clew.extend.tracknet.network import TrackNet
from clew.extend.tracknet.search import Search
from clew.extend.tracknet.stations import with_doubles
from clew.extend.weights import weights_path
from clew.fitting.ellipse import Branching
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.hits.space import SearchSpace
from clew.settings import within
from clew.stages import StageClock
from clew.tracks import NO_HIT, Candidates, Seeds

__all__ = ["TrackNetConfig", "TrackNetGrower"]

_BACK_FROM: Final = 6
"""Hits, from the first one on, the last three of which start the way back."""

_DOUBLE_PULL: Final = 5.0


@dataclass(frozen=True)
class TrackNetConfig:
    """Settings of TrackNETv2.

    Attributes
    ----------
    weights : str
        Weights that ship with the package, by name, or the path of an .npz file.
    least_gain : float
        Candidates that gain less altogether are given up.
    double_gain : float
        Second hits on overlapping modules that gain less are not taken; see clew.fitting.likelihood.
    """

    weights: str = "tracknet"
    least_gain: Annotated[float, within(-1000, 1000)] = 4.0
    double_gain: Annotated[float, within(-1000, 1000)] = -0.5


@dataclass(frozen=True)
class TrackNetGrower:
    """Stages 2 and 3 after Ariadne (P. Goncharov et al., 2020); see `clew.stages.Grower`.

    Of the candidates of one first hit those with the highest gain go on after each station, and the best of
    all remains.  What a hit gains is how much likelier it is the track's than there by chance.
    """

    config: TrackNetConfig
    snap: Branching

    def __post_init__(self) -> None:
        _ = self.network  # weights that cannot be used are refused before any work is done

    @property
    def windows(self) -> None:
        """None: it goes on from a state, not from windows of hits."""
        return None

    @property
    def expectation(self) -> None:
        """None: it draws ellipses, and is no filter."""
        return None

    @cached_property
    def network(self) -> TrackNet:
        """The trained network."""
        return TrackNet.load(weights_path(self.config.weights))

    def complete(self, hits: Hits, labels: Int32Array, free: FreeHits, clock: StageClock) -> Int32Array:
        """Return the labels as they are: what a track misses is not looked for again."""
        return labels

    def grow(self, hits: Hits, seeds: Seeds, free: FreeHits, clock: StageClock) -> Candidates:
        """Return the best candidate of each first hit, best gain first, hits inside out."""
        with clock("extend"):
            return self._grown(hits.detector, plant(hits, seeds, free), seeds.least_hits)

    def _grown(self, detector: Detector, planted: Planted, least_hits: int) -> Candidates:
        group = np.cumsum(np.diff(planted.triplets[:, 0], prepend=-1) != 0) - 1
        search = Search(self.network, detector, planted.space, self.snap, False)
        tracks, gains = search.run(planted.triplets, planted.gains, group)
        enough = gains > self.config.least_gain
        tracks = self._completed(detector, planted.space, tracks)
        return grown(planted, tracks[enough], gains[enough], least_hits)

    def _completed(self, detector: Detector, space: SearchSpace, tracks: Int32Array) -> Int32Array:
        """Return tracks whose inner ends are found anew from further out, with hits on overlapping modules.

        Seeds may leave out a layer, and need not begin at a track's first hit.
        """
        length = (tracks != NO_HIT).sum(axis=1)
        start = np.minimum(length, _BACK_FROM)  # hits before this place are found anew
        last = start[:, None] - np.array([1, 2, 3])
        triplets = np.take_along_axis(tracks, last, axis=1)
        inward = Search(self.network, detector, space, self.snap, True).run(
            triplets, np.zeros(len(tracks)), np.arange(len(tracks))
        )
        longer = (inward.tracks != NO_HIT).sum(axis=1) > start
        tracks = np.concatenate(
            [
                np.where(longer[:, None], inward.tracks[:, ::-1], NO_HIT),
                np.where(longer[:, None] & (np.arange(tracks.shape[1]) < start[:, None]), NO_HIT, tracks),
            ],
            axis=1,
        )
        snap_doubles = Snap(_DOUBLE_PULL, self.config.double_gain, clusters=0.0)
        field = detector.solenoid.map
        return with_doubles(space, _packed(tracks), self.network.motion, field, snap_doubles)


def _packed(tracks: Int32Array) -> Int32Array:
    """Return rows with what is not -1 first, in the same order."""
    order = np.argsort(tracks == NO_HIT, axis=1, kind="stable")
    packed: Int32Array = np.take_along_axis(tracks, order, axis=1)
    return packed
