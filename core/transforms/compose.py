"""Lists of transforms: one after the other, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from clew.errors import ConfigError
from clew.methods import Method, build
from clew.transforms.points import Points

__all__ = ["METHODS", "Compose", "Invertible", "Transform", "build_transforms"]

METHODS: Final[dict[str, Method]] = {
    "standard": Method("clew.transforms.scaling", "Standard", "StandardConfig"),
    "min-max": Method("clew.transforms.scaling", "MinMax", "LimitsConfig"),
    "normalise": Method("clew.transforms.scaling", "Normalise", "NormaliseConfig"),
    "cylindrical": Method("clew.transforms.coordinates", "Cylindrical", "CylindricalConfig"),
    "cartesian": Method("clew.transforms.coordinates", "Cartesian", "CylindricalConfig"),
    "drop-fakes": Method("clew.transforms.selection", "DropFakes", "FakesConfig"),
    "drop-short": Method("clew.transforms.selection", "DropShort", "ShortConfig"),
    "drop-spinning": Method("clew.transforms.selection", "DropSpinning", "SpinningConfig"),
    "buckets": Method("clew.transforms.selection", "Buckets", "BucketsConfig"),
}


class Transform(Protocol):
    """Makes points of points."""

    def apply(self, points: Points) -> Points:
        """Return the transformed points; the given ones stay as they are."""
        ...


@runtime_checkable
class Invertible(Transform, Protocol):
    """A transform that can be undone."""

    def invert(self, points: Points) -> Points:
        """Return the points that `apply` makes these of."""
        ...


@dataclass(frozen=True)
class Compose:
    """Transforms one after the other.

    Attributes
    ----------
    transforms : tuple of Transform
    """

    transforms: tuple[Transform, ...]

    def apply(self, points: Points) -> Points:
        """Return what the last transform makes."""
        for transform in self.transforms:
            points = transform.apply(points)
        return points

    def invert(self, points: Points) -> Points:
        """Undo the values of all transforms, the last first; hits that were dropped do not come back."""
        for transform in reversed(self.transforms):
            if isinstance(transform, Invertible):
                points = transform.invert(points)
        return points


def build_transforms(tables: Sequence[Mapping[str, Any]], where: str = "transforms") -> Compose:
    """Make the transforms that a list of tables names, as `[[transforms]]` of a TOML file holds them.

    Raises
    ------
    ConfigError
        For an unknown method, key or value, naming the number of the table.
    """
    if isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables):
        raise ConfigError(f"{where}: not a list of tables: write [[transforms]] above each")
    return Compose(tuple(build(METHODS, table, f"{where}, number {i}") for i, table in enumerate(tables, 1)))
