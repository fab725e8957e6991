"""What a network that goes step by step predicts: against the truth, in space, and its pulls."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.plots.figure import COLOURS, FAINT, FOUND, MISSED, new_figure, plain, save

__all__ = ["draw_distributions", "draw_hits", "draw_predicted", "draw_pulls"]

_NAMES: Final = ("x [mm]", "y [mm]", "z [mm]", "r [mm]", "phi [rad]", "eta")


def _six(points: Float64Array) -> Float64Array:
    """Return x, y, z, r, phi and eta of points x, y, z, shape (6, n)."""
    x, y, z = points.T
    r = np.hypot(x, y)
    return np.stack([x, y, z, r, np.arctan2(y, x), np.arcsinh(z / np.maximum(r, 1e-3))])


def draw_predicted(true: Float64Array, predicted: Float64Array, path: Path) -> Path:
    """Draw the predicted coordinates of next hits against the true ones, Cartesian and polar.

    Parameters
    ----------
    true, predicted : ndarray of shape (n, 3), float64, mm
        x, y, z.
    path : Path
        The PNG file; replaced.
    """
    figure = new_figure(11, 6.5)
    pairs = zip(figure.subplots(2, 3).ravel(), _NAMES, _six(true), _six(predicted), strict=True)
    for axes, name, one, other in pairs:
        plain(axes).plot(one, other, ".", color=COLOURS[0], markersize=2, alpha=0.5)
        axes.axline((0.0, 0.0), slope=1.0, color=COLOURS[5], linewidth=0.8)
        axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
    return save(figure, path)


def draw_hits(event: Float64Array, true: Float64Array, predicted: Float64Array, path: Path) -> Path:
    """Draw all hits of an event, the true next hits and the predicted ones, from the front and from the side.

    Parameters
    ----------
    event, true, predicted : ndarray of shape (n, 3), float64, mm
    path : Path
        The PNG file; replaced.
    """
    figure = new_figure(12, 5)
    front, side = (plain(axes) for axes in figure.subplots(1, 2, width_ratios=(1, 2)))
    for points, colour, size, label in (
        (event, FAINT, 0.5, "all hits"),
        (true, FOUND[0], 5.0, "true"),
        (predicted, MISSED, 2.0, "predicted"),
    ):
        x, y, z, r, _, _ = _six(points)
        front.plot(x, y, ".", color=colour, markersize=size, label=label, rasterized=True)
        side.plot(z, np.copysign(r, y), ".", color=colour, markersize=size, rasterized=True)
    front.set(xlabel=_NAMES[0], ylabel=_NAMES[1], aspect="equal")
    side.set(xlabel=_NAMES[2], ylabel="r, with the sign of y [mm]")
    figure.legend(frameon=False, loc="outside upper center", ncols=3, markerscale=3)
    return save(figure, path)


def draw_distributions(true: Float64Array, predicted: Float64Array, path: Path) -> Path:
    """Draw the distributions of true and of predicted coordinates of next hits, as `draw_predicted`."""
    figure = new_figure(11, 6.5)
    pairs = zip(figure.subplots(2, 3).ravel(), _NAMES, _six(true), _six(predicted), strict=True)
    for axes, name, one, other in pairs:
        edges = np.linspace(one.min(), one.max() + 1e-9, 61).tolist()
        plain(axes).hist(one, edges, color=FAINT, label="true")
        axes.hist(other, edges, histtype="step", color=COLOURS[0], label="predicted")
        axes.set(xlabel=name, ylabel="hits")
    figure.axes[0].legend(frameon=False)
    return save(figure, path)


def draw_pulls(pulls: Float64Array, names: tuple[str, str, str], path: Path) -> Path:
    """Draw the pulls of the next hits in three coordinates, with the normal distribution of width 1.

    Parameters
    ----------
    pulls : ndarray of shape (n, 3), float64
        (true - predicted) / expected deviation.
    names : tuple of str
        What the coordinates are called.
    path : Path
        The PNG file; replaced.
    """
    figure = new_figure(11, 3.6)
    edges = np.linspace(-5.0, 5.0, 61)
    normal = np.exp(-0.5 * edges**2) / np.sqrt(2 * np.pi) * len(pulls) * (edges[1] - edges[0])
    for axes, name, values in zip(figure.subplots(1, 3), names, pulls.T, strict=True):
        plain(axes).hist(np.clip(values, -5.0, 5.0), edges.tolist(), color=FOUND[1])
        axes.plot(edges, normal, color=COLOURS[5])
        axes.set(xlabel=f"pull {name}", ylabel="hits")
        near = values[np.abs(values) < 5.0]
        axes.set_title(f"within 5: mean {near.mean():.3f}, deviation {near.std():.3f}", fontsize=9)
    return save(figure, path)
