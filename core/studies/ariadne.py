"""The study of Ariadne: TrackNETv2's ellipses, its tracks beside the default's, and the graph of segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from tqdm import tqdm

from clew.detector import trackml
from clew.event import Event
from clew.extend.tracknet.network import TrackNet
from clew.extend.tracknet.quality import Drawn, ellipses_along
from clew.io import EventSource, read_event
from clew.metrics.ellipses import ellipse_table
from clew.metrics.matching import match
from clew.metrics.rates import ratio
from clew.metrics.tracks import ThresholdMetrics, metrics_above
from clew.networks.shipped import weights_path
from clew.pipeline import Pipeline
from clew.pipeline.preset import DEFAULT_PRESET, Preset
from clew.plots.graphs import draw_edge_scores
from clew.seeding.graph.network import EdgeNetwork
from clew.seeding.graph.quality import EdgeQuality
from clew.seeding.graph.segments import SEGMENTS, build_segment_graph
from clew.seeding.graph.selection import particle_of_hits, selected_hits

__all__ = ["LEAST_PT", "PRESETS", "THRESHOLD", "run"]

LEAST_PT: Final = 1.0
"""GeV, of the particles that are counted."""

PRESETS: Final = ("tracknet", DEFAULT_PRESET)

THRESHOLD: Final = 0.5
"""Joints of segments that score more are kept."""

_SCAN: Final = (0.3, 0.5, 0.7)


class _Judged(NamedTuple):
    """The joints of an event's segments."""

    truth: np.ndarray
    scores: np.ndarray
    n_joinable: int

    def quality(self, threshold: float) -> EdgeQuality:
        return EdgeQuality.count(self.truth, self.scores > threshold, self.n_joinable)


def run(sources: Sequence[EventSource], folder: Path) -> str:
    """Measure on all events; see `clew.studies.Study`."""
    pipelines = {name: Pipeline.from_preset(name) for name in PRESETS}
    network = EdgeNetwork.load(weights_path("clew.seeding.weights", "segments"), SEGMENTS)
    drawn, judged = [], []
    tracks: dict[str, list[ThresholdMetrics]] = {name: [] for name in PRESETS}
    for source in tqdm(sources, desc="ariadne", unit="event", disable=None, leave=False):
        event = read_event(source)
        for name, pipeline in pipelines.items():
            tracks[name].append(_track_metrics(event, pipeline))
        drawn.append(_drawn(event))
        judged.append(_judge(event, network))
    draw_edge_scores(
        np.concatenate([one.scores for one in judged]),
        np.concatenate([one.truth for one in judged]),
        folder / "segments.png",
    )
    lines = [
        f"{len(sources)} events, particles with pT > {LEAST_PT:g} GeV, all hits of the events",
        "",
        ellipse_table(trackml(), *map(np.concatenate, zip(*drawn, strict=True))).table(),
        "",
        *_track_lines(tracks),
        "",
        *_segment_lines(judged),
    ]
    return "\n".join(lines) + "\n"


def _track_metrics(event: Event, pipeline: Pipeline) -> ThresholdMetrics:
    assert event.truth is not None
    assert event.particles is not None
    labels = pipeline.reconstruct(event.hits).labels
    return metrics_above(match(labels, event.truth, event.particles), event.particles, LEAST_PT)


def _drawn(event: Event) -> Drawn:
    settings = Preset.load("tracknet").resolved()
    network = TrackNet.load(weights_path("clew.extend.weights", settings["extend"][0]["weights"]))
    return ellipses_along(event, network, settings["fitting"]["widening"], LEAST_PT)


def _judge(event: Event, network: EdgeNetwork) -> _Judged:
    record = network.record
    rows = selected_hits(event, network.about.config.selection)
    line = build_segment_graph(event.hits, network.about.doublets, record["most_kink"], rows)
    particle = particle_of_hits(event)
    return _Judged(line.targets(particle), network.scores(line.graph), line.count_joinable(particle))


def _track_lines(tracks: dict[str, list[ThresholdMetrics]]) -> Iterator[str]:
    """Efficiency: matched tracks / particles; purity: matched tracks / tracks that such particles lead."""
    yield f"{'tracks':<12}{'match':<18}{'efficiency':>11}{'purity':>9}"
    for name, events in tracks.items():
        n_particles, n_tracks = (sum(getattr(e, key) for e in events) for key in ("n_particles", "n_tracks"))
        for match_name, key in (("double majority", "double_majority"), ("exact", "perfect")):
            matched = sum(getattr(e, key) * e.n_particles for e in events)
            rates = f"{ratio(matched, n_particles):11.4f}{ratio(matched, n_tracks):9.4f}"
            yield f"{name:<12}{match_name:<18}{rates}"


def _segment_lines(judged: Sequence[_Judged]) -> Iterator[str]:
    total = EdgeQuality.add([one.quality(THRESHOLD) for one in judged])
    yield (
        f"joints of segments: {total.n_edges}, efficiency {total.doublet_efficiency:.4f}, "
        f"purity {total.doublet_purity:.4f}"
    )
    for threshold in _SCAN:
        kept = EdgeQuality.add([one.quality(threshold) for one in judged])
        yield f"  above {threshold:g}: efficiency {kept.efficiency:.4f}, purity {kept.purity:.4f}"
