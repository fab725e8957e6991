"""Benchmarks as aligned text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clew.benchmark.networks import PER_TRACKS
from clew.benchmark.paper import COLUMNS, PAPER_ROWS, TimeRow
from clew.benchmark.scaling import Scaling
from clew.benchmark.stages import StageTimes
from clew.benchmark.timing import Timing

__all__ = ["format_table", "paper_table", "scaling_table", "stage_table"]


def format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align text in columns, the first to the left, the others to the right, with a line below the head."""
    lines = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def text(cells: Sequence[str]) -> str:
        right = (f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))
        return "  ".join([f"{cells[0]:<{widths[0]}}", *right])

    return "\n".join([text(lines[0]), "-" * len(text(lines[0])), *map(text, lines[1:])])


def paper_table(rows: Sequence[TimeRow]) -> str:
    """Return the paper's table with this machine's rows below; what was not measured is a dash."""
    extra = dict.fromkeys(column for row in rows for column in row.times if column not in COLUMNS)
    columns = [*COLUMNS[:-2], *extra, *COLUMNS[-2:]]
    body = [_medians(row, columns) for row in PAPER_ROWS]
    for row in rows:
        body += [_medians(row, columns), _ranges(row, columns)]
    title = f"Seconds per {PER_TRACKS:,} tracks (Seeding: per event)"
    return f"{title}\n{format_table(['', *columns], body)}"


def stage_table(times: StageTimes, event_id: int) -> str:
    """Return a preset's stages, one line each, with scores where they are known."""
    rows = dict(times.stages) | {"total": times.total}
    rows |= {f"one round of extender {name}": time for name, time in times.extenders.items()}
    if times.fit is not None:
        rows["one round of fitting"] = times.fit
    body = [[name, _seconds(time.median), _range(time)] for name, time in rows.items()]
    title = (
        f"Preset {times.preset}, event {event_id}: "
        f"{times.n_hits:,} hits, {times.n_seeds:,} seeds, {times.n_tracks:,} tracks"
    )
    return "\n".join([title, format_table(["", "seconds", ""], body), *_figures(times)])


def scaling_table(scaling: Scaling) -> str:
    """Return one line per event, and the power of hits with which time grows."""
    rows = [
        [f"{n:,}", _seconds(one.median), _seconds(every.median), f"{one.median / every.median:.2f}"]
        for n, one, every in zip(scaling.n_hits, scaling.one, scaling.all, strict=True)
    ]
    head = ["hits", "s, 1 thread", f"s, {scaling.threads} threads", "ratio"]
    growth = f"time grows as hits to the power {scaling.exponent:.2f} with {scaling.threads} threads"
    return f"{format_table(head, rows)}\n{growth}"


def _medians(row: TimeRow, columns: Sequence[str]) -> list[str]:
    return [row.name, *(_seconds(row.times[c].median) if c in row.times else "-" for c in columns)]


def _ranges(row: TimeRow, columns: Sequence[str]) -> list[str]:
    return ["", *(_range(row.times[c]) if c in row.times else "" for c in columns)]


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _range(time: Timing) -> str:
    return "" if time.repeats == 1 else f"({_seconds(time.low)} to {_seconds(time.high)})"


def _figures(times: StageTimes) -> list[str]:
    lines = [f"{times.hits_per_second:,.0f} hits/s, peak memory {times.memory:.2f} GiB"]
    if times.phase1 is not None and times.phase2 is not None and times.throughput is not None:
        scores = f"phase 1 {times.phase1:.4f}, phase 2 {times.phase2:.4f}"
        lines.append(f"{scores}, throughput score {times.throughput:.4f}")
    return lines
