"""Target: submissions."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
from fuzzing.damage import bytes_damaged, text_damaged
from fuzzing.oracle import assert_as_written

from clew.io import read_submission

__all__ = ["submission"]

_TEXT = "event_id,hit_id,track_id\n7,1,3\n7,2,3\n7,3,0\n7,4,12\n7,5,-1\n"


def submission(random: Random, folder: Path) -> None:
    """Damage the text of a submission; read it, then the labels of its event."""
    damaged = text_damaged(random, _TEXT)
    if random.random() < 0.3:
        damaged = bytes_damaged(random, damaged)
    path = folder / "submission.csv"
    path.write_bytes(damaged)
    read = read_submission(path, only_event=7)
    columns = {"hit_id": read.hit_id, "track_id": read.track_id}
    assert_as_written(columns, damaged)
    hit_id = np.arange(1, 6)
    labels = read.labels(7, hit_id)
    track = dict(
        zip(read.hit_id[read.event_id == 7].tolist(), read.track_id[read.event_id == 7].tolist(), strict=True)
    )
    given = [track.get(int(hit), -1) for hit in hit_id]
    for one, mine in zip(given, labels, strict=True):
        assert [other == one for other in given] == (labels == mine).tolist()
        assert np.sign(mine) == np.sign(one)
