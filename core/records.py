"""Records: named numbers that kernels read and write by field, one row of a structured array each.

A class declares the fields; its annotations become the columns.  Inside a kernel a record is one pointer, so
it costs nothing to hand on, and `state.slope` says what `state[5]` does not.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias, get_type_hints

import numpy as np
from numpy.typing import NDArray

__all__ = ["RecordArray", "Single", "new_record", "record_dtype"]

RecordArray: TypeAlias = NDArray[np.void]
"""A structured array; its docstring names the class of its records."""

Single: TypeAlias = Annotated[float, np.float32]
"""A field of float32, as networks compute."""

_COLUMNS: Final[dict[Any, str]] = {float: "f8", Single: "f4", int: "i4", bool: "?"}


def record_dtype(fields: type) -> np.dtype[np.void]:
    """Return the dtype of records with the annotated fields of a class.

    float64 for float, float32 for Single, int32 for int, or bool.

    >>> class Point:
    ...     x: float
    ...     layer: int
    >>> record_dtype(Point).names
    ('x', 'layer')
    """
    columns = [(name, _COLUMNS[kind]) for name, kind in get_type_hints(fields, include_extras=True).items()]
    return np.dtype((np.record, np.dtype(columns, align=True)))


def new_record(dtype: np.dtype[np.void]) -> Any:
    """Return one record of zeros, whose fields Python reads and writes as attributes, too."""
    return np.zeros(1, dtype=dtype)[0]
