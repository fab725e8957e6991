"""The Kalman filter: seeds grow in a loop of prediction, snapping and update, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from clew.arrays import Int32Array
from clew.detector import Detector
from clew.event import Hits
from clew.extend.growing.complete import complete_tracks
from clew.extend.growing.following import Rules
from clew.extend.growing.grow import grow_triplets
from clew.extend.growing.network import NO_NETWORK, LoopNetwork
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.motion.state import Motion
from clew.settings import Switch, within
from clew.stages import StageClock
from clew.tracks import Candidates, Seeds

__all__ = ["KalmanConfig", "KalmanGrower"]


@dataclass(frozen=True)
class KalmanConfig:
    """Settings of the Kalman filter.

    Attributes
    ----------
    scattering : float
        Factor of the expected multiple scattering.
    strip_discs : float
        Further factor in the strip endcaps.
    energy_loss : float
        Relative error of the curvature that each layer adds.
    least_gain : float
        Seeds that gain less altogether (see clew.fitting.likelihood) are given up.
    enough : float
        Once a seed gained so much, the other seeds of its first hit are not grown.
    complete : bool
        Whether all tracks are looked at once more, after the last pass, for hits that they missed.
    """

    scattering: Annotated[float, within(0, 10)] = 1.3
    strip_discs: Annotated[float, within(0, 10)] = 1.5
    energy_loss: Annotated[float, within(0, 1)] = 0.01
    least_gain: Annotated[float, within(-1000, 1000)] = 4.0
    enough: Annotated[float, within(-1000, 1000)] = 40.0
    complete: Switch = False


@dataclass(frozen=True)
class KalmanGrower:
    """Stages 2 and 3 as a Kalman filter; see `clew.stages.Grower`.

    R. Fruehwirth, Nucl. Instrum. Meth. A 262 (1987) 444; the combination with the search for hits is that of
    the combinatorial Kalman filter, one branch at a time.
    """

    config: KalmanConfig
    snap: Snap

    @property
    def windows(self) -> None:
        """None: it goes on from a state, not from windows of hits."""
        return None

    @property
    def expectation(self) -> tuple[Motion, LoopNetwork]:
        """The filter, without a network."""
        c = self.config
        return Motion(c.scattering, c.strip_discs, c.energy_loss), NO_NETWORK

    def grow(self, hits: Hits, seeds: Seeds, free: FreeHits, clock: StageClock) -> Candidates:
        """Return the best candidate of each first hit, best gain first, hits inside out."""
        rules = self._rules(hits.detector)
        with clock("extend"):
            return grow_triplets(hits, seeds, free, rules, self.config.least_gain, self.config.enough)

    def complete(self, hits: Hits, labels: Int32Array, free: FreeHits, clock: StageClock) -> Int32Array:
        """Return the labels with free hits that tracks missed, if that is asked for."""
        if not self.config.complete:
            return labels
        with clock("extend"):
            return complete_tracks(hits, labels, free, self._rules(hits.detector))

    def _rules(self, detector: Detector) -> Rules:
        motion, network = self.expectation
        return Rules(motion, self.snap, network, detector.solenoid.map)
