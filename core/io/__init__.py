"""Reading and writing: events, detectors, submissions, and parts of unfinished runs."""

from __future__ import annotations

from clew.io.atomic import atomic_write
from clew.io.events import read_detector, read_event, read_events
from clew.io.parts import PartStore
from clew.io.sources import EventSource, find_events
from clew.io.submission import EventLabels, check_submission_path, read_submission, write_submission
from clew.io.write import write_event

__all__ = [
    "EventLabels",
    "EventSource",
    "PartStore",
    "atomic_write",
    "check_submission_path",
    "find_events",
    "read_detector",
    "read_event",
    "read_events",
    "read_submission",
    "write_event",
    "write_submission",
]
