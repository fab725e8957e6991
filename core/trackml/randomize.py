"""Submissions made from the truth by spoiling it at random, to see what a score means.

All draw from numpy's global state, so a seed gives the submissions that it gave with the challenge's library.
"""
# ruff: noqa: NPY002

from __future__ import annotations

import numpy as np
import pandas as pd

from clew.arrays import Int64Array
from clew.trackml.frames import require_columns

__all__ = ["drop_hits", "random_solution", "set_seed", "shuffle_hits"]


def set_seed(seed: int) -> None:
    """Seed numpy's global random state."""
    np.random.seed(seed)


def random_solution(truth: pd.DataFrame, ntracks: int) -> pd.DataFrame:
    """Put each hit on one of `ntracks` tracks at random, with no regard to its particle."""
    require_columns(truth, ("hit_id",), "truth")
    track_id = np.random.randint(1, ntracks + 1, size=len(truth), dtype="i4")
    return pd.DataFrame({"hit_id": truth["hit_id"], "track_id": track_id})


def drop_hits(truth: pd.DataFrame, probability: float) -> pd.DataFrame:
    """Make a perfect submission but for hits that are taken off their tracks, each to be one of its own.

    Parameters
    ----------
    truth : DataFrame
        Columns hit_id and particle_id; noise is a track like a particle.
    probability : float
        Of a hit to be taken off.

    Returns
    -------
    DataFrame
        Columns hit_id and track_id; tracks are numbered from 1 in random order.
    """
    track, spoilt = _spoil(truth, probability)
    first = track.max(initial=0) + 1
    track[spoilt] = first + np.arange(len(spoilt))
    return _renumbered(truth, track)


def shuffle_hits(truth: pd.DataFrame, probability: float) -> pd.DataFrame:
    """Make a perfect submission but for hits that are put on the track of a particle drawn at random.

    Parameters
    ----------
    truth : DataFrame
        Columns hit_id and particle_id; noise is a track like a particle.
    probability : float
        Of a hit to be moved; the particle drawn may be its own.

    Returns
    -------
    DataFrame
        Columns hit_id and track_id; tracks are numbered from 1 in random order.
    """
    track, spoilt = _spoil(truth, probability)
    track[spoilt] = np.random.choice(np.unique(track), size=len(spoilt))
    return _renumbered(truth, track)


def _spoil(truth: pd.DataFrame, probability: float) -> tuple[Int64Array, Int64Array]:
    """Return a copy of the hits' particles and the rows to spoil."""
    require_columns(truth, ("hit_id", "particle_id"), "truth")
    track = truth["particle_id"].to_numpy(dtype=np.int64, copy=True)
    return track, np.flatnonzero(np.random.random_sample(len(track)) < probability)


def _renumbered(truth: pd.DataFrame, track: Int64Array) -> pd.DataFrame:
    names, number = np.unique(track, return_inverse=True)
    fresh = np.arange(1, len(names) + 1)
    np.random.shuffle(fresh)
    return pd.DataFrame({"hit_id": truth["hit_id"], "track_id": fresh[number]})
