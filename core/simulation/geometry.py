"""The modules of ACTS' GenericDetector, which is the TrackML detector, under their official numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import Modules
from clew.errors import ConfigError
from clew.simulation.volumes import BARRELS

__all__ = ["acts_modules", "build_detector", "material_decorator"]

_PITCHES: Final = {
    **dict.fromkeys((7, 8, 9), (0.05, 0.05625)),
    **dict.fromkeys((12, 13, 14), (0.08, 1.2)),
    **dict.fromkeys((16, 18), (0.12, 10.4)),
    17: (0.12, 10.8),
}
"""Cell size in u and v by volume, mm."""

_SECTORS: Final = {7: 40, 9: 40, 12: 270, 14: 270, 16: 195, 18: 195}
"""Official endcap numbers count sectors of azimuth from -pi, and from inside outward within a sector."""

_DENSITY_MEND: Final = 1000.0
"""GenericDetector's silicon has a thousandth of its molar density: nothing would lose energy."""

_SILICON: Final = 14
_GRADES: Final = 100

_BARREL_MODULES: Final = {8: 0.15, 13: 0.25, 17: 0.35}
"""Thickness of a barrel's modules, mm; it is counted with the layer's passive material."""

_REST: Final = 0.01
"""Share of it that stays with the module: a surface without an entry would inherit the layer's material."""
_MATERIAL: Final = re.compile(r"\b(x0|l0|ar|z|molar_rho|t)=([\d.e+-]+)")


def build_detector(material: bool) -> Any:
    """Return ACTS' detector with mended silicon; without `material` all silicon is a vacuum's.

    Raises
    ------
    ConfigError
        If pyacts is not installed.
    """
    try:
        import acts
        import acts.examples
        import acts.json
    except ModuleNotFoundError as error:
        raise ConfigError("pyacts is not installed: run pip install 'clew[simulate]'") from error
    quiet = acts.logging.FATAL
    plain = acts.examples.GenericDetector(logLevel=quiet)
    if not material:
        return plain
    surfaces = plain.trackingGeometry().extractMaterialSurfaces()
    decorator = material_decorator([_material_entry(surface) for surface in surfaces])
    return acts.examples.GenericDetector(logLevel=quiet, materialDecorator=decorator)


def material_decorator(entries: list[dict[str, Any]]) -> Any:
    """Return what puts material on surfaces, given an entry of ACTS' map for each."""
    import acts
    import acts.json

    with TemporaryDirectory() as folder:
        path = Path(folder) / "material.json"
        path.write_text(json.dumps(_material_map(entries)), encoding="ascii")
        settings = acts.json.MaterialMapJsonConverter.Config()
        return acts.json.JsonMaterialDecorator(
            rConfig=settings, jFileName=str(path), level=acts.logging.FATAL
        )


