"""Tracks that crossed two layers only, where modules overlap: two hits on each."""
