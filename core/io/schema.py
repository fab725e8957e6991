"""Which columns the tables of the TrackML format have, and of which types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

__all__ = ["CELLS", "DETECTORS", "HITS", "PARTICLES", "SUBMISSION", "TABLES", "TRUTH", "Schema"]


@dataclass(frozen=True)
class Schema:
    """The columns of a table.

    Attributes
    ----------
    name : str
        What the table is called in messages.
    columns : dict
        Type of each column that is read, in the order of the format; all others are left out.
    optional : frozenset of str
        Columns that may be missing.
    unsigned : frozenset of str
        int64 columns of packed identities; numbers from 2^63 on become the int64 of the same bits.
    blank : dict
        What an empty cell stands for, where a column may have some.
    """

    name: str
    columns: dict[str, pa.DataType]
    optional: frozenset[str] = frozenset()
    unsigned: frozenset[str] = frozenset({"particle_id"})
    blank: dict[str, int] = field(default_factory=dict)

    @property
    def needed(self) -> list[str]:
        """The columns that may not be missing."""
        return [name for name in self.columns if name not in self.optional]


_I32, _I64, _F32, _F64 = pa.int32(), pa.int64(), pa.float32(), pa.float64()
_MODULE: Final = dict.fromkeys(("volume_id", "layer_id", "module_id"), _I32)

HITS: Final = Schema("hits", {"hit_id": _I64, **dict.fromkeys(("x", "y", "z"), _F32), **_MODULE})
CELLS: Final = Schema("cells", {"hit_id": _I64, "ch0": _I32, "ch1": _I32, "value": _F32})
PARTICLES: Final = Schema(
    "particles",
    {
        "particle_id": _I64,
        "particle_type": _I32,
        **dict.fromkeys(("vx", "vy", "vz", "px", "py", "pz"), _F32),
        "q": _I32,
        "nhits": _I32,
    },
    optional=frozenset({"particle_type", "nhits"}),
)
_TRUE_STATE: Final = {**dict.fromkeys(("tx", "ty", "tz", "tpx", "tpy", "tpz"), _F32), "weight": _F64}
TRUTH: Final = Schema(
    "truth", {"hit_id": _I64, "particle_id": _I64, **_TRUE_STATE}, optional=frozenset(_TRUE_STATE)
)
DETECTORS: Final = Schema(
    "detectors",
    {
        **_MODULE,
        **dict.fromkeys(("cx", "cy", "cz"), _F32),
        **{f"rot_{row}{column}": _F32 for row in "xyz" for column in "uvw"},
        **dict.fromkeys(("module_t", "module_minhu", "module_maxhu", "module_hv"), _F32),
        **dict.fromkeys(("pitch_u", "pitch_v"), _F32),
    },
)
SUBMISSION: Final = Schema(
    "submission",
    {"event_id": _I64, "hit_id": _I64, "track_id": _I64},
    optional=frozenset({"event_id"}),
    blank={"track_id": -1},
)

TABLES: Final = {"hits": HITS, "cells": CELLS, "particles": PARTICLES, "truth": TRUTH}
"""The tables of an event by the part of the file's name."""
