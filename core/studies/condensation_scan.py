"""The scanner of gnn_tracking: DBSCAN's settings in the latent space, tried on validation events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from clew.io import EventSource, read_event
from clew.seeding.condensation.scanner import Placed, ScanRow, best_row, scan
from clew.seeding.condensation.seeder import CondensationSeederConfig, shipped_stages
from clew.seeding.graph.selection import hits_on

__all__ = ["run"]

_ABOVE = 0.9  # GeV


def run(sources: Sequence[EventSource], folder: Path) -> str:
    """Print the rates of each setting and which is the best; see `clew.studies.Study`."""
    rows = scan([_place(source) for source in sources], _ABOVE)
    return "\n".join(_lines(rows, best_row(rows), len(sources))) + "\n"


def _place(source: EventSource) -> Placed:
    edge_filter, network = shipped_stages(CondensationSeederConfig().weights)
    event = read_event(source)
    filtered = edge_filter(event.hits)
    shown = hits_on(event.hits, edge_filter.layers)
    return Placed(event, shown, filtered.graph.rows, network.place(filtered)[1])


def _lines(rows: Sequence[ScanRow], best: ScanRow, n_events: int) -> Iterator[str]:
    yield f"tracks of {n_events} events, pT > {_ABOVE} GeV"
    yield "  min_samples   eps   perfect   double majority      LHC"
    for row in rows:
        rates = f"{row.perfect:9.4f} {row.double_majority:17.4f} {row.lhc:8.4f}"
        yield f"  {row.min_samples:11d} {row.eps:5.2f} {rates}{'   best' if row == best else ''}"
