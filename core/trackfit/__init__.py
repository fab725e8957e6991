"""Parameters of found tracks: a Kalman filter with smoother in the full field, with material."""

from clew.trackfit.fit import FitConfig, fit_tracks
from clew.trackfit.tracks import Flag, Track, Tracks

__all__ = ["FitConfig", "Flag", "Track", "Tracks", "fit_tracks"]
