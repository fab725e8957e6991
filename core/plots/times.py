"""Bars of the time that stages take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clew.plots.figure import COLOURS, new_figure, plain, save

__all__ = ["draw_times"]


def draw_times(rows: Mapping[str, Mapping[str, float]], path: Path | str, unit: str = "s") -> Path:
    """Draw one bar per row, made of its stages' times end to end, with the total behind it.

    Parameters
    ----------
    rows : mapping of row name to (mapping of stage name to time)
        Stages have the same colour in all rows.
    path : path
        The PNG file; replaced.
    unit : str
        What the times are in, such as "s per 10,000 tracks".

    Returns
    -------
    Path
        `path`.
    """
    stages = list(dict.fromkeys(stage for row in rows.values() for stage in row))
    figure = new_figure(10, 1.8 + 0.6 * len(rows))
    axes = plain(figure.subplots())
    names, end = list(rows), dict.fromkeys(rows, 0.0)
    for number, stage in enumerate(stages):
        widths = [rows[name].get(stage, 0.0) for name in names]
        bars = axes.barh(names, widths, 0.62, list(end.values()), label=stage)
        for bar in bars:
            bar.set(facecolor=COLOURS[number % len(COLOURS)], edgecolor="white", linewidth=0.8)
        end = {name: end[name] + width for name, width in zip(names, widths, strict=True)}
    for name, total in end.items():
        axes.annotate(f" {total:.3g}", (total, names.index(name)), va="center")
    axes.margins(x=0.08)
    axes.invert_yaxis()
    axes.set_xlabel(f"time [{unit}]")
    figure.legend(loc="outside upper center", ncols=min(len(stages), 4), frameon=False)
    return save(figure, path)
