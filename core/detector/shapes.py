"""A detector as a list of cylinders and discs in a TOML file: enough to calibrate it, or to simulate it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clew.errors import InputError
from clew.settings import checked, parse_toml, read_text

__all__ = ["Description", "Shape", "read_description"]


@dataclass(frozen=True)
class Shape:
    """One cylinder or disc; lengths in mm.

    Attributes
    ----------
    volume, layer : int
        As in the files of events.
    radius, half_length : float
        Of a cylinder.
    z, inner, outer : float
        Of a disc.
    modules : int
        Modules count from 1 to this one, where events are measured ones.
    width, length : float
        Of a module across and along, to simulate: along the beam on a cylinder, along r on a disc.
    pitch : tuple of two floats
        Of the cells across and along, to simulate.
    thickness : float
        Of the depth that is read out, to simulate.
    radiation_lengths : float
        Of a module with all that is mounted on it, to simulate.
    """

    volume: int
    layer: int
    radius: float = 0.0
    half_length: float = 0.0
    z: float = 0.0
    inner: float = 0.0
    outer: float = 0.0
    modules: int = 1
    width: float = 0.0
    length: float = 0.0
    pitch: tuple[float, float] = (0.0, 0.0)
    thickness: float = 0.3
    radiation_lengths: float = 0.01

    @property
    def barrel(self) -> bool:
        """Whether it is a cylinder."""
        return self.radius > 0.0


@dataclass(frozen=True)
class Description:
    """A detector as a list of shapes.

    Attributes
    ----------
    name : str
    field : float, T
        Along the beam, everywhere, to simulate.
    shapes : tuple of Shape
    """

    name: str
    field: float
    shapes: tuple[Shape, ...]


def read_description(path: Path) -> Description:
    """Read `name`, `field`, and a [[cylinder]] or a [[disc]] for each layer.

    Raises
    ------
    InputError
        For unknown or missing keys, shapes without area, and layers that are there twice.
    """
    what = "the description of the detector"
    tables = parse_toml(read_text(path, what, InputError), f"{path}: cannot read {what}", InputError)
    known = {"name", "field", "cylinder", "disc"}
    for key in tables:
        if key not in known:
            raise InputError(f"{path}: unknown key {key!r}: choose among {', '.join(sorted(known))}")
    shapes = tuple(
        _shape(table, kind, f"{path}, [[{kind}]] number {number}")
        for kind in ("cylinder", "disc")
        for number, table in enumerate(tables.get(kind, ()), start=1)
    )
    if not shapes:
        raise InputError(f"{path}: it lists no layer: write a [[cylinder]] or a [[disc]] for each")
    seen: set[tuple[int, int]] = set()
    for shape in shapes:
        if (shape.volume, shape.layer) in seen:
            name = f"volume {shape.volume}, layer {shape.layer}"
            raise InputError(f"{path}: {name} is there twice: remove one of them")
        seen.add((shape.volume, shape.layer))
    field = tables.get("field", 0.0)
    if not isinstance(field, (int, float)):
        raise InputError(f"{path}: field is {field!r}: write a number of Tesla")
    return Description(str(tables.get("name", path.stem)), float(field), shapes)


def _shape(table: Mapping[str, Any], kind: str, where: str) -> Shape:
    needed = ("radius", "half_length") if kind == "cylinder" else ("z", "outer")
    for key in needed:
        if key not in table:
            raise InputError(f"{where}: {key} is missing: a {kind} has {', '.join(needed)}")
    shape: Shape = checked(Shape, table, where, InputError)
    positive = shape.radius > 0 < shape.half_length if kind == "cylinder" else 0 <= shape.inner < shape.outer
    numbers = (shape.volume, shape.layer, shape.width, shape.length, *shape.pitch)
    if not positive or min(*numbers, shape.thickness, shape.radiation_lengths) < 0:
        raise InputError(f"{where}: it has no area, or a number below 0: lengths are in mm")
    return shape
