"""Damaged inputs for every reader: what is accepted must be what was written, all else refused in a line."""

from fuzzing.archives import archive, compressed, parquet
from fuzzing.submissions import submission
from fuzzing.tables import table
from fuzzing.trial import Outcome, Target, attempt

__all__ = ["TARGETS", "Outcome", "attempt"]

TARGETS: dict[str, Target] = {
    "tables": table,
    "compressed": compressed,
    "parquet": parquet,
    "zips": archive,
    "submissions": submission,
}
"""By name: functions that write a damaged input into a folder, read it, and compare if it is accepted."""
