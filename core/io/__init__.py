"""Reading and writing: events, detectors, submissions; nothing else in Clew knows about files of data."""

from __future__ import annotations

from clew.io.atomic import atomic_write, check_output
from clew.io.events import PARTS, add_truth, read_event, read_events, read_modules, read_particles
from clew.io.files import LIMIT, TableFile
from clew.io.locks import held_folder, make_folder
from clew.io.parts import Part, PartStore
from clew.io.schema import TABLES
from clew.io.sources import EventSource, find_events, prefixed_tables
from clew.io.submission import Submission, read_submission, write_submission
from clew.io.tables import read_table
from clew.io.write import write_event, write_modules
from clew.plain import read_arrays, read_plain

__all__ = [
    "LIMIT",
    "PARTS",
    "TABLES",
    "EventSource",
    "Part",
    "PartStore",
    "Submission",
    "TableFile",
    "add_truth",
    "atomic_write",
    "check_output",
    "find_events",
    "held_folder",
    "make_folder",
    "prefixed_tables",
    "read_arrays",
    "read_event",
    "read_events",
    "read_modules",
    "read_particles",
    "read_plain",
    "read_submission",
    "read_table",
    "write_event",
    "write_modules",
    "write_submission",
]
