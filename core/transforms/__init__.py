"""Transforms that prepare hits for a network: they compose, and a list of TOML tables names them.

They know which particle made a hit, so they are for training and for studies, never for reconstruction.
"""

from __future__ import annotations

from clew.transforms.compose import METHODS, Compose, Transform, build_transforms
from clew.transforms.points import Points, points_of
from clew.transforms.prepare import prepare_events, read_points

__all__ = [
    "METHODS",
    "Compose",
    "Points",
    "Transform",
    "build_transforms",
    "points_of",
    "prepare_events",
    "read_points",
]
