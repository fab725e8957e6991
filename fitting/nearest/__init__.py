"""Predictions snap to the nearest real hit, by one of several distances."""
