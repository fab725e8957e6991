"""The latent space of object condensation, before and after training."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from clew.arrays import Float32Array, Float64Array, Int64Array
from clew.plots.figure import COLOURS, FAINT, new_figure, plain, save

__all__ = ["draw_latent_space", "principal_axes"]

_MARKERS: Final = "osD^v"


def draw_latent_space(
    before: Float32Array, after: Float32Array, particle: Int64Array, path: Path | str
) -> Path:
    """Draw the hits along the two leading principal axes, those of some particles coloured.

    Parameters
    ----------
    before, after : ndarray of shape (n_hits, coordinates), float32
        Places of the same hits by the untrained and by the trained network.
    particle : ndarray of shape (n_hits,), int64
        Number of the coloured particle that each hit is of, from 0; less for other hits.
    path : path
        The PNG file; replaced.
    """
    figure = new_figure(11, 5.5)
    for axes, places, title in zip(
        figure.subplots(1, 2), (before, after), ("before training", "after training"), strict=True
    ):
        _draw(plain(axes), principal_axes(places), particle)
        axes.set(title=title, xlabel="first principal axis", ylabel="second principal axis")
    return save(figure, path)


def principal_axes(places: Float32Array) -> Float64Array:
    """Return the places along the two axes in which they vary most, about their mean, shape (n_hits, 2)."""
    centred = places.astype(np.float64) - places.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    along: Float64Array = centred @ directions[:2].T
    return along


def _draw(axes: Axes, places: Float64Array, particle: Int64Array) -> None:
    others = particle < 0
    axes.scatter(places[others, 0], places[others, 1], s=4, color=FAINT)
    for number in range(particle.max(initial=-1) + 1):
        own = places[particle == number]
        marker = _MARKERS[number // len(COLOURS) % len(_MARKERS)]
        colour = COLOURS[number % len(COLOURS)]
        axes.scatter(
            own[:, 0], own[:, 1], s=22, marker=marker, facecolor="none", edgecolor=colour, linewidth=1.1
        )
