"""What the real TrackML events look like: one table of measured facts, with tolerances and sources.

Sources: "lists", the full particle lists of the challenge's events 1000 to 1099 (1,079,000 particles);
"files", 54 whole files of hits of the same events; "set", the mean of the challenge's training set;
"2 lists", the lists of events 1000 and 1016 (24,033 particles); "event 1", a real event thinned to 5% of its
particles (5,527 hits).  A tolerance covers the fact's own statistical error and what reconstruction would not
notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Final, Literal

__all__ = ["FACTS", "HARD_EVENT", "PILEUP", "PILEUP_KNOWN", "VOLUMES", "Fact"]

PILEUP: Final = 200.0
"""Mean number of soft collisions of the real events."""

PILEUP_KNOWN: Final = (150.0, 250.0)
"""Pile-up at which what the hard event shifts, and noise, are known."""

HARD_EVENT: Final = 6.0
"""Particles of the hard event in units of those of a soft collision; 2 lists."""

Source = Literal["lists", "files", "set", "2 lists", "event 1", "definition"]
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

N_HITS: Final = {(0, 0): 13.75, (1, 3): 10.1}
"""Percent of the particles with so many hits, both ends included."""

N_HITS_PRIMARIES: Final = {
    (8, 8): 2.6,
    (9, 9): 4.6,
    (10, 10): 9.9,
    (11, 11): 15.6,
    (12, 12): 17.3,
    (13, 13): 14.1,
    (14, 14): 8.9,
    (15, 15): 4.3,
    (16, 16): 1.7,
}
N_HITS_SECONDARIES: Final = {(0, 0): 31.6, (1, 1): 14.5, (2, 3): 12.3, (4, 6): 17.3, (7, 10): 18.0}

SLOW: Final = 0.15
"""Transverse momentum in GeV below which few particles leave hits."""

WITHOUT_HITS_PRIMARIES: Final = {
    (0.1, SLOW): 90.0,
    (SLOW, 0.2): 3.9,
    (0.2, 0.3): 2.8,
    (0.3, 0.5): 2.6,
    (0.5, 1.0): 2.5,
    (1.0, inf): 2.3,
}
"""Percent of the primary particles in a range of transverse momentum, GeV, that have no hits."""

WITHOUT_HITS_SECONDARIES: Final = {
    (0.1, SLOW): 69.0,
    (SLOW, 0.2): 20.0,
    (0.2, 0.3): 17.0,
    (0.3, 0.5): 19.0,
    (0.5, 1.0): 10.0,
}

PT_PRIMARIES: Final = {0.138: 5.0, 0.263: 25.0, 0.436: 50.0, 0.727: 75.0, 1.637: 95.0, 2.963: 99.0}
"""Percent of the primary particles below a transverse momentum, GeV."""

PT_SECONDARIES: Final = {0.109: 5.0, 0.148: 25.0, 0.21: 50.0, 0.303: 75.0, 0.445: 95.0, 0.654: 99.0}
ETA_PRIMARIES: Final = {0.5: 12.4, 1.0: 24.8, 2.0: 50.6, 3.0: 76.3, 3.5: 88.1}
"""Percent of the primary particles below a pseudorapidity, either sign."""

ETA_SECONDARIES: Final = {0.25: 27.1, 0.5: 50.6, 1.0: 81.1, 1.5: 93.5, 2.0: 97.6}
ORIGIN_RADIUS: Final = {
    30.0: 6.6,
    33.0: 12.6,
    72.0: 28.4,
    117.0: 38.9,
    173.0: 45.6,
    270.0: 68.9,
    360.0: 76.2,
    500.0: 84.4,
    660.0: 90.3,
    820.0: 95.5,
}
"""Percent of the secondary particles that begin below a distance from the beam axis, mm."""

ORIGIN_Z: Final = {108.0: 10.0, 274.0: 25.0, 571.0: 50.0, 1183.0: 75.0, 2113.0: 90.0}
"""Percent of the secondary particles that begin below a distance along the beam, mm, either side.

