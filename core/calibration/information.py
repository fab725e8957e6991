"""How much the clusters of a class of layers tell of a track's direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clew.arrays import Float64Array
from clew.calibration.counts import ClusterCounts
from clew.detector import ClusterTables

__all__ = ["ClassInformation", "information_of", "information_table"]


@dataclass(frozen=True)
class ClassInformation:
    """What was counted and learned for one class of layers.

    Attributes
    ----------
    name : str
        Of the class.
    hits, noise : int
        Hits of true particles and of noise, with cells.
    across, along : float, nat
        Mean over the true hits of the logarithm of how much likelier the cluster's extent is in the true
        direction than of another hit there, as searches reckon it; NaN without hits.
    """

    name: str
    hits: int
    noise: int
    across: float
    along: float

    @property
    def both(self) -> float:
        """The mean gain of a true hit by its cluster [nat]."""
        return self.across + self.along


def information_of(counts: ClusterCounts, tables: ClusterTables) -> list[ClassInformation]:
    """Return what the clusters that were counted tell by the tables that were learned, class by class."""
    across = np.log(tables.across.astype(np.float64) / tables.noise_across[:, :, None])
    return [
        ClassInformation(
            name,
            int(counts.across[k].sum()),
            int(counts.noise[0, k].sum()),
            _mean(across[k], counts.across[k]),
            _mean(_gains_along(tables, k), counts.along[k]),
        )
        for k, name in enumerate(tables.classes)
    ]


def _gains_along(tables: ClusterTables, k: int) -> Float64Array:
    """Return the gain of each extent at each angle by the one that a track from the beam line has."""
    likely = tables.along[k].astype(np.float64)
    chance = 0.5 * likely + 0.5 * tables.noise_along[k][:, None]
    gains: Float64Array = np.log(likely)[:, :, None] - np.log(chance)[:, None, :]
    return gains


def _mean(values: Float64Array, counts: Float64Array) -> float:
    n = counts.sum()
    return float((values * counts).sum() / n) if n else float("nan")


def information_table(rows: Sequence[ClassInformation]) -> str:
    """Return a table to print, a line per class."""
    width = max(len(row.name) for row in rows)
    lines = [f"{'class':<{width}}  {'hits':>10}{'noise':>10}{'across':>9}{'along':>9}{'both':>9}"]
    lines += [
        f"{row.name:<{width}}  {row.hits:>10,}{row.noise:>10,}"
        f"{row.across:>9.2f}{row.along:>9.2f}{row.both:>9.2f}"
        for row in rows
    ]
    lines.append(
        "hits, noise: with cells; across, along, both: what the cluster of a true hit gains, mean, nat"
    )
    return "\n".join(lines)
