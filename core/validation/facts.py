"""What the real TrackML events look like: one table of measured facts, with tolerances and sources.

Sources: "set", the means of the challenge's training set; "lists", the full particle lists of its events 1000
and 1016 (24,033 particles); "event 1", a real event thinned to 5% of its particles (5,527 hits).  A tolerance
covers the fact's own statistical error and what reconstruction would not notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final, Literal

__all__ = ["FACTS", "HARD_EVENT", "PILEUP", "PILEUP_KNOWN", "VOLUMES", "Fact"]

PILEUP: Final = 200.0
"""Mean number of soft collisions of the real events."""

PILEUP_KNOWN: Final = (150.0, 250.0)
"""Pile-up at which what the hard event shifts, and noise, are known."""

HARD_EVENT: Final = 6.0
"""Particles of the hard event in units of those of a soft collision; lists."""

Source = Literal["set", "lists", "event 1", "definition"]
Part = Literal["hits", "cells", "particles", "truth", "detectors.csv"]


@dataclass(frozen=True)
class Fact:
    """One measured fact.

    Attributes
    ----------
    name : str
        Of the quantity of `clew.validation.quantities`.
    value, tolerance : float
        In `unit`; value None for what a data set is free to choose, such as the beam spot.
    unit : str
    source : str
    needs : tuple of str
        Files without which the quantity cannot be measured.
    root : bool
        The quantity is the mean of squares; value is its root.
    scope : "any", "pile-up" or "pile-up 200"
        The value is the same for all events, or grows with pile-up, or is known at PILEUP_KNOWN only.
    whole : bool
        Events thinned to some of their particles do not show it.
    """

    name: str
    value: float | None
    tolerance: float
    unit: str
    source: Source
    needs: tuple[Part, ...]
    root: bool = False
    scope: Literal["any", "pile-up", "pile-up 200"] = "any"
    whole: bool = False


VOLUMES: Final = (7, 8, 9, 12, 13, 14, 16, 17, 18)

N_HITS: Final = {
    (0, 0): 13.8,
    (0, 3): 24.1,
    (4, 9): 18.0,
    (10, 10): 8.4,
    (11, 11): 12.7,
    (12, 12): 13.5,
    (13, 13): 11.2,
    (14, 14): 6.8,
    (15, 99): 5.3,
}
"""Percent of the particles with so many hits, both ends included."""

PT_PRIMARIES: Final = {
    0.15: 6.9,
    0.2: 14.3,
    0.3: 30.5,
    0.44: 49.9,
    0.7: 72.9,
    1.0: 85.3,
    1.7: 95.1,
    3.0: 98.9,
}
"""Percent of the primary particles below a transverse momentum, GeV."""

PT_SECONDARIES: Final = {0.15: 26.2, 0.21: 49.9, 0.3: 74.7, 0.44: 94.9}
ETA_PRIMARIES: Final = {0.5: 12.4, 1.0: 24.8, 2.0: 50.6, 3.0: 76.3, 3.5: 88.1}
"""Percent of the primary particles below a pseudorapidity, either sign."""

ETA_SECONDARIES: Final = {0.25: 27.2, 0.5: 50.2, 1.0: 81.2, 1.5: 93.8}
ORIGIN_RADIUS: Final = {30.0: 6.4, 70.0: 24.7, 200.0: 49.8, 360.0: 76.6, 660.0: 90.3}
"""Percent of the secondary particles that begin below a distance from the beam axis, mm."""

CELLS_PER_HIT: Final = {
    7: (1.63, 0.15),
    8: (7.00, 0.50),
    9: (1.58, 0.15),
    12: (1.77, 0.20),
    13: (2.53, 0.20),
    14: (1.69, 0.20),
    16: (3.02, 0.40),
    17: (3.21, 0.40),
    18: (3.14, 0.60),
}
"""Mean cells of a particle's hit per volume, and tolerance."""

RESIDUALS_U: Final = {
    7: (13.4, 1.0),
    8: (11.0, 1.0),
    9: (13.4, 1.0),
    12: (17.0, 1.5),
    13: (21.6, 1.5),
    14: (17.1, 1.5),
    16: (24.6, 3.0),
    17: (28.8, 3.0),
    18: (23.7, 3.0),
}
"""Root mean square of truth minus hit along u per volume, um, and tolerance; those within five times this."""

RESIDUALS_V: Final = {
    7: (9.0, 0.8),
    8: (5.6, 0.8),
    9: (8.7, 0.8),
    12: (305.0, 20.0),
    13: (261.0, 15.0),
    14: (293.0, 20.0),
    16: (2990.0, 260.0),
    17: (3060.0, 200.0),
    18: (2650.0, 270.0),
}

LORENTZ_SHIFT: Final = {8: (-9.2, 1.0), 13: (14.4, 2.0), 17: (15.7, 4.0)}
"""Mean residual along u in the barrels, um, and tolerance: twice the drift in the field is taken off hits."""

LONG_CLUSTER: Final = 30
MULTIPLICITY: Final = {2: (24.4, 1.5), 3: (3.2, 0.6)}

