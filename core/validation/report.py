"""Facts against measured quantities: one row each, that passes or fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, nan, sqrt
from typing import Final

from clew.validation.facts import FACTS, HARD_EVENT, PILEUP, PILEUP_KNOWN, Fact
from clew.validation.measure import Measured
from clew.validation.moments import Moments, Quantities

__all__ = ["FAIL", "PASS", "Row", "report", "table"]

PASS: Final = "pass"
FAIL: Final = "FAIL"
CHOICE: Final = "choice"
"""Verdict on what a data set is free to choose."""

ERRORS: Final = 2.0
"""Standard errors of the measurement by which it may be outside the tolerance."""


@dataclass(frozen=True)
class Row:
    """One fact and what the events say.

    Attributes
    ----------
    fact : Fact
    expected, tolerance : float
        Of the fact, for these events' pile-up where it depends on it; NaN for a choice.
    measured, error : float
        NaN where the events lack a part.
    verdict : str
        PASS, FAIL, CHOICE, or why there is none.
    """

    fact: Fact
    expected: float
    tolerance: float
    measured: float
    error: float
    verdict: str

    @property
    def deviation(self) -> float:
        """Measured minus expected in units of the tolerance."""
        return (self.measured - self.expected) / self.tolerance


def report(measured: Measured, thinned: bool = False) -> list[Row]:
    """Compare with every fact.

    Parameters
    ----------
    measured : Measured
    thinned : bool
        The events hold a part of their particles only: what depends on their size is not judged.

    Returns
    -------
    list of Row
        In the order of FACTS.
    """
    quantities = measured.quantities
    collisions = quantities["soft collisions"].mean if "soft collisions" in quantities else PILEUP
    return [_row(fact, quantities, collisions, thinned) for fact in FACTS]


def _row(fact: Fact, quantities: Quantities, collisions: float, thinned: bool) -> Row:
    grows = (collisions + HARD_EVENT) / (PILEUP + HARD_EVENT) if fact.scope == "pile-up" else 1.0
    row = Row(fact, grows * (nan if fact.value is None else fact.value), grows * fact.tolerance, nan, nan, "")
    found = quantities.get(fact.name)
    if found is None or not found.count:
        return replace(row, verdict=_lacking(fact, quantities))
    value, error = _value(found, fact.root)
    row = replace(row, measured=value, error=error)
    return replace(row, verdict=_verdict(row, collisions, thinned))


def _value(found: Moments, root: bool) -> tuple[float, float]:
    if not root:
        return found.mean, found.error
    value = sqrt(found.mean)
    return value, found.error / (2 * value) if value > 0 else 0.0


def _verdict(row: Row, collisions: float, thinned: bool) -> str:
    fact = row.fact
    if fact.value is None:
        return CHOICE
    if thinned and fact.whole:
        return "thinned"
    if fact.scope == "pile-up 200" and not PILEUP_KNOWN[0] <= collisions <= PILEUP_KNOWN[1]:
        return "other pile-up"
    return PASS if abs(row.measured - row.expected) <= row.tolerance + ERRORS * row.error else FAIL


def _lacking(fact: Fact, quantities: Quantities) -> str:
    """Say which of the needed files is not there; a quantity that each part always gives tells of it."""
    signs = {
        "hits": "hits",
        "cells": "cells",
        "particles": "particles",
        "truth": "noise hits",
        "detectors.csv": "du, volume 8",
    }
    missing = [part for part in fact.needs if signs[part] not in quantities]
    return f"no {missing[0]}" if missing else "nothing to measure"


def table(rows: Sequence[Row]) -> str:
    """Return aligned text, one line per row, and how many pass."""
    width = max(len(row.fact.name) for row in rows)
    numbers = f"{'real':>9} {'tolerance':>10}  {'measured':>9} {'error':>8}"
    lines = [
        f"{'':<{width}}  {numbers}  {'unit':<4} {'source':<10} verdict",
        *(_line(row, width) for row in rows),
    ]
    n_pass, n_fail = (sum(row.verdict == verdict for row in rows) for verdict in (PASS, FAIL))
    return "\n".join(
        [*lines, "", f"{n_pass} rows pass, {n_fail} fail, {len(rows) - n_pass - n_fail} not judged"]
    )


def _line(row: Row, width: int) -> str:
    fact = row.fact
    numbers = (
        f"{_number(row.expected):>9} {_number(row.tolerance):>10}"
        f"  {_number(row.measured):>9} {_number(row.error):>8}"
    )
    return f"{fact.name:<{width}}  {numbers}  {fact.unit:<4} {fact.source:<10} {row.verdict}"


def _number(value: float) -> str:
    if isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"
