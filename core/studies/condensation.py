"""The study of gnn_tracking: an edge filter, object condensation, DBSCAN, in the pixel detector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from clew.arrays import BoolArray, Float32Array, Int32Array, Int64Array
from clew.compilation import working_time
from clew.event import Event
from clew.io import EventSource, read_event
from clew.machine import peak_memory
from clew.metrics.matching import Matching, particle_rows
from clew.metrics.rates import BinnedRate
from clew.metrics.tracks import MAX_ETA, MIN_HITS, Curves, ThresholdMetrics, metrics_above, track_report
from clew.networks.keras import make_reproducible
from clew.plots.efficiency import draw_efficiency
from clew.plots.latent import draw_latent_space
from clew.seeding.condensation.network import CondensationNetwork, build_keras_model
from clew.seeding.condensation.seeder import CondensationSeederConfig, cluster, shipped_stages
from clew.seeding.graph.components import edge_tracks
from clew.seeding.graph.filtering import EdgeFilter, Filtered
from clew.seeding.graph.graph import Graph
from clew.seeding.graph.quality import EdgeQuality, count_joinable, shown_matching
from clew.seeding.graph.selection import hits_on, particle_of_hits

__all__ = ["COMPONENTS_ABOVE", "PT_ABOVE", "run"]

COMPONENTS_ABOVE: Final = 0.7
"""Edges that score more make the components to compare with; chosen on validation events."""

PT_ABOVE: Final = (0.0, 0.5, 0.9, 1.5)
"""GeV."""

_HARD: Final = 0.9
_STAGES: Final = ("graph and filter", "condensation network", "DBSCAN")
_DRAWN: Final = 16
_MANY: Final = 6
_SECTOR: Final = 0.4  # rad: the part of the latent space that is drawn


@dataclass(frozen=True)
class _Measured:
    """One event: its edges, the tracks of each method above each pT, and the seconds of the stages."""

    edges: EdgeQuality
    hard_edges: EdgeQuality
    tracks: Mapping[str, tuple[ThresholdMetrics, ...]]
    curves: tuple[Curves, Curves]
    seconds: tuple[float, ...]


def run(sources: Sequence[EventSource], folder: Path) -> str:
    """Measure all events and draw the first one's latent space; see `clew.studies.Study`."""
    config = CondensationSeederConfig()
    edge_filter, network = shipped_stages(config.weights)
    progress = tqdm(sources, desc="condensation", unit="event", disable=None, leave=False)
    events = [_measure(read_event(source), config) for source in progress]
    memory = peak_memory()
    against_pt, against_eta = (_together([event.curves[k] for event in events]) for k in (0, 1))
    draw_efficiency(against_pt, against_eta, folder / "condensation-tracks.png")
    event = read_event(sources[0])
    _draw_latent_space(event, edge_filter(event.hits), network, folder / "condensation-latent.png")
    return "\n".join(_report(events, config, edge_filter.threshold, memory)) + "\n"


def _measure(event: Event, config: CondensationSeederConfig) -> _Measured:
    edge_filter, network = shipped_stages(config.weights)
    times = [working_time()]
    graph, scores = edge_filter.judge(event.hits)
    filtered = edge_filter.cut(event.hits, graph, scores)
    times.append(working_time())
    _, places = network.place(filtered)
    times.append(working_time())
    labels = cluster(len(event.hits), filtered.graph.rows, places, config.eps, config.min_samples)
    times.append(working_time())
    joined = np.zeros(len(event.hits), dtype=np.int32)
    layer = event.hits.layer_index[graph.rows]
    joined[graph.rows] = edge_tracks(graph, scores, layer, (COMPONENTS_ABOVE,))
    shown = hits_on(event.hits, edge_filter.layers)
    matching = shown_matching(event, labels, shown)
    matchings = {"condensation": matching, "components": shown_matching(event, joined, shown)}
    assert event.particles is not None
    report = track_report(matching, event.particles)
    hard = _hard_hits(event, matching)
    return _Measured(
        _edge_quality(event, edge_filter, graph, scores, shown),
        _edge_quality(event, edge_filter, graph, scores, shown, hard),
        {name: _above(matching, event) for name, matching in matchings.items()},
        (report.against_pt, report.against_eta),
        tuple(np.diff(times).tolist()),
    )


def _edge_quality(
    event: Event,
    edge_filter: EdgeFilter,
    graph: Graph,
    scores: Float32Array,
    shown: Int64Array,
    chosen: BoolArray | None = None,
) -> EdgeQuality:
    """Count the edges, or of the true ones only those between chosen hits."""
    particle = particle_of_hits(event)
    truth, kept = graph.targets(particle), scores > edge_filter.threshold
    if chosen is not None:
        among = ~truth | chosen[graph.doublets[:, 0]]
        truth, kept, shown = truth[among], kept[among], shown[chosen[shown]]
    doublets = edge_filter.network.about.doublets
    return EdgeQuality.count(truth, kept, count_joinable(event.hits, doublets, shown, particle))


