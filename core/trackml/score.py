"""The challenge's score of data frames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clew.arrays import Int64Array
from clew.metrics.score import UNTRACKED, event_score
from clew.trackml.frames import require_columns, require_unique

__all__ = ["score_event"]


def score_event(truth: pd.DataFrame, submission: pd.DataFrame) -> float:
    """Return the TrackML score of one event: the fraction of the weight on well found tracks.

    A track and a particle match if they have more than half of each other's hits; the hits they share
    count.  Rows are joined by hit_id.

    Parameters
    ----------
    truth : DataFrame
        Columns hit_id, particle_id and weight; the weights need not sum to 1.
    submission : DataFrame
        Columns hit_id and track_id.  Hits that are missing, or have no track_id, are tracks of their own,
        hits with track_id -1 are on none, hits that are not in the truth are left out.

    Returns
    -------
    float
        Between 0 and 1; NaN if no hit has a weight.

    Raises
    ------
    InputError
        If a column is missing or a hit_id occurs twice.
    """
    require_columns(truth, ("hit_id", "particle_id", "weight"), "truth")
    require_columns(submission, ("hit_id", "track_id"), "submission")
    require_unique(truth, "hit_id", "truth")
    require_unique(submission, "hit_id", "submission")
    weight = truth["weight"].to_numpy(dtype=np.float64)
    return event_score(_labels(truth, submission), truth["particle_id"].to_numpy(dtype=np.int64), weight)


def _labels(truth: pd.DataFrame, submission: pd.DataFrame) -> Int64Array:
    """Return for each hit of the truth a number that stands for its track, UNTRACKED for track_id -1."""
    codes, tracks = pd.factorize(submission["track_id"])
    rows = pd.Index(submission["hit_id"]).get_indexer(pd.Index(truth["hit_id"]))
    labels = np.append(codes, -1)[rows].astype(np.int64)
    untracked = np.append(np.asarray(tracks == UNTRACKED, dtype=np.bool_), False)[labels]
    alone = np.flatnonzero(labels < 0)
    labels[alone] = len(tracks) + np.arange(len(alone))
    labels[untracked] = UNTRACKED
    return labels
