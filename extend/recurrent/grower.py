"""The recurrent filter: a network in the loop corrects a filter's predictions and their errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from clew.arrays import Int32Array
from clew.detector import Detector
from clew.event import Hits
from clew.extend.growing.complete import complete_tracks
from clew.extend.growing.following import Rules
from clew.extend.growing.grow import grow_triplets
from clew.extend.growing.likeness import on_layers_of
from clew.extend.growing.network import LoopNetwork, widened
from clew.extend.growing.trained import load_loop
from clew.extend.weights import weights_path
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.motion.state import Motion
from clew.settings import Switch, within
from clew.stages import StageClock
from clew.tracks import Candidates, Seeds

__all__ = ["RecurrentConfig", "RecurrentGrower"]


@dataclass(frozen=True)
class RecurrentConfig:
    """Settings of the recurrent filter.

    Attributes
    ----------
    weights : str
        Weights that ship with the package, by name, or the path of an .npz file.  Their record tells
        what they correct: a Kalman filter, or helices through the last three hits.
    widening : float
        Factor of the expected deviations.  They are those of hits that follow right ones; candidates have
        wrong ones too, and above 1 the nearest hit counts for less against the missing ones.
    least_gain : float
        Seeds that gain less altogether (see clew.fitting.likelihood) are given up.
    enough : float
        Once a seed gained so much, the other seeds of its first hit are not grown.
    complete : bool
        Whether all tracks are looked at once more, after the last pass, for hits that they missed.
    """

    weights: str = "gru-16"
    widening: Annotated[float, within(0.1, 10)] = 2.0
    least_gain: Annotated[float, within(-1000, 1000)] = 4.0
    enough: Annotated[float, within(-1000, 1000)] = 20.0
    complete: Switch = False


@dataclass(frozen=True)
class RecurrentGrower:
    """Stages 2 and 3 with a memory of each candidate's hits; see `clew.stages.Grower`."""

    config: RecurrentConfig
    snap: Snap

    def __post_init__(self) -> None:
        _ = self.expectation  # weights that cannot be used are refused before any work is done

    @property
    def windows(self) -> None:
        """None: it goes on from a state, not from windows of hits."""
        return None

    @cached_property
    def expectation(self) -> tuple[Motion, LoopNetwork]:
        """The filter and the network, as trained: without `widening`."""
        return load_loop(weights_path(self.config.weights))

    def grow(self, hits: Hits, seeds: Seeds, free: FreeHits, clock: StageClock) -> Candidates:
        """Return the best candidate of each first hit, best gain first, hits inside out.

        Raises
        ------
        ConfigError
            If the weights are for another detector; see `on_layers_of`.
        """
        with clock("extend"):
            rules = self._rules(hits.detector)
            return grow_triplets(hits, seeds, free, rules, self.config.least_gain, self.config.enough)

    def complete(self, hits: Hits, labels: Int32Array, free: FreeHits, clock: StageClock) -> Int32Array:
        """Return the labels with free hits that tracks missed, if that is asked for."""
        if not self.config.complete:
            return labels
        with clock("extend"):
            return complete_tracks(hits, labels, free, self._rules(hits.detector))

    def _rules(self, detector: Detector) -> Rules:
        motion, network = self.expectation
        network = on_layers_of(self.config.weights, network, detector)
        return Rules(motion, self.snap, widened(network, self.config.widening), detector.solenoid.map)
