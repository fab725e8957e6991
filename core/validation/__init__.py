"""Events against what is known of the real ones: facts, quantities measured on events, and a report."""

from __future__ import annotations

from clew.validation.facts import FACTS, Fact
from clew.validation.measure import Measured, measure_event, measure_events
from clew.validation.report import FAIL, PASS, Row, report, table

__all__ = [
    "FACTS",
    "FAIL",
    "PASS",
    "Fact",
    "Measured",
    "Row",
    "measure_event",
    "measure_events",
    "report",
    "table",
]
