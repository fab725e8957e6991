"""Metrics: how good seeds, predictions and tracks are, each defined once with its denominator."""
