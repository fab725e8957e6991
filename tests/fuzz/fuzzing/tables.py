"""Target: the csv tables of events."""

from __future__ import annotations

from pathlib import Path
from random import Random

from fuzzing.damage import TABLES, bytes_damaged, text_damaged
from fuzzing.oracle import assert_as_written

from clew.io import TABLES as SCHEMAS
from clew.io import TableFile, read_event, read_table

__all__ = ["table"]


def table(random: Random, folder: Path) -> None:
    """Damage the text of one table of an event; read it, then the event."""
    part = random.choice(list(TABLES))
    damaged = text_damaged(random, TABLES[part])
    if random.random() < 0.3:
        damaged = bytes_damaged(random, damaged)
    prefix = folder / "event000000007"
    for name, text in TABLES.items():
        Path(f"{prefix}-{name}.csv").write_bytes(damaged if name == part else text.encode())
    assert_as_written(read_table(TableFile(Path(f"{prefix}-{part}.csv")), SCHEMAS[part]), damaged)
    read_event(prefix)
