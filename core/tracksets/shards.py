"""A shard on disk: the tracks of one event as an .npz of small types, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clew.errors import InputError
from clew.event import Hits
from clew.io import atomic_write, read_arrays
from clew.tracksets.tracks import Clusters, Tracks

__all__ = ["read_shard", "write_shard"]

_HITS: Final = {
    "hit_id": "i8",
    "x": "f4",
    "y": "f4",
    "z": "f4",
    "volume": "i4",
    "layer": "i4",
    "module": "i4",
}
_TRACKS: Final = {
    "offsets": "i8",
    "particle_id": "i8",
    "vertex": "f4",
    "momentum": "f4",
    "charge": "i4",
    "true_position": "f4",
    "true_momentum": "f4",
}
_CLUSTERS: Final = {"n_cells": "i4", "width": "i4", "charge": "f4"}


def write_shard(path: Path, tracks: Tracks) -> None:
    """Write the tracks; equal tracks give equal bytes."""
    arrays = {name: getattr(tracks, name) for name in _TRACKS}
    arrays |= {f"hits.{name}": getattr(tracks.hits, name) for name in _HITS}
    if tracks.clusters is not None:
        arrays |= {f"clusters.{name}": getattr(tracks.clusters, name) for name in _CLUSTERS}
    small: dict[str, Any] = {name: _smallest(array) for name, array in arrays.items()}
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, event_id=np.int64(tracks.event_id), **small)


def _smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the smallest type that holds them, and others as they are."""
    if array.dtype.kind != "i" or not array.size:
        return array
    return array.astype(np.result_type(np.min_scalar_type(array.min()), np.min_scalar_type(array.max())))


def read_shard(path: Path) -> Tracks:
    """Read the tracks of a shard; raises InputError if it is damaged or missing."""
    try:
        arrays = read_arrays(path)
        event_id = int(arrays["event_id"])
        hits = Hits(**_typed(arrays, "hits.", _HITS))
        clusters = Clusters(**_typed(arrays, "clusters.", _CLUSTERS)) if "clusters.width" in arrays else None
        return Tracks(event_id=event_id, hits=hits, clusters=clusters, **_typed(arrays, "", _TRACKS))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: not a readable shard of tracks ({error}): delete it and run its `clew dataset` again"
        ) from error


def _typed(arrays: dict[str, NDArray[Any]], prefix: str, kinds: dict[str, str]) -> dict[str, Any]:
    return {name: arrays[prefix + name].astype(kind, copy=False) for name, kind in kinds.items()}