def _material_map(entries: list[dict[str, Any]]) -> dict[str, Any]:
    def table(name: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
        header = {"format-version": 0, "value-identifier": f"Material {name} Map"}
        return {"acts-geometry-hierarchy-map": header, "entries": entries}

    return {"Surfaces": table("Surface", entries), "Volumes": table("Volume", [])}


def _material_entry(surface: Any) -> dict[str, Any]:
    number = surface.geometryId
    found = {key: float(value) for key, value in _MATERIAL.findall(surface.surfaceMaterial.toString())}
    density = found["molar_rho"] * (_DENSITY_MEND if found["z"] == _SILICON else 1.0)
    material = [found["x0"], found["l0"], found["ar"], found["z"], density]
    levels = ("boundary", "layer", "approach", "sensitive")
    place = {level: getattr(number, level) for level in levels if getattr(number, level)}
    barrel = number.volume in BARRELS
    if barrel and not number.sensitive:
        thickness = found["t"] + _BARREL_MODULES[number.volume]
        value = _graded(material, thickness, *surface.bounds.values()[:2])
    else:
        thickness = found["t"] * (_REST if barrel else 1.0)
        slab = {"material": material, "thickness": thickness}
        value = {"type": "homogeneous", "mapMaterial": True, "data": [[slab]]}
    return {"volume": number.volume, **place, "value": {"material": value}}


def _graded(material: list[float], thickness: float, radius: float, half_length: float) -> dict[str, Any]:
    """Return a cylinder's material, thinner with |z| so that every path from the origin meets the same.

    In the data a track's energy loss and scattering in a barrel layer do not depend on its inclination.
    """
    z = (np.arange(_GRADES) + 0.5) * (2 * half_length / _GRADES) - half_length
    slabs = [
        {"material": material, "thickness": t} for t in (thickness * radius / np.hypot(radius, z)).tolist()
    ]
    axis = {
        "type": "equidistant",
        "option": "open",
        "value": "AxisZ",
        "bins": _GRADES,
        "min": -half_length,
        "max": half_length,
    }
    return {"type": "binned", "mapMaterial": True, "binUtility": {"binningdata": [axis]}, "data": [slabs]}


def acts_modules(detector: Any) -> tuple[Modules, Int32Array]:
    """Return the modules in official order, and the row of each ACTS surface.

    Returns
    -------
    modules : Modules
        Sorted by volume, layer and module.
    rows : ndarray of shape (32, 32, 4096), int32
        Row by ACTS' volume, layer and sensitive number, -1 where there is none.
    """
    import acts

    context = acts.GeometryContext.dangerouslyDefaultConstruct()
    surfaces = detector.trackingGeometry().geoIdSurfaceMap()
    found = [(number, surface) for number, surface in surfaces.items() if number.sensitive]
    keys = np.array([(n.volume, n.layer, n.sensitive) for n, _ in found], dtype=np.int64)
    frames = np.array([_frame(surface, context) for _, surface in found])
    sizes = np.array([_half_size(surface) for _, surface in found])
    module = _official_numbers(keys, frames[:, 0])
    order = np.lexsort((module, keys[:, 1], keys[:, 0]))
    rows = np.full((32, 32, 4096), -1, dtype=np.int32)
    rows[tuple(keys[order].T)] = np.arange(len(order))
    modules = Modules(
        volume=keys[order, 0].astype(np.int32),
        layer=keys[order, 1].astype(np.int32),
        module=module[order].astype(np.int32),
        centre=frames[order, 0].astype(np.float32),
        rotation=np.swapaxes(frames[order, 1:], 1, 2).astype(np.float32),
        half_size=sizes[order].astype(np.float32),
        pitch=np.array([_PITCHES[volume] for volume in keys[order, 0]], dtype=np.float32),
    )
    return modules, rows


def _frame(surface: Any, context: Any) -> Float64Array:
    """Return centre and the axes u, v, w of a module, shape (4, 3)."""
    import acts

    away = acts.Vector3(0, 0, 1)
    points = [surface.localToGlobal(context, acts.Vector2(*at), away) for at in ((0, 0), (1, 0), (0, 1))]
    centre, u, v = (np.array([point[0], point[1], point[2]]) for point in points)
    return np.stack([centre, u - centre, v - centre, np.cross(u - centre, v - centre)])


def _half_size(surface: Any) -> tuple[float, float, float, float]:
    """Return half thickness as the official table counts it, half widths at low and high v, half length."""
    values = surface.bounds.values()
    if values[0] < 0:
        return surface.thickness, values[2], values[2], values[3]
    return surface.thickness, values[0], values[1], values[2]


def _official_numbers(keys: Int64Array, centre: Float64Array) -> Int64Array:
    number = keys[:, 2].copy()
    turn = (np.arctan2(centre[:, 1], centre[:, 0]) + np.pi) / (2 * np.pi)
    radius = np.hypot(centre[:, 0], centre[:, 1]).round(1)
    for volume, layer in np.unique(keys[:, :2], axis=0):
        if volume in BARRELS:
            continue
        mine = np.flatnonzero((keys[:, 0] == volume) & (keys[:, 1] == layer))
        sector = np.floor(turn[mine] * _SECTORS[volume] + 1e-6)
        order = mine[np.lexsort((turn[mine], radius[mine], sector))]
        number[order] = np.arange(1, len(order) + 1)
    return number
