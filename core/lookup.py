"""Where identities are listed: hit ids, particle ids."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Int64Array

__all__ = ["NOT_LISTED", "find_rows", "first_duplicate"]

NOT_LISTED: Final = -1
"""Stands in arrays of rows for an identity that is not listed."""


def find_rows(listed: Int64Array, wanted: Int64Array) -> Int64Array:
    """Return the row of `listed` that holds each wanted identity, NOT_LISTED where none does.

    Parameters
    ----------
    listed : ndarray of shape (n,), int64
        Unique, in any order.
    wanted : ndarray of shape (m,), int64

    Returns
    -------
    ndarray of shape (m,), int64
    """
    if len(listed) == 0:
        return np.full(len(wanted), NOT_LISTED, dtype=np.int64)
    if int(listed[-1]) - int(listed[0]) == len(listed) - 1 and bool(np.all(np.diff(listed) == 1)):
        rows = np.clip(wanted - listed[0], 0, len(listed) - 1)
    elif bool(np.all(listed[1:] > listed[:-1])):
        rows = np.minimum(np.searchsorted(listed, wanted), len(listed) - 1)
    else:
        order = np.argsort(listed)
        rows = order[np.minimum(np.searchsorted(listed, wanted, sorter=order), len(listed) - 1)]
    return np.where(listed[rows] == wanted, rows, NOT_LISTED)


def first_duplicate(identities: Int64Array) -> tuple[int, int] | None:
    """Return (row, earlier row) of the first row that repeats an earlier one's identity, or None."""
    if bool(np.all(identities[1:] > identities[:-1])):
        return None
    order = np.argsort(identities, kind="stable")
    repeats = np.flatnonzero(identities[order][1:] == identities[order][:-1])
    if len(repeats) == 0:
        return None
    place = repeats[np.argmin(order[repeats + 1])]
    return int(order[place + 1]), int(order[place])
