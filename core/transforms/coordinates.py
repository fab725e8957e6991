"""Coordinates: x, y, z to r, phi, z, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from clew.transforms.points import Points

__all__ = ["Cartesian", "Cylindrical", "CylindricalConfig"]


@dataclass(frozen=True)
class CylindricalConfig:
    """There is nothing to set."""


def _to_cylindrical(points: Points) -> Points:
    x, y, z = points.values.T
    return replace(points, values=np.stack([np.hypot(x, y), np.arctan2(y, x), z], axis=1))


def _to_cartesian(points: Points) -> Points:
    r, phi, z = points.values.T
    return replace(points, values=np.stack([r * np.cos(phi), r * np.sin(phi), z], axis=1))


class Cylindrical:
    """x, y, z [mm] become r [mm], phi [rad, in (-pi, pi]], z [mm]."""

    def __init__(self, config: CylindricalConfig) -> None:
        self._config = config

    def apply(self, points: Points) -> Points:
        """Return r, phi, z."""
        return _to_cylindrical(points)

    def invert(self, points: Points) -> Points:
        """Return x, y, z."""
        return _to_cartesian(points)


class Cartesian:
    """r [mm], phi [rad], z [mm] become x, y, z [mm]."""

    def __init__(self, config: CylindricalConfig) -> None:
        self._config = config

    def apply(self, points: Points) -> Points:
        """Return x, y, z."""
        return _to_cartesian(points)

    def invert(self, points: Points) -> Points:
        """Return r, phi, z."""
        return _to_cylindrical(points)
