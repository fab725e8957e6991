"""Triplets that grow greedily into seeds of five hits."""
