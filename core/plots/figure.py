"""What all pictures share: size, colours, and writing them in one step."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from clew.io.atomic import atomic_write

__all__ = [
    "COLOURS",
    "DPI",
    "FAINT",
    "FOUND",
    "MISSED",
    "NEUTRAL",
    "new_figure",
    "plain",
    "plain_numbers",
    "save",
]

DPI: Final = 150
COLOURS: Final = ("#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#999999")
"""Colours that people with any colour vision can tell apart (Okabe and Ito, 2008)."""

FOUND: Final = ("#0072B2", "#56B4E9", "#009E73", "#004D73")
MISSED: Final = "#D62F00"
NEUTRAL: Final = "#A0A0A0"
FAINT: Final = "#DCDCDC"


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of the given size in inches; it draws without a display."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def plain(axes: Axes) -> Axes:
    """Take the upper and right frame off and put a faint grid behind what is drawn."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def plain_numbers(axis: Axis) -> None:
    """Label a logarithmic axis with 0.1, 1, 10 rather than with powers, and only at those."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, path: Path | str) -> Path:
    """Write the figure as a PNG file, whole or not at all, and return its path."""
    target = Path(path)
    with atomic_write(target) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
    return target
