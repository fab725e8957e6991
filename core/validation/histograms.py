"""Spectra in fixed bins, that those of several events can be added and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.event import Hits, Particles
from clew.metrics.weights import generation
from clew.validation import facts

__all__ = ["EDGES", "Histograms", "cell_histograms", "particle_histograms", "residual_histograms"]

Histograms: TypeAlias = Mapping[str, Int64Array]
"""Counts by name; the bins are EDGES of the same name, what is beyond them is left out."""

_PT: Final = np.geomspace(0.1, 20.0, 54)
_ETA: Final = np.linspace(0.0, 4.0, 41)
_N_HITS: Final = np.arange(-0.5, 21.0)
_CELLS: Final = np.arange(0.5, 40.0)

EDGES: Final[Mapping[str, Float64Array]] = (
    {
        "primaries' hits": _N_HITS,
        "secondaries' hits": _N_HITS,
        "primaries pT": _PT,
        "secondaries pT": _PT,
        "primaries |eta|": _ETA,
        "secondaries |eta|": _ETA,
    }
    | {facts.volume_name("cells", volume): _CELLS for volume in facts.VOLUMES}
    | {
        facts.volume_name(name, volume): np.linspace(-5 * width, 5 * width, 61)
        for name, widths in (("du", facts.RESIDUALS_U), ("dv", facts.RESIDUALS_V))
        for volume, (width, _) in widths.items()
    }
)


def _histogram(name: str, values: np.ndarray) -> dict[str, Int64Array]:
    return {name: np.histogram(values, EDGES[name])[0]}


def particle_histograms(particles: Particles) -> Histograms:
    """Count particles by number of hits, transverse momentum [GeV] and pseudorapidity."""
    first = generation(particles.particle_id) == 0
    eta = np.abs(particles.eta)
    return (
        _histogram("primaries' hits", particles.n_hits[first])
        | _histogram("secondaries' hits", particles.n_hits[~first])
        | _histogram("primaries pT", particles.pt[first])
        | _histogram("secondaries pT", particles.pt[~first])
        | _histogram("primaries |eta|", eta[first])
        | _histogram("secondaries |eta|", eta[~first])
    )


def cell_histograms(hits: Hits, real: BoolArray) -> Histograms:
    """Count the hits of particles by number of cells, per volume."""
    if hits.cells is None:
        return {}
    cells = np.diff(hits.cells.offsets)
    found: dict[str, Int64Array] = {}
    for volume in facts.VOLUMES:
        found |= _histogram(facts.volume_name("cells", volume), cells[real & (hits.volume == volume)])
    return found


def residual_histograms(hits: Hits, real: BoolArray, residuals: Float64Array) -> Histograms:
    """Count the hits of particles by residual [um] along u and v, per volume."""
    found: dict[str, Int64Array] = {}
    for axis, name in enumerate(("du", "dv")):
        for volume in facts.VOLUMES:
            mine = residuals[real & (hits.volume == volume), axis]
            found |= _histogram(facts.volume_name(name, volume), mine)
    return found
