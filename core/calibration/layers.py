"""The layers of a detector from its modules, its shapes or its hits: which there are, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int64Array
from clew.calibration.geometry import Geometry
from clew.detector import Layer, Modules
from clew.detector.shapes import Shape
from clew.errors import InputError
from clew.io import EventSource
from clew.io.schema import HITS
from clew.io.tables import read_table

__all__ = ["Extent", "Place", "extents_of", "layers_from", "places_of"]

_UPRIGHT: Final = 0.5
"""Largest abs(cosine) between the normal of a cylinder's modules and the beam."""

_LEAST_RADIUS: Final = 1e-3
"""Share of a disc's outer radius at which it begins at least: logarithms of radii are taken."""

_MOST_DEPTH: Final = 0.2
"""By how much hits may be off their layer, as a share of the outermost radius."""

_UNITS: Final = (0.001, 0.1, 10.0, 1000.0)
"""Factors between lengths in mm and in m, cm and um."""


class Extent(NamedTuple):
    """Where the hits of one layer are, mm, and its largest module number."""

    r: tuple[float, float]
    z: tuple[float, float]
    module: int
    n_hits: int


@dataclass(frozen=True)
class Place:
    """A layer without its class: a cylinder of radius `position` or a disc at z = `position`, mm.

    `reach` and `n_modules` are as in `clew.detector.Layer`; `depth` is by how much hits are off `position`.
    """

    volume: int
    layer: int
    barrel: bool
    position: float
    reach: tuple[float, float]
    n_modules: int
    depth: float

    def of_class(self, kind: str) -> Layer:
        """Return the layer with its class."""
        position, low, high = (float(round(value, 3)) for value in (self.position, *self.reach))
        return Layer(self.volume, self.layer, self.barrel, position, (low, high), self.n_modules, kind)


