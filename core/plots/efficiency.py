"""Efficiency, fake and duplicate rate against pT and pseudorapidity."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes

from clew.metrics.rates import BinnedRate
from clew.metrics.tracks import Curves
from clew.plots.figure import COLOURS, new_figure, plain, plain_numbers, save

__all__ = ["draw_efficiency"]

_EFFICIENCIES: Final = {
    "lhc": "LHC (of tracks)",
    "double_majority": "double majority",
    "perfect": "perfect",
}
_MISTAKES: Final = {"fake": "fake", "duplicate": "duplicate"}
_MARKERS: Final = "osD^v"


def draw_efficiency(against_pt: Curves, against_eta: Curves, path: Path | str) -> Path:
    """Draw all rates of TrackReport or Summary with their 68% intervals.

    Parameters
    ----------
    against_pt, against_eta : Curves
    path : path
        The PNG file; replaced.

    Returns
    -------
    Path
        `path`.
    """
    figure = new_figure(11, 7)
    axes = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(1.6, 1))
    for column, curves in enumerate((against_pt, against_eta)):
        _draw(axes[0, column], curves, _EFFICIENCIES, COLOURS[:3])
        _draw(axes[1, column], curves, _MISTAKES, COLOURS[3:])
    axes[0, 0].set(ylabel="efficiency", ylim=(0, 1.02), xscale="log")
    axes[1, 0].set(ylabel="rate (of tracks)", xlabel="$p_T$ [GeV]")
    axes[1, 0].set_ylim(bottom=0)
    plain_numbers(axes[1, 0].xaxis)
    axes[1, 1].set(xlabel="pseudorapidity $\\eta$")
    for row in axes[:, 1]:
        row.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return save(figure, path)


def _draw(axes: Axes, curves: Curves, names: dict[str, str], colours: tuple[str, ...]) -> None:
    for (name, label), colour, marker in zip(names.items(), colours, _MARKERS, strict=False):
        _points(plain(axes), getattr(curves, name), label, colour, marker)


def _points(axes: Axes, binned: BinnedRate, label: str, colour: str, marker: str) -> None:
    """Draw one point per bin that counts something: bin width across, interval upwards."""
    some = binned.total > 0
    rate, (low, high) = binned.rate[some], (end[some] for end in binned.interval)
    left, right = binned.edges[:-1][some], binned.edges[1:][some]
    centre = (left + right) / 2
    axes.errorbar(
        centre,
        rate,
        xerr=(centre - left, right - centre),
        yerr=(rate - low, high - rate),
        fmt=marker,
        color=colour,
        markersize=4,
        linewidth=1.2,
        clip_on=False,
        label=label,
    )
