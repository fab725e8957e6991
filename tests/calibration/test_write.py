"""What is written is what a bundle reads: where modules point, and the tables."""

from __future__ import annotations

import shutil
from dataclasses import fields
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from clew.calibration import write_axes, write_clusters
from clew.detector import ClusterTables, Modules, read_detector, trackml
from clew.detector.clusters import N_ANGLES, N_EXTENTS

INNERMOST = (8, 2)  # volume and layer: a cylinder
DISC = (9, 2)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return the description that ships, without what is learned."""
    with resources.as_file(resources.files("clew.detector") / "trackml") as shipped:
        for name in ("detector.toml", "layers.csv"):
            shutil.copy(shipped / name, tmp_path / name)
    return tmp_path


def module(
    layer: tuple[int, int], number: int, centre: tuple[float, float], axes: np.ndarray
) -> dict[str, np.ndarray]:
    """Return a row of `Modules`; columns of `axes` are u, v and w."""
    return {
        "volume": np.int32(layer[0]),
        "layer": np.int32(layer[1]),
        "module": np.int32(number),
        "centre": np.array([*centre, 50.0], dtype=np.float32),
        "rotation": axes.astype(np.float32),
        "half_size": np.ones(4, dtype=np.float32),
        "pitch": np.ones(2, dtype=np.float32),
    }


def modules_of(*rows: dict[str, np.ndarray]) -> Modules:
    return Modules(**{name: np.array([row[name] for row in rows]) for name in rows[0]})


def frame(pointing: float, barrel: bool, sign: int = 1) -> np.ndarray:
    """Return axes of which the normal (on a cylinder) or v (on a disc) lies along or against an azimuth."""
    one = sign * np.array([np.cos(pointing), np.sin(pointing), 0.0])
    beam = np.array([0.0, 0.0, 1.0])
    v, w = (beam, one) if barrel else (one, beam)
    return np.stack([np.cross(v, w), v, w], axis=1)


@pytest.mark.parametrize("sign", [1, -1])
def test_modules_point_outwards_whichever_way_their_axes_do(bundle: Path, sign: int) -> None:
    barrel, disc = 0.4, -2.9
    modules = modules_of(
        module(INNERMOST, 1, (30.0, 10.0), frame(barrel, True, sign)),
        module(DISC, 3, (-90.0, -20.0), frame(disc, False, sign)),
        module((99, 2), 1, (30.0, 10.0), frame(1.0, True)),
    )
    write_axes(bundle / "modules.npz", read_detector(bundle), modules)
    detector = read_detector(bundle)
    assert detector.axes is not None
    for layer, number, azimuth in ((INNERMOST, 1, barrel), (DISC, 3, disc)):
        place = [(one.volume, one.layer) for one in detector.layers].index(layer)
        expected = [np.cos(azimuth), np.sin(azimuth)]
        np.testing.assert_allclose(detector.axes[place, number], expected, atol=1e-4)
    assert np.isfinite(detector.axes).sum() == 4  # no others are known


def test_tables_read_back_equal_and_the_same_bytes(bundle: Path) -> None:
    rng, n = np.random.default_rng(0), len(trackml().classes)
    tables = ClusterTables(
        tuple(sorted(trackml().classes)),
        *(rng.uniform(0.1, 1.0, (n, N_EXTENTS, N_ANGLES)).astype(np.float32) for _ in range(2)),
        *(rng.uniform(0.1, 1.0, (n, N_EXTENTS)).astype(np.float32) for _ in range(2)),
    )
    for name in ("clusters.npz", "again.npz"):
        write_clusters(bundle / name, tables)
    assert (bundle / "clusters.npz").read_bytes() == (bundle / "again.npz").read_bytes()
    read = read_detector(bundle).clusters
    assert read is not None
    for field in fields(tables):
        np.testing.assert_array_equal(getattr(read, field.name), getattr(tables, field.name))
    assert read_detector(bundle, learned=False).clusters is None
