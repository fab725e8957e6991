"""What the functions on data frames check alike."""

from __future__ import annotations

import pandas as pd

from clew.errors import InputError

__all__ = ["require_columns", "require_unique"]


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    """Raise InputError unless the data frame called `name` has the columns."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(f"{name}: no column {', '.join(missing)}; it needs {', '.join(columns)}")


def require_unique(frame: pd.DataFrame, column: str, name: str) -> None:
    """Raise InputError if a value of the column occurs twice in the data frame called `name`."""
    doubled = frame[column].duplicated()
    if doubled.any():
        row = int(doubled.to_numpy().argmax())
        value = frame[column].iloc[row]
        raise InputError(f"{name}, row {row}: {column} {value} occurs a second time; keep one row of each")
