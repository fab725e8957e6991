"""Time against the number of hits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clew.benchmark.scaling import Scaling
from clew.plots.figure import COLOURS, new_figure, plain, plain_numbers, save

__all__ = ["draw_scaling"]


def draw_scaling(scaling: Scaling, path: Path | str) -> Path:
    """Draw seconds per event with one thread and with all, and the power of hits that fits best.

    Parameters
    ----------
    scaling : Scaling
    path : path
        The PNG file; replaced.

    Returns
    -------
    Path
        `path`.
    """
    figure = new_figure(7, 4.5)
    axes = plain(figure.subplots())
    hits = np.array(scaling.n_hits) / 1000.0
    for timings, name, marker, colour in (
        (scaling.one, "1 thread", "o", COLOURS[2]),
        (scaling.all, f"{scaling.threads} threads", "s", COLOURS[0]),
    ):
        axes.scatter(hits, [timing.median for timing in timings], marker=marker, color=colour, label=name)
    times = np.array([timing.median for timing in scaling.all])
    middle = np.exp(np.log(times).mean() - scaling.exponent * np.log(hits).mean())
    axes.plot(
        hits, middle * hits**scaling.exponent, color=COLOURS[0], label=f"hits$^{{{scaling.exponent:.2f}}}$"
    )
    axes.set(xscale="log", yscale="log", xlabel="thousand hits", ylabel="time [s per event]")
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    axes.legend(frameon=False)
    return save(figure, path)
