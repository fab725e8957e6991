"""Pulls and resolutions of fitted tracks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from clew.metrics.fits import FitResiduals, resolution
from clew.plots.figure import COLOURS, FOUND, new_figure, plain, plain_numbers, save

__all__ = ["draw_fit_pulls", "draw_resolutions"]

_NAMES: Final = ("d0", "z0", "phi", "theta", "q/p")
_LABELS: Final = ("d0 [µm]", "z0 [µm]", "phi [mrad]", "theta [mrad]", "q/p [%]")
_UNITS: Final = (1e3, 1e3, 1e3, 1e3, 1e2)
_FEW: Final = 20


def draw_fit_pulls(fits: FitResiduals, path: Path) -> Path:
    """Draw the pulls of the five parameters, with normal distributions, and the chi2 probability."""
    figure = new_figure(11, 6.5)
    axes = figure.subplots(2, 3).ravel()
    edges = np.linspace(-5.0, 5.0, 61)
    normal = np.exp(-0.5 * edges**2) / np.sqrt(2 * np.pi) * len(fits) * (edges[1] - edges[0])
    for one, name, values in zip(axes, _NAMES, fits.pull.T, strict=False):
        plain(one).hist(np.clip(values, -5.0, 5.0), edges.tolist(), color=FOUND[1])
        one.plot(edges, normal, color=COLOURS[5])
        one.set(xlabel=f"pull of {name}", ylabel="tracks")
    plain(axes[5]).hist(fits.probability, np.linspace(0, 1, 41).tolist(), color=FOUND[1])
    axes[5].set(xlabel="chi2 probability", ylabel="tracks")
    return save(figure, path)


def draw_resolutions(fits: FitResiduals, path: Path) -> Path:
    """Draw the resolutions of the five parameters against pT, for three ranges of |eta|."""
    figure = new_figure(11, 6.5)
    axes = figure.subplots(2, 3).ravel()
    edges = np.geomspace(0.4, max(2.0, 1.01 * float(fits.pt.max(initial=2.0))), 13)
    for colour, low, high in zip(COLOURS, (0.0, 1.0, 2.0), (1.0, 2.0, 3.0), strict=False):
        inside = (np.abs(fits.eta) >= low) & (np.abs(fits.eta) < high)
        bins = [inside & (fits.pt >= a) & (fits.pt < b) for a, b in pairwise(edges)]
        some = [k for k, chosen in enumerate(bins) if chosen.sum() >= _FEW]
        sizes = np.array([resolution(fits.select(bins[k])) for k in some]).reshape(-1, 5)
        at = np.sqrt(edges[:-1] * edges[1:])[some]
        for one, label, unit, size in zip(axes, _LABELS, _UNITS, sizes.T, strict=False):
            plain(one).plot(at, size * unit, "o-", color=colour, label=f"{low:g} < |eta| < {high:g}")
            one.set(xscale="log", yscale="log", xlabel="pT [GeV]", ylabel=label)
    for one in axes[:5]:
        plain_numbers(one.xaxis)
        plain_numbers(one.yaxis)
    axes[0].legend(frameon=False)
    axes[5].set_axis_off()
    return save(figure, path)
