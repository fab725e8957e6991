"""Tables of clusters: bins of angles, groups of extents, and what is wrong in a bundle's files."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clew.detector import read_detector, trackml
from clew.detector.clusters import N_ANGLES, N_EXTENTS, angle_of, extent_group
from clew.errors import InputError


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the bundle that ships."""
    with resources.as_file(resources.files("clew.detector") / "trackml") as folder:
        return Path(shutil.copytree(folder, tmp_path_factory.mktemp("bundle") / "trackml"))


def refusal(bundle: Path, file: str, **changes: Any) -> str:
    """Change arrays of a file of a bundle (None: leave out), and return how reading refuses it."""
    path = bundle / file
    whole = path.read_bytes()
    with np.load(path) as arrays:
        changed = {**arrays, **changes}
    np.savez(path, **{name: array for name, array in changed.items() if array is not None})
    return refused(bundle, file, path.read_bytes(), whole)


def refused(bundle: Path, file: str, content: bytes, whole: bytes) -> str:
    path = bundle / file
    path.write_bytes(content)
    try:
        with pytest.raises(InputError) as caught:
            read_detector(bundle)
    finally:
        path.write_bytes(whole)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_angles_by_hand() -> None:
    # (t / (1 + |t|) + 1) * 64
    assert angle_of(0.0, 5.0) == 64
    assert angle_of(1.0, 2.9) == 80
    assert angle_of(-1.0, 2.9) == 47
    assert angle_of(1.0, -2.9) == 47
    assert angle_of(-1.0, -2.9) == 80
    assert angle_of(0.0, 0.0) == 64


def test_bins_rise_with_the_angle_and_mirror() -> None:
    angles = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 4001)[1:-1]
    bins = np.array([angle_of(np.sin(angle), np.cos(angle)) for angle in angles])
    assert (np.diff(bins) >= 0).all()
    assert set(bins) == set(range(N_ANGLES))
    off_edge = angles[np.abs(angles) > 1e-3]
    for angle in off_edge[::37]:
        aside, ahead = float(np.sin(angle)), float(np.cos(angle))
        assert angle_of(-aside, ahead) == N_ANGLES - 1 - angle_of(aside, ahead)
        assert angle_of(-aside, -ahead) == angle_of(aside, ahead)
        assert angle_of(7.0 * aside, 7.0 * ahead) == angle_of(aside, ahead)


def test_groups_of_extents_by_hand() -> None:
    groups = [extent_group(columns) for columns in range(1, 80)]
    assert groups[:15] == list(range(15))
    assert (np.diff(groups) >= 0).all()
    first = [1 + groups.index(group) for group in range(N_EXTENTS)]
    assert first == [*range(1, 16), 16, 20, 26, 36, 56]


@pytest.mark.parametrize("file", ["clusters.npz", "modules.npz"])
def test_what_is_no_such_file_is_refused(shipped: Path, file: str, tmp_path: Path) -> None:
    what = {"clusters.npz": "cannot read the cluster tables: ", "modules.npz": "cannot read where modules"}
    whole = (shipped / file).read_bytes()
    np.save(tmp_path / "single.npy", np.zeros(3))
    for content in (b"", b"no numbers", whole[:1000], (tmp_path / "single.npy").read_bytes()):
        assert refused(shipped, file, content, whole).startswith(what[file])


@pytest.mark.parametrize("name", ["across", "along", "noise_across", "noise_along"])
def test_tables_of_another_shape_or_not_above_0_are_refused(shipped: Path, name: str) -> None:
    tables = trackml().clusters
    assert tables is not None
    table = getattr(tables, name)
    for wrong in (table[:-1], table[:, 1:], 0 * table, -table, np.full_like(table, np.nan)):
        message = refusal(shipped, "clusters.npz", **{name: wrong})
        assert message == f"{name} must hold numbers above 0, shape {table.shape}: make it anew"
    message = refusal(shipped, "clusters.npz", **{name: None})
    assert message.startswith("cannot read the cluster tables: ")


def test_modules_that_do_not_go_together_are_refused(shipped: Path) -> None:
    for changes in ({"layer": np.array([2])}, {"azimuth": None}, {"volume": np.int64(7)}):
        assert refusal(shipped, "modules.npz", **changes).startswith("cannot read where modules point: ")


def test_modules_point_as_their_file_says(shipped: Path) -> None:
    path = shipped / "modules.npz"
    whole = path.read_bytes()
    np.savez(path, volume=[9, 8, 99], layer=[4, 2, 2], module=[3, 1, 1], azimuth=[0.5, -3.0, 0.1])
    try:
        read = read_detector(shipped)
    finally:
        path.write_bytes(whole)
    assert read.axes is not None
    assert read.axes.shape == (len(read), 4, 2)
    disc, barrel = read.layer_index(np.array([9, 8], np.int32), np.array([4, 2], np.int32))
    assert read.axes[disc, 3] == pytest.approx([np.cos(0.5), np.sin(0.5)])
    assert read.axes[barrel, 1] == pytest.approx([np.cos(-3.0), np.sin(-3.0)])
    assert np.isfinite(read.axes).sum() == 4


def test_what_is_learned_may_be_missing(shipped: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(shipped, tmp_path / "bare", ignore=shutil.ignore_patterns("*.npz"))
    read = read_detector(bare)
    assert read.axes is None
    assert read.clusters is None
