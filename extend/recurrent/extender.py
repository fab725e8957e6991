"""The recurrent extender: a network in the loop corrects a filter's predictions and their errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from clew.arrays import BoolArray
from clew.errors import ConfigError
from clew.event import Hits
from clew.extend.growing.following import Rules
from clew.extend.growing.grow import grow_triplets
from clew.extend.growing.network import LoopNetwork, network_of, widened
from clew.extend.growing.trained import check_layers, motion_of
from clew.extend.weights import weights_path
from clew.fitting.likelihood import Snap
from clew.motion.state import Motion
from clew.networks.records import load_arrays
from clew.tracks import Candidates, Seeds

__all__ = ["RecurrentConfig", "RecurrentExtender"]


@dataclass(frozen=True)
class RecurrentConfig:
    """Settings of the recurrent extender.

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
    """

    weights: str = "gru-16"
    widening: float = 2.0
    least_gain: float = 4.0
    enough: float = 20.0


@dataclass(frozen=True)
class RecurrentExtender:
    """Stage 2 with a memory of each candidate's hits; see `clew.stages.LoopExtender`."""

    config: RecurrentConfig = field(default_factory=RecurrentConfig)

    takes: ClassVar[type[Snap]] = Snap

    @cached_property
    def expectation(self) -> tuple[Motion, LoopNetwork]:
        """The filter and the network, as trained: without `widening`."""
        path = weights_path(self.config.weights)
        arrays, record = load_arrays(path)
        if record.get("network") != "recurrent" or len(arrays) != len(LoopNetwork._fields):
            raise ConfigError(
                f"weights {self.config.weights} are not of a recurrent network in the loop: choose others"
            )
        return motion_of(record["motion"]), network_of(arrays)

    def grow(self, hits: Hits, seeds: Seeds, free: BoolArray, snap: Snap) -> Candidates:
        """Return the best candidate of each first hit, best gain first, hits inside out.

        Raises
        ------
        ConfigError
            If the weights are for another detector.
        ValueError
            If the seeds are not of three hits with gains.
        """
        motion, network = self.expectation
        check_layers(self.config.weights, network, hits.detector)
        network = widened(network, self.config.widening)
        return grow_triplets(
            hits,
            seeds,
            free,
            Rules(motion, snap, network, hits.detector.solenoid.map),
            self.config.least_gain,
            self.config.enough,
        )
