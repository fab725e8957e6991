"""A detector of a user's cylinders and discs, out of flat modules, as ACTS' tracking geometry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array
from clew.detector import Modules
from clew.detector.shapes import Description, Shape
from clew.errors import ConfigError
from clew.simulation.geometry import material_decorator

__all__ = ["Built", "build_blueprint", "place_modules"]

_OVERLAP: Final = 0.94
"""Modules stand side by side at so much of their size."""

_TILT: Final = 0.12  # rad
"""Angle between a cylinder's modules and the tangent."""

_STAGGER: Final = 1.5  # mm
_APART: Final = 3.0  # mm
"""By how much neighbours on a disc stand before and behind each other, and rings of modules."""

_ROOM: Final = 1.0  # mm
_REACH: Final = (30.0, 50.0)  # mm in r and z around all layers

_SILICON: Final = (93.7, 465.2, 28.03, 14.0, 8.29e-5)
"""Radiation and interaction length [mm], relative atomic mass, atomic number, molar density [mol/mm3]."""


class Built(NamedTuple):
    """A tracking geometry, its modules, and the row of each of ACTS' surfaces by volume, layer, sensitive."""

    geometry: Any
    modules: Modules
    rows: Int32Array


def place_modules(description: Description) -> Modules:
    """Return the modules of all shapes, numbered from 1 in each.

    Raises
    ------
    ConfigError
        For a shape without sizes of modules and cells.
    """
    parts = [_placed(shape) for shape in description.shapes]
    numbers = [
        (shape.volume, shape.layer, module)
        for shape, part in zip(description.shapes, parts, strict=True)
        for module in range(1, len(part) + 1)
    ]
    frames = np.concatenate(parts)
    count = [len(part) for part in parts]
    half = [(0.5 * shape.thickness, *_half_sizes(shape)) for shape in description.shapes]
    volume, layer, module = np.array(numbers, dtype=np.int32).T
    return Modules(
        volume=volume,
        layer=layer,
        module=module,
        centre=frames[:, 0].astype(np.float32),
        rotation=np.swapaxes(frames[:, 1:], 1, 2).astype(np.float32),
        half_size=np.repeat(np.array(half, dtype=np.float32), count, axis=0),
        pitch=np.repeat(np.array([s.pitch for s in description.shapes], dtype=np.float32), count, axis=0),
    )


def _is_single(shape: Shape) -> bool:
    return not shape.barrel and shape.inner == 0.0


def _half_sizes(shape: Shape) -> tuple[float, float, float]:
    """Return half widths at both ends and half length of modules; a disc from r = 0 is a single square."""
    if _is_single(shape):
        return shape.outer, shape.outer, shape.outer
    return 0.5 * shape.width, 0.5 * shape.width, 0.5 * shape.length