Two of the limits lie just behind the thick discs at 570.6 and 1182 mm, where 5% and 2% of them begin.
"""

HITS_OF_VOLUMES: Final = {
    (7, 9): 27.5,
    (8,): 23.7,
    (12, 14): 12.9,
    (13,): 21.8,
    (16, 18): 4.9,
    (17,): 9.3,
}
"""Percent of all hits, noise included, that are in some volumes."""

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
    name: str,
    value: float,
    tolerance: float,
    scope: Literal["any", "pile-up 200"] = "any",
    source: Source = "lists",
) -> Fact:
    return Fact(name, value, tolerance, "%", source, _LISTS, scope=scope)


def n_hits_name(kind: str, low: int, high: int) -> str:
    """Return the name of the share of a kind of particles with `low` to `high` hits."""
    return f"{kind} with {low} to {high} hits" if low < high else f"{kind} with {low} hits"


def without_hits_name(kind: str, low: float, high: float) -> str:
    """Return the name of the share of a kind of particles in a range of pT [GeV] that leaves no hit."""
    momenta = f"{low:g} to {high:g}" if high < inf else f"> {low:g}"
    return f"{kind} without hits, pT {momenta}"


def hits_of_volumes_name(volumes: Sequence[int]) -> str:
    """Return the name of the share of hits in some volumes."""
    return f"hits in volume {' and '.join(map(str, volumes))}"


def volume_name(quantity: str, volume: int) -> str:
    """Return the name of a quantity in one volume."""
    return f"{quantity}, volume {volume}"


PT_PRIMARY_NAME: Final = "primaries pT < {:g} GeV"
PT_SECONDARY_NAME: Final = "secondaries pT < {:g} GeV"
ETA_PRIMARY_NAME: Final = "primaries |eta| < {:g}"
ETA_SECONDARY_NAME: Final = "secondaries |eta| < {:g}"
ORIGIN_NAME: Final = "secondaries from r < {:g} mm"
ORIGIN_Z_NAME: Final = "secondaries from |z| < {:g} mm"

FACTS: Final[tuple[Fact, ...]] = (
    Fact("soft collisions", None, nan, "", "definition", _LISTS),
    Fact("beam spot sigma z", None, nan, "mm", "definition", _LISTS),
    Fact("hits", 109_700, 11_000, "", "files", ("hits",), scope="pile-up", whole=True),
    Fact("cells", 400_000, 50_000, "", "set", ("hits", "cells"), scope="pile-up", whole=True),
    Fact("particles", 10_790, 1_260, "", "lists", _LISTS, scope="pile-up", whole=True),
    Fact("noise hits", 16.1, 1.0, "%", "files", _TRUTH, scope="pile-up 200"),
    Fact("noise hits per module", 0.945, 0.02, "", "files", _TRUTH, scope="pile-up 200", whole=True),
    Fact("hits of a particle", 8.52, 0.2, "", "lists", _LISTS),
    *(
        Fact(hits_of_volumes_name(volumes), value, 0.8, "%", "files", ("hits",), scope="pile-up 200")
        for volumes, value in HITS_OF_VOLUMES.items()
    ),
    _of_particles("secondaries", 22.35, 2.0),
    _of_particles("generation 2 or more", 1.9, 0.5),
    _of_particles("positive charge", 55.25, 1.5),
    Fact("pT > 0.1 GeV", 100.0, 0.01, "%", "lists", _LISTS),
    Fact("primaries |eta| < 4", 100.0, 0.01, "%", "lists", _LISTS),
    *(_of_particles(n_hits_name("particles", *n), value, 1.5) for n, value in N_HITS.items()),
    *(_of_particles(n_hits_name("primaries", *n), value, 1.5) for n, value in N_HITS_PRIMARIES.items()),
    *(_of_particles(n_hits_name("secondaries", *n), value, 3.0) for n, value in N_HITS_SECONDARIES.items()),
    *(
        _of_particles(without_hits_name("primaries", *pt), value, 1.5 if pt[0] >= SLOW else 3.0)
        for pt, value in WITHOUT_HITS_PRIMARIES.items()
    ),
    *(
        _of_particles(without_hits_name("secondaries", *pt), value, 3.0)
        for pt, value in WITHOUT_HITS_SECONDARIES.items()
    ),
    Fact("hits of primaries beyond |eta| 3", 10.0, 0.3, "", "lists", _LISTS),
    *(
        _of_particles(PT_PRIMARY_NAME.format(pt), value, 1.5, "pile-up 200")
        for pt, value in PT_PRIMARIES.items()
    ),
    *(_of_particles(PT_SECONDARY_NAME.format(pt), value, 3.0) for pt, value in PT_SECONDARIES.items()),
    *(
        _of_particles(ETA_PRIMARY_NAME.format(eta), value, 1.5, source="2 lists")
        for eta, value in ETA_PRIMARIES.items()
    ),
    *(_of_particles(ETA_SECONDARY_NAME.format(eta), value, 3.0) for eta, value in ETA_SECONDARIES.items()),
    *(_of_particles(ORIGIN_NAME.format(r), value, 3.0) for r, value in ORIGIN_RADIUS.items()),
    *(_of_particles(ORIGIN_Z_NAME.format(z), value, 3.0) for z, value in ORIGIN_Z.items()),
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
