"""The study of HEP.TrkX and Exa.TrkX: doublet graphs, judged edges, and the tracks that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from clew.arrays import BoolArray, Float32Array, Int32Array, Int64Array
from clew.compilation import working_time
from clew.event import Event
from clew.io import EventSource, read_event
from clew.metrics.tracks import TrackReport, track_report
from clew.plots.graphs import draw_edge_scores
from clew.seeding.graph.components import edge_tracks
from clew.seeding.graph.doublets import DoubletConfig, find_doublets, true_doublets
from clew.seeding.graph.graph import build_graph
from clew.seeding.graph.network import EdgeNetwork
from clew.seeding.graph.quality import EdgeQuality, count_joinable, shown_matching
from clew.seeding.graph.seeder import shipped_network
from clew.seeding.graph.selection import particle_of_hits, selected_hits

__all__ = ["SETTINGS", "THRESHOLD", "run"]

THRESHOLD: Final = 0.6
"""Edges that score more are kept; chosen on validation events."""

SETTINGS: Final = {
    "edges-barrel": "published setting: barrel, hits of particles with pT > 1 GeV, one a layer, no noise",
    "edges-half": "full detector, hits of particles with pT > 0.5 GeV, one a layer, no noise",
}
"""Shipped weights, and the setting that they were trained for."""

_TIGHT: Final = DoubletConfig(most_slope=0.0006, most_z0=100.0)
_SCAN: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class _Measured:
    """One event: its edges with their scores and truth, and what the tracks are like."""

    truth: BoolArray
    scores: Float32Array
    n_joinable: int
    tight: EdgeQuality
    tracks: TrackReport
    seconds: tuple[float, float]

    def quality(self, threshold: float) -> EdgeQuality:
        return EdgeQuality.count(self.truth, self.scores > threshold, self.n_joinable)


def run(sources: Sequence[EventSource], folder: Path) -> str:
    """Measure each setting on all events; see `clew.studies.Study`."""
    return "\n".join(_setting(name, title, sources, folder) for name, title in SETTINGS.items())


def _setting(name: str, title: str, sources: Sequence[EventSource], folder: Path) -> str:
    network = shipped_network(name)
    progress = tqdm(sources, desc=name, unit="event", disable=None, leave=False)
    events = [_measure(read_event(source), network) for source in progress]
    truth = np.concatenate([event.truth for event in events])
    scores = np.concatenate([event.scores for event in events])
    draw_edge_scores(scores, truth, folder / f"{name}.png")
    return "\n".join([title, *_report(network, events)]) + "\n"


def _measure(event: Event, network: EdgeNetwork) -> _Measured:
    selection, doublets = network.about.config.selection, network.about.doublets
    rows, particle = selected_hits(event, selection), particle_of_hits(event)
    start = working_time()
    graph = build_graph(event.hits, doublets, rows)
    built = working_time()
    scores = network.scores(graph)
    judged = working_time()
    labels = np.zeros(len(event.hits), dtype=np.int32)
    labels[graph.rows] = edge_tracks(graph, scores, event.hits.layer_index[graph.rows], (THRESHOLD,))
    return _Measured(
        graph.targets(particle),
        scores,
        count_joinable(event.hits, doublets, rows, particle),
        _tight(event, doublets, rows, particle),
        _track_report(event, labels, rows),
        (built - start, judged - built),
    )


def _tight(event: Event, doublets: DoubletConfig, rows: Int64Array, particle: Int64Array) -> EdgeQuality:
    config = replace(doublets, most_slope=_TIGHT.most_slope, most_z0=_TIGHT.most_z0)
    truth = true_doublets(find_doublets(event.hits, config, rows), particle)
    return EdgeQuality.count(truth, truth, count_joinable(event.hits, config, rows, particle))


def _track_report(event: Event, labels: Int32Array, rows: Int64Array) -> TrackReport:
    """Compare the tracks with the particles as far as the study's hits show them."""
    assert event.particles is not None
    return track_report(shown_matching(event, labels, rows), event.particles)


def _report(network: EdgeNetwork, events: Sequence[_Measured]) -> Iterator[str]:
    doublets = network.about.doublets
    total = EdgeQuality.add([event.quality(THRESHOLD) for event in events])
    tight = EdgeQuality.add([event.tight for event in events])
    yield f"  events                {len(events)}"
    yield _doublet_line(doublets.most_slope, doublets.most_z0, total)
    yield _doublet_line(_TIGHT.most_slope, _TIGHT.most_z0, tight)
    yield f"  edges above {THRESHOLD}       accuracy {total.accuracy:.4f}, purity {total.purity:.4f}, " + (
        f"efficiency {total.efficiency:.4f}"
    )
    for threshold in _SCAN:
        scan = EdgeQuality.add([event.quality(threshold) for event in events])
        yield (
            f"    above {threshold:.1f}           accuracy {scan.accuracy:.4f}, purity {scan.purity:.4f}, "
            + (f"efficiency {scan.efficiency:.4f}")
        )
    for k, above in enumerate(t.pt_above for t in events[0].tracks.thresholds):
        parts = [event.tracks.thresholds[k] for event in events]
        rates = {
            name: np.mean([getattr(p, name) for p in parts]) for name in ("perfect", "double_majority", "lhc")
        }
        listed = ", ".join(f"{rate_name.replace('_', ' ')} {rate:.4f}" for rate_name, rate in rates.items())
        yield f"  tracks, pT > {above:.1f} GeV   {listed}"
    graph, network_time = np.mean([event.seconds for event in events], axis=0)
    yield f"  time an event         graph {graph:.3f} s, network {network_time:.3f} s"


def _doublet_line(slope: float, z0: float, quality: EdgeQuality) -> str:
    name = f"slope {slope:g}/mm, z0 {z0:g} mm"
    return (
        f"  doublets              {quality.n_edges} with {name}: "
        f"efficiency {quality.doublet_efficiency:.4f}, purity {quality.doublet_purity:.4f}"
    )