def _placed(shape: Shape) -> Float64Array:
    """Return centre and axes u, v, w of the modules of a shape, shape (n, 4, 3)."""
    single = _is_single(shape)
    sizes = () if single else (shape.width, shape.length)
    if min(*sizes, *shape.pitch, shape.thickness) <= 0.0:
        name = f"volume {shape.volume}, layer {shape.layer}"
        raise ConfigError(f"{name}: give width, length, pitch and thickness of its modules to simulate it")
    if single:
        return np.array([[(0.0, 0.0, shape.z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]])
    return _on_cylinder(shape) if shape.barrel else _on_disc(shape)


def _on_cylinder(shape: Shape) -> Float64Array:
    n_phi = _even(2.0 * np.pi * shape.radius / (_OVERLAP * shape.width))
    n_z = int(np.ceil(2.0 * shape.half_length / (_OVERLAP * shape.length)))
    number = np.arange(n_phi * n_z)
    phi, row = 2.0 * np.pi * (number // n_z) / n_phi, number % n_z
    z = (row + 0.5) * 2.0 * shape.half_length / n_z - shape.half_length
    r = shape.radius + np.where(row % 2, 0.5 * _STAGGER, -0.5 * _STAGGER)
    centre = np.stack([r * np.cos(phi), r * np.sin(phi), z], axis=1)
    zero = np.zeros(len(phi))
    u = np.stack([-np.sin(phi + _TILT), np.cos(phi + _TILT), zero], axis=1)
    v = np.tile([0.0, 0.0, 1.0], (len(phi), 1))
    return np.stack([centre, u, v, np.cross(u, v)], axis=1)


def _on_disc(shape: Shape) -> Float64Array:
    n_rings = int(np.ceil((shape.outer - shape.inner) / (_OVERLAP * shape.length)))
    step = (shape.outer - shape.inner) / n_rings
    return np.concatenate([_ring(shape, ring, shape.inner + (ring + 0.5) * step) for ring in range(n_rings)])


def _ring(shape: Shape, ring: int, r: float) -> Float64Array:
    n_phi = _even(2.0 * np.pi * (r + 0.5 * shape.length) / (_OVERLAP * shape.width))
    number = np.arange(n_phi)
    phi, zero = 2.0 * np.pi * number / n_phi, np.zeros(n_phi)
    aside = np.where(number % 2, 0.5, -0.5) * _STAGGER + (0.5 if ring % 2 else -0.5) * _APART
    v = np.stack([np.cos(phi), np.sin(phi), zero], axis=1)
    u = np.stack([-np.sin(phi), np.cos(phi), zero], axis=1)
    centre = r * v + np.stack([zero, zero, shape.z + aside], axis=1)
    return np.stack([centre, u, v, np.cross(u, v)], axis=1)


def _even(number: float) -> int:
    """Return the next multiple of 4: neighbours alternate, and quarters are alike."""
    return 4 * int(np.ceil(number / 4.0))


def build_blueprint(description: Description, material: bool) -> Built:
    """Build the geometry: volumes that overlap in r stand side by side along z, the others around each other.

    Raises
    ------
    ConfigError
        For shapes without modules, volumes of cylinders and discs, or volumes that overlap.
    """
    import acts

    modules = place_modules(description)
    context = acts.GeometryContext.dangerouslyDefaultConstruct()
    surfaces = [_surface(modules, row) for row in range(len(modules.volume))]
    config = acts.Blueprint.Config()
    config.envelope = acts.ExtentEnvelope(r=[0.0, _REACH[0]], z=[_REACH[1], _REACH[1]])
    root = acts.Blueprint(config)
    around = root.addCylinderContainer("detector", acts.AxisDirection.AxisR)
    volumes = _volumes(description.shapes, modules)
    inside = min(volume.r[0] for volume in volumes) - _ROOM
    if inside > _ROOM:
        longest = max(max(map(abs, volume.z)) for volume in volumes)
        pipe = acts.CylinderVolumeBounds(0.0, inside, longest)
        around.addStaticVolume(acts.Transform3(acts.Vector3(0.0, 0.0, 0.0)), pipe, "inside")
    for number, band in enumerate(_bands(volumes)):
        around.addChild(_band_node(f"band {number}", band, surfaces))
    try:
        geometry = root.construct(acts.BlueprintOptions(), context, acts.logging.FATAL)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"{description.name}: ACTS builds no geometry of it: {error}") from error
    keys = np.array([_key(surface) for surface in surfaces])
    rows = np.full(keys.max(axis=0) + 1, -1, dtype=np.int32)
    rows[tuple(keys.T)] = np.arange(len(keys))
    if material:
        _add_material(description, modules, surfaces)
    return Built(geometry, modules, rows)


def _key(surface: Any) -> tuple[int, int, int]:
    """Return ACTS' numbers of a surface."""
    number = surface.geometryId
    return number.volume, number.layer, number.sensitive


def _surface(modules: Modules, row: int) -> Any:
    import acts

    centre, axes = (array[row].astype(np.float64) for array in (modules.centre, modules.rotation))
    u = axes[:, 0] / np.linalg.norm(axes[:, 0])  # at right angles in double precision, too
    v = axes[:, 1] - u * (u @ axes[:, 1])
    v /= np.linalg.norm(v)
    rotation = acts.RotationMatrix3(*(acts.Vector3(*axis) for axis in (u, v, np.cross(u, v))))
    _, _, width, length = map(float, modules.half_size[row])
    place = acts.Transform3(acts.Vector3(*centre), rotation)
    surface = acts.Surface.createPlane(place, acts.RectangleBounds(width, length))
    surface.assignIsSensitive(True)
    return surface


class _Volume(NamedTuple):
    """The layers of one volume, each with the rows of its modules, and its extent in r and z."""

    layers: list[tuple[Shape, list[int]]]
    r: tuple[float, float]
    z: tuple[float, float]


def _volumes(shapes: Sequence[Shape], modules: Modules) -> list[_Volume]:
    found = []
    for number in sorted({shape.volume for shape in shapes}):
        own = [shape for shape in shapes if shape.volume == number]
        if len({(shape.barrel, np.sign(shape.z)) for shape in own}) > 1:
            raise ConfigError(
                f"volume {number}: put cylinders, and discs of either side, into different volumes"
            )
        own.sort(key=lambda shape: shape.radius if shape.barrel else shape.z)
        layers = [
            (one, np.flatnonzero((modules.volume == number) & (modules.layer == one.layer)).tolist())
            for one in own
        ]
        corners = _corners(modules, np.flatnonzero(modules.volume == number))
        r, z = np.hypot(corners[:, 0], corners[:, 1]), corners[:, 2]
        inner = 0.0 if _is_single(own[0]) else float(r.min())
        found.append(_Volume(layers, (inner, float(r.max())), (float(z.min()), float(z.max()))))
    return found


def _corners(modules: Modules, rows: Any) -> Float64Array:
    """Return points at the edges of some modules, shape (n, 3)."""
    centre, rotation = modules.centre[rows].astype(np.float64), modules.rotation[rows].astype(np.float64)
    half = modules.half_size[rows].astype(np.float64)
    points = [
        centre + a * half[:, 2:3] * rotation[:, :, 0] + b * half[:, 3:] * rotation[:, :, 1]
        for a in (-1, 0, 1)
        for b in (-1, 0, 1)
    ]
    return np.concatenate(points)


def _bands(volumes: Sequence[_Volume]) -> list[list[_Volume]]:
    """Return the volumes from the inside, those that overlap in r together, along z."""
    bands: list[list[_Volume]] = []
    outer = -1.0
    for volume in sorted(volumes, key=lambda one: one.r[0]):
        if volume.r[0] >= outer:
            bands.append([])
        bands[-1].append(volume)
        outer = max(outer, volume.r[1])
    return [sorted(band, key=lambda one: sum(one.z)) for band in bands]


def _band_node(name: str, band: Sequence[_Volume], surfaces: Sequence[Any]) -> Any:
    import acts

    node = acts.CylinderContainerBlueprintNode(name, acts.AxisDirection.AxisZ)
    nearest = min(volume.z[0] for volume in band) - 2.0 * _ROOM
    if nearest > 0.0:  # particles set out at 0, which has to be inside
        low, outer = -_REACH[1], max(volume.r[1] for volume in band)
        bounds = acts.CylinderVolumeBounds(0.0, outer, 0.5 * (nearest - low))
        middle = acts.Transform3(acts.Vector3(0.0, 0.0, 0.5 * (nearest + low)))
        node.addStaticVolume(middle, bounds, "before")
    for volume in band:
        first = volume.layers[0][0]
        way = acts.AxisDirection.AxisR if first.barrel else acts.AxisDirection.AxisZ
        stack = acts.CylinderContainerBlueprintNode(f"volume {first.volume}", way)
        for shape, rows in volume.layers:
            stack.addChild(_layer_node(shape, [surfaces[row] for row in rows]))
        number = acts.GeometryIdentifierBlueprintNode()
        number.setAllVolumeIdsTo(first.volume).incrementLayerIds(1)
        number.addChild(stack)
        node.addChild(number)
    return node


def _layer_node(shape: Shape, surfaces: list[Any]) -> Any:
    import acts

    node = acts.LayerBlueprintNode(f"volume {shape.volume} layer {shape.layer}")
    kind = acts.LayerBlueprintNode.LayerType
    node.surfaces = surfaces
    node.layerType = kind.Cylinder if shape.barrel else kind.Disc
    inside = 0.0 if _is_single(shape) else _ROOM
    node.envelope = acts.ExtentEnvelope(r=[inside, _ROOM], z=[_ROOM, _ROOM])
    node.transform = acts.Transform3(acts.Vector3(0.0, 0.0, 0.0))
    return node


def _add_material(description: Description, modules: Modules, surfaces: Sequence[Any]) -> None:
    """Give each module its material: silicon, of as many radiation lengths as are asked for."""
    lengths = {(one.volume, one.layer): one.radiation_lengths for one in description.shapes}
    entries = []
    for row, surface in enumerate(surfaces):
        volume, layer, sensitive = _key(surface)
        thickness = _SILICON[0] * lengths[int(modules.volume[row]), int(modules.layer[row])]
        slab = {"material": list(_SILICON), "thickness": thickness}
        value = {"type": "homogeneous", "mapMaterial": True, "data": [[slab]]}
        place = {"volume": volume, "layer": layer, "sensitive": sensitive}
        entries.append(place | {"value": {"material": value}})
    decorator = material_decorator(entries)
    for surface in surfaces:
        decorator.decorate(surface)
