"""Ranked triplets: of each first hit the likeliest few, to be grown in passes."""
