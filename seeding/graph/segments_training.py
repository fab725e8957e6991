"""Training of the network that judges joints of segments: the edge classifier's, on line graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from clew.arrays import Float32Array
from clew.event import Event
from clew.seeding.graph.network import GraphKind
from clew.seeding.graph.segments import SEGMENTS, build_segment_graph
from clew.seeding.graph.selection import particle_of_hits, selected_hits
from clew.seeding.graph.training import EdgeTask, EdgeTrainingConfig, Sample
from clew.settings import Name, within

__all__ = ["SegmentTask", "SegmentTrainingConfig"]


@dataclass(frozen=True)
class SegmentTrainingConfig(EdgeTrainingConfig):
    """Settings of a training on line graphs: those of the edge classifier, and one more.

    Attributes
    ----------
    most_kink : float, rad
        Of the angle between two segments that an edge joins.
    """

    name: Name = "segments"
    most_kink: Annotated[float, within(0.001, 3.2)] = 0.16


@dataclass(frozen=True)
class SegmentTask(EdgeTask):
    """Learn which pairs of segments are of one particle; see `clew.learning.Task`."""

    config: SegmentTrainingConfig

    kind: ClassVar[GraphKind] = SEGMENTS

    def record(self) -> dict[str, Any]:
        """Return what reconstruction needs to know, settings and material."""
        return super().record() | {"most_kink": self.config.most_kink}

    def sample(self, event: Event) -> tuple[Sample, Float32Array]:
        """Return an event's line graph with the truth, and the azimuth of its segments' inner hits [rad]."""
        c = self.config
        line = build_segment_graph(event.hits, c.doublets, c.most_kink, selected_hits(event, c.selection))
        sample = Sample(line.graph, line.targets(particle_of_hits(event)))
        return sample, event.hits.phi[line.segments[line.graph.rows, 0]]