def _hard_hits(event: Event, matching: Matching) -> BoolArray:
    """Tell which hits are of particles that the metrics count above 0.9 GeV, shape (n_hits,)."""
    truth, particles = event.truth, event.particles
    assert truth is not None
    assert particles is not None
    counted = (matching.particle_size >= MIN_HITS) & (np.abs(particles.eta) < MAX_ETA)
    chosen: BoolArray = np.append(counted & (particles.pt > _HARD), False)[particle_rows(truth, particles)]
    return chosen


def _above(matching: Matching, event: Event) -> tuple[ThresholdMetrics, ...]:
    assert event.particles is not None
    return tuple(metrics_above(matching, event.particles, pt) for pt in PT_ABOVE)


def _together(parts: Sequence[Curves]) -> Curves:
    names = ("perfect", "double_majority", "lhc", "fake", "duplicate")
    return Curves(**{name: BinnedRate.add([getattr(part, name) for part in parts]) for name in names})


def _draw_latent_space(event: Event, filtered: Filtered, network: CondensationNetwork, path: Path) -> None:
    """Draw a sector of an event's latent space by the network as its seed made it, and as it is now."""
    record = network.record
    make_reproducible(record["config"]["seed"])
    arrays = build_keras_model(network.about.shape).get_weights()
    phi = event.hits.phi[filtered.graph.rows]
    inside = np.abs(phi) < _SECTOR / 2
    before, after = (
        placer.place(filtered)[1][inside]
        for placer in (CondensationNetwork(arrays, record, network.about), network)
    )
    draw_latent_space(before, after, _some_particles(event, filtered.graph.rows[inside]), path)


def _some_particles(event: Event, rows: Int32Array) -> Int64Array:
    """Give some particles above 0.9 GeV of six hits or more, at all eta, a number; -1 for hits of others."""
    truth, particles = event.truth, event.particles
    assert truth is not None
    assert particles is not None
    own = particle_rows(truth, particles)[rows]
    hard = np.append(particles.pt > _HARD, False)[own]
    names, count = np.unique(own[hard], return_counts=True)
    names = names[count >= _MANY]
    ranked = names[np.argsort(particles.eta[names], kind="stable")]
    drawn = ranked[np.unique(np.linspace(0, len(ranked) - 1, min(_DRAWN, len(ranked))).astype(np.int64))]
    number = np.full(len(particles.pt) + 1, -1)
    number[drawn] = np.arange(len(drawn))
    return number[own]


def _report(
    events: Sequence[_Measured], config: CondensationSeederConfig, threshold: float, memory: float
) -> Iterator[str]:
    yield f"pixel detector, all hits, particles and tracks of {MIN_HITS} hits or more, |eta| < {MAX_ETA:g}"
    yield f"  events                {len(events)}"
    for name, attribute in (("edges", "edges"), (f"of pT > {_HARD} GeV", "hard_edges")):
        total = EdgeQuality.add([getattr(event, attribute) for event in events])
        yield f"  {name:22}{_edge_rates(total, threshold, attribute == 'edges')}"
    yield f"  DBSCAN                eps {config.eps:g}, min_samples {config.min_samples}"
    for method, about in (("condensation", ""), ("components", f" of edges above {COMPONENTS_ABOVE}")):
        yield f"  {method}{about}"
        for k, pt in enumerate(PT_ABOVE):
            yield f"    pT > {pt:.1f} GeV        {_rates([event.tracks[method][k] for event in events])}"
    seconds = np.mean([event.seconds for event in events], axis=0)
    listed = ", ".join(f"{name} {time:.2f} s" for name, time in zip(_STAGES, seconds, strict=True))
    yield f"  time an event         {listed}"
    yield f"  memory                {memory:.1f} GiB at most"


def _edge_rates(total: EdgeQuality, threshold: float, with_purity: bool) -> str:
    joined = f"doublets' efficiency {total.doublet_efficiency:.4f}"
    kept = f"above {threshold:g} efficiency {total.efficiency:.4f}"
    if not with_purity:
        return f"{joined}; {kept}"
    return f"{joined}, purity {total.doublet_purity:.4f}; {kept}, purity {total.purity:.4f}"


def _rates(parts: Sequence[ThresholdMetrics]) -> str:
    rates: dict[str, Any] = {
        name: np.mean([getattr(part, name) for part in parts])
        for name in ("perfect", "double_majority", "lhc", "fake")
    }
    return ", ".join(f"{name.replace('_', ' ')} {rate:.4f}" for name, rate in rates.items())