_LISTS: Final[tuple[Part, ...]] = ("particles",)
_TRUTH: Final[tuple[Part, ...]] = ("hits", "truth")
_CELLS: Final[tuple[Part, ...]] = ("hits", "truth", "cells")
_LOCAL: Final[tuple[Part, ...]] = ("hits", "truth", "detectors.csv")
_ALL_TRUTH: Final[tuple[Part, ...]] = ("hits", "truth", "particles")


def _of_particles(
    name: str, value: float, tolerance: float, scope: Literal["any", "pile-up 200"] = "any"
) -> Fact:
    return Fact(name, value, tolerance, "%", "lists", _LISTS, scope=scope)


def n_hits_name(low: int, high: int) -> str:
    """Return the name of the share of particles with `low` to `high` hits."""
    many = f"{low} to {high}" if low < high < 99 else f"{low} or more" if high == 99 else f"{low}"
    return f"particles with {many} hits"


def volume_name(quantity: str, volume: int) -> str:
    """Return the name of a quantity in one volume."""
    return f"{quantity}, volume {volume}"


PT_PRIMARY_NAME: Final = "primaries pT < {:g} GeV"
PT_SECONDARY_NAME: Final = "secondaries pT < {:g} GeV"
ETA_PRIMARY_NAME: Final = "primaries |eta| < {:g}"
ETA_SECONDARY_NAME: Final = "secondaries |eta| < {:g}"
ORIGIN_NAME: Final = "secondaries from r < {:g} mm"

FACTS: Final[tuple[Fact, ...]] = (
    Fact("soft collisions", None, nan, "", "definition", _LISTS),
    Fact("beam spot sigma z", None, nan, "mm", "definition", _LISTS),
    Fact("hits", 108_000, 13_000, "", "set", ("hits",), scope="pile-up", whole=True),
    Fact("cells", 400_000, 50_000, "", "set", ("hits", "cells"), scope="pile-up", whole=True),
    Fact("particles", 10_900, 1_300, "", "lists", _LISTS, scope="pile-up", whole=True),
    Fact("noise hits", 15.0, 0.5, "%", "set", _TRUTH, scope="pile-up 200"),
    Fact("noise hits per module", 0.86, 0.1, "", "set", _TRUTH, scope="pile-up 200", whole=True),
    _of_particles("secondaries", 22.8, 2.0),
    _of_particles("positive charge", 55.1, 1.5),
    Fact("pT > 0.1 GeV", 100.0, 0.01, "%", "lists", _LISTS),
    Fact("primaries |eta| < 4", 100.0, 0.01, "%", "lists", _LISTS),
    *(_of_particles(n_hits_name(*bounds), value, 1.5) for bounds, value in N_HITS.items()),
    *(
        _of_particles(PT_PRIMARY_NAME.format(pt), value, 1.5, "pile-up 200")
        for pt, value in PT_PRIMARIES.items()
    ),
    *(_of_particles(PT_SECONDARY_NAME.format(pt), value, 3.0) for pt, value in PT_SECONDARIES.items()),
    *(_of_particles(ETA_PRIMARY_NAME.format(eta), value, 1.5) for eta, value in ETA_PRIMARIES.items()),
    *(_of_particles(ETA_SECONDARY_NAME.format(eta), value, 3.0) for eta, value in ETA_SECONDARIES.items()),
    *(_of_particles(ORIGIN_NAME.format(r), value, 3.0) for r, value in ORIGIN_RADIUS.items()),
    Fact("two hits on a layer", *MULTIPLICITY[2], "%", "event 1", _TRUTH),
    Fact("three hits on a layer", *MULTIPLICITY[3], "%", "event 1", _TRUTH),
    Fact("barrel crossings without hit", 3.6, 1.0, "%", "event 1", _TRUTH),
    *(Fact(volume_name("cells per hit", v), *f, "", "event 1", _CELLS) for v, f in CELLS_PER_HIT.items()),
    Fact(f"hits of more than {LONG_CLUSTER} cells", 0.0, 0.05, "%", "event 1", _CELLS),
    *(Fact(volume_name("du", v), *f, "um", "event 1", _LOCAL, root=True) for v, f in RESIDUALS_U.items()),
    *(Fact(volume_name("mean du", v), *f, "um", "event 1", _LOCAL) for v, f in LORENTZ_SHIFT.items()),
    *(Fact(volume_name("dv", v), *f, "um", "event 1", _LOCAL, root=True) for v, f in RESIDUALS_V.items()),
    Fact("scattering x p, volume 8, steep", 1.55, 0.15, "MeV", "event 1", _ALL_TRUTH, root=True),
    Fact("scattering x p, volume 8, inclined", 1.50, 0.2, "MeV", "event 1", _ALL_TRUTH, root=True),
    Fact("sum of weights", 1.0, 1e-5, "", "definition", _TRUTH, whole=True),
    Fact("weights that differ", 0.0, 0.01, "%", "definition", _ALL_TRUTH),
)
"""All rows of the report, in its order."""