def extents_of(sources: Iterable[EventSource]) -> dict[tuple[int, int], Extent]:
    """Return where the hits of events are, by (volume, layer) as in their files."""
    found: dict[tuple[int, int], Extent] = {}
    for source in sources:
        table = read_table(source.tables["hits"], HITS)
        r, z = np.hypot(table["x"], table["y"]), table["z"]
        key = (table["volume_id"].astype(np.int64) << 32) | table["layer_id"]
        order = np.argsort(key, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
            if len(rows) == 0:
                continue
            place = (int(table["volume_id"][rows[0]]), int(table["layer_id"][rows[0]]))
            if min(place) < 0:
                raise InputError(
                    f"{source.tables['hits']}: volume {place[0]}, layer {place[1]}: count from 0"
                )
            own = Extent(_range(r[rows]), _range(z[rows]), int(table["module_id"][rows].max()), len(rows))
            found[place] = _joined(found[place], own) if place in found else own
    return found


def _range(values: Float64Array) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _joined(one: Extent, other: Extent) -> Extent:
    r, z = ((min(a[0], b[0]), max(a[1], b[1])) for a, b in ((one.r, other.r), (one.z, other.z)))
    return Extent(r, z, max(one.module, other.module), one.n_hits + other.n_hits)


def layers_from(geometry: Geometry | None, hits: dict[tuple[int, int], Extent]) -> list[Place]:
    """Return the layers, by volume and layer: those of the description, or those that hits are on.

    Raises
    ------
    InputError
        Where hits are on a layer that the description lacks, or far from where it puts them.
    """
    if geometry is None:
        return [_of_hits(volume, layer, hits[volume, layer]) for volume, layer in sorted(hits)]
    if geometry.modules is not None:
        places = places_of(geometry.modules)
    else:
        places = sorted(map(_of_shape, geometry.shapes), key=lambda one: (one.volume, one.layer))
    known = {(one.volume, one.layer) for one in places}
    for volume, layer in sorted(hits.keys() - known):
        raise InputError(
            f"{geometry.where}: volume {volume}, layer {layer} has hits but is not described: add it, or use "
            "the description of this data set"
        )
    _check_units(geometry.where, places, hits)
    seen = [_seen(one, hits.get((one.volume, one.layer))) for one in places]
    size = max(one.position if one.barrel else one.reach[1] for one in places)
    for one in seen:
        if one.depth > _MOST_DEPTH * size:
            raise InputError(
                f"{geometry.where}: hits of volume {one.volume}, layer {one.layer} are up to "
                f"{one.depth:.0f} mm off its position: are axes swapped, or is it of another detector?"
            )
    return seen


def places_of(modules: Modules) -> list[Place]:
    """Return the layers of a table of modules."""
    key = (modules.volume.astype(np.int64) << 32) | modules.layer
    return [_of_modules(modules, np.flatnonzero(key == one)) for one in np.unique(key)]


def _of_modules(modules: Modules, rows: Int64Array) -> Place:
    centre, rotation = modules.centre[rows].astype(np.float64), modules.rotation[rows].astype(np.float64)
    half = modules.half_size[rows].astype(np.float64)
    u, v = rotation[:, :, 0], rotation[:, :, 1]
    width = np.maximum(half[:, 1], half[:, 2])[:, None]
    corners = [centre + a * width * u + b * half[:, 3:] * v for a in (-1, 0, 1) for b in (-1, 0, 1)]
    points = np.concatenate(corners)
    r, z = np.hypot(points[:, 0], points[:, 1]), points[:, 2]
    barrel = bool(np.median(np.abs(rotation[:, 2, 2])) < _UPRIGHT)
    position = float(np.mean(np.hypot(centre[:, 0], centre[:, 1]) if barrel else centre[:, 2]))
    numbers = int(modules.volume[rows[0]]), int(modules.layer[rows[0]])
    reach = _reach(barrel, _range(r), _range(z))
    off = float(np.abs((r if barrel else z) - position).max())
    return Place(*numbers, barrel, position, reach, int(modules.module[rows].max()), off)


def _of_shape(shape: Shape) -> Place:
    position = shape.radius if shape.barrel else shape.z
    reach = _reach(shape.barrel, (shape.inner, shape.outer), (-shape.half_length, shape.half_length))
    return Place(shape.volume, shape.layer, shape.barrel, position, reach, shape.modules, 0.0)


def _of_hits(volume: int, layer: int, hits: Extent) -> Place:
    """Return a layer of which there are hits only: flat in z it is a disc."""
    barrel = hits.z[1] - hits.z[0] > hits.r[1] - hits.r[0]
    low, high = hits.r if barrel else hits.z
    reach = _reach(barrel, hits.r, hits.z)
    return Place(volume, layer, barrel, 0.5 * (low + high), reach, hits.module, 0.5 * (high - low))


def _reach(barrel: bool, r: tuple[float, float], z: tuple[float, float]) -> tuple[float, float]:
    """Return the extent in abs(z) of a cylinder, from the middle if it is there, or in r of a disc."""
    if not barrel:
        return max(r[0], _LEAST_RADIUS * r[1]), r[1]
    return (0.0 if z[0] <= 0.0 <= z[1] else min(map(abs, z))), max(map(abs, z))


def _seen(place: Place, hits: Extent | None) -> Place:
    """Return a layer as wide, and as deep, as its hits show it."""
    if hits is None:
        return place
    own = _reach(place.barrel, hits.r, hits.z)
    reach = (min(place.reach[0], own[0]), max(place.reach[1], own[1]))
    low, high = hits.r if place.barrel else hits.z
    off = max(place.depth, high - place.position, place.position - low)
    n_modules = max(place.n_modules, hits.module)
    return Place(place.volume, place.layer, place.barrel, place.position, reach, n_modules, off)


def _check_units(where: str, places: Sequence[Place], hits: dict[tuple[int, int], Extent]) -> None:
    """Refuse a description in other units than the hits."""
    pairs = [
        (one.position, np.mean(hits[one.volume, one.layer][0 if one.barrel else 1]))
        for one in places
        if (one.volume, one.layer) in hits and one.position != 0.0
    ]
    if not pairs:
        return
    ratio = float(np.median([seen / position for position, seen in pairs]))
    if not 0.8 < ratio < 1.25:
        units = any(0.8 < ratio / factor < 1.25 for factor in _UNITS)
        cause = "are both in mm?" if units else "is it of this data set?"
        raise InputError(f"{where}: hits are at {ratio:.3g} times the positions of their layers: {cause}")
