"""The table of times of Finnie and Finnie, and the same rows for this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clew.benchmark.networks import PER_TRACKS, time_network
from clew.benchmark.stages import StageTimes
from clew.benchmark.timing import Timing

__all__ = ["COLUMNS", "PAPER_NETWORKS", "PAPER_ROWS", "NetworkWork", "TimeRow", "time_row"]

PAPER_NETWORKS: Final = {
    "Bi-LSTM": "bilstm-1024-512",
    "LSTM 2048": "lstm-2048",
    "LSTM 1024": "lstm-1024",
    "LSTM-256-512-1024": "lstm-256-512-1024",
}
"""Column of the paper's table -> name of the network."""

COLUMNS: Final = ("Seeding", *PAPER_NETWORKS, "Fitting", "Total")


@dataclass(frozen=True)
class TimeRow:
    """One row of the table.

    Attributes
    ----------
    name : str
        Which machine and device.
    times : dict of str to Timing
        Column -> seconds: of Seeding per event, of the others per 10,000 tracks.
    """

    name: str
    times: dict[str, Timing]


def _paper_row(name: str, *seconds: float) -> TimeRow:
    times = {column: Timing.of([value]) for column, value in zip(COLUMNS, seconds, strict=True)}
    return TimeRow(name, times)


PAPER_ROWS: Final = (
    _paper_row("paper, Mac (i7-4870HQ), CPU", 60, 49, 42, 12, 21, 8, 192),
    _paper_row("paper, Dell (i7-8750H, GTX 1050 Ti), GPU", 30, 3, 2, 1, 2, 6, 44),
)
"""As published: N. Finnie and B. Finnie, Connecting the Dots 2019."""


@dataclass(frozen=True)
class NetworkWork:
    """Which networks run where: Keras's device, names of networks, tracks per repeat, repeats."""

    device: str
    networks: tuple[str, ...]
    n_tracks: int
    repeats: int


def time_row(name: str, work: NetworkWork, stages: StageTimes, announce: Callable[[str], None]) -> TimeRow:
    """Measure the networks of one row; seeding and fitting are taken from the preset's own stages."""
    times = {"Seeding": stages.stages["seeding"]}
    for network in work.networks:
        announce(f"{network} on the {work.device.upper()}")
        times[column_of(network)] = time_network(network, work.device, work.n_tracks, work.repeats)
    if stages.fit is not None:
        times["Fitting"] = stages.fit.scaled(PER_TRACKS / stages.n_seeds)
    times["Total"] = Timing.total(list(times.values()))
    return TimeRow(name, times)


def column_of(network: str) -> str:
    """Return the paper's column of a network, or the name itself of one that is not the paper's."""
    return next((column for column, name in PAPER_NETWORKS.items() if name == network), network)
