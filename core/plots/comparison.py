"""Scores of presets against the time they take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clew.pipeline.comparison import ComparisonRow
from clew.plots.figure import COLOURS, new_figure, plain, plain_numbers, save

__all__ = ["draw_comparison"]


def draw_comparison(rows: Sequence[ComparisonRow], path: Path | str) -> Path:
    """Draw both scores of each preset above its seconds per event.

    Parameters
    ----------
    rows : sequence of ComparisonRow
    path : path
        The PNG file; replaced.

    Returns
    -------
    Path
        `path`.
    """
    figure = new_figure(8, 5)
    axes = plain(figure.subplots())
    for name, marker, colour in (("phase1", "o", COLOURS[0]), ("phase2", "s", COLOURS[2])):
        times, scores = [row.seconds for row in rows], [getattr(row, name) for row in rows]
        axes.scatter(times, scores, marker=marker, color=colour, label=f"phase {name[-1]}")
    for row in rows:
        axes.annotate(f" {row.preset}", (row.seconds, row.phase1), rotation=30, fontsize="small")
    axes.set(xscale="log", xlabel="time [s per event]", ylabel="score", ylim=(0, 1.02))
    axes.margins(x=0.15)
    plain_numbers(axes.xaxis)
    axes.legend(frameon=False, loc="lower left")
    return save(figure, path)
