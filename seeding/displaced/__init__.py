"""Triplets of tracks that do not come from the beam line."""
