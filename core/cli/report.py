"""How the command line prints the summaries of events, one line each while the work goes on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from tqdm import tqdm

from clew.errors import ClewWarning
from clew.metrics import EventReport
from clew.pipeline.driver import EventSummary
from clew.stages import STAGES

__all__ = ["SummaryTable", "noting", "print_scores"]

_HEADER = ("event", "hits", "seeds", "tracks", *(f"{stage} s" for stage in STAGES), "total s")
_SCORES = ("phase 1", "phase 2")


class SummaryTable:
    """Prints a line per event and, at the end, their mean; a progress bar goes to the terminal."""

    def __init__(self, n_events: int) -> None:
        self._rows: list[list[float]] = []
        self._bar = tqdm(total=n_events, unit="event", file=sys.stderr, disable=None, leave=False)

    def add(self, summary: EventSummary) -> None:
        """Print one event's line."""
        if not self._rows:
            self._bar.write(_line((*_HEADER, *_SCORES)), file=sys.stdout)
        seconds = [summary.seconds[stage] for stage in STAGES]
        scores = [np.nan if s is None else s for s in (summary.phase1, summary.phase2)]
        counts = [summary.n_hits, summary.n_seeds, summary.n_tracks]
        self._rows.append([*counts, *seconds, sum(seconds), *scores])
        self._bar.write(_row(str(summary.event_id), self._rows[-1]), file=sys.stdout)
        self._bar.update()

    def close(self) -> None:
        """Print the mean of all events' lines."""
        self._bar.close()
        if len(self._rows) > 1:
            print(_row("mean", np.mean(self._rows, axis=0).tolist()))


def _row(name: str, numbers: list[float]) -> str:
    counts = [f"{number:.0f}" for number in numbers[:3]]
    seconds = [f"{number:.2f}" for number in numbers[3:-2]]
    return _line((name, *counts, *seconds, *map(_score, numbers[-2:])))


def _score(number: float) -> str:
    """Return a score in four digits, "-" where there is none."""
    return "-" if np.isnan(number) else f"{number:.4f}"


def _line(cells: tuple[str, ...]) -> str:
    return "".join(f"{cell:>12}" for cell in cells)


def print_scores(reports: Sequence[EventReport]) -> None:
    """Print one line per event: hits and both TrackML scores, or that no tracks were named."""
    print(_line(("event", "hits", *_SCORES)))
    for report in reports:
        numbers = (report.phase1, report.phase2)
        scores = tuple(map(_score, numbers)) if report.has_tracks else ("no tracks",)
        print(_line((str(report.event_id), str(report.n_hits), *scores)))


@contextmanager
def noting() -> Iterator[None]:
    """Print what Clew warns of meanwhile at the end of the output, each text once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ClewWarning)
        yield
    notes = dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, ClewWarning))
    for note in notes:
        print(f"note: {note}")
