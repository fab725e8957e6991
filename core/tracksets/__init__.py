"""Training sets: true tracks as flat arrays, one shard per event, made in parallel and read one at a time."""

from __future__ import annotations

from clew.tracksets.index import Entry
from clew.tracksets.make import make_tracks
from clew.tracksets.reader import TrackSet, open_tracks
from clew.tracksets.tracks import Clusters, Tracks, tracks_of

__all__ = ["Clusters", "Entry", "TrackSet", "Tracks", "make_tracks", "open_tracks", "tracks_of"]
