"""What SECURITY.md promises: data never run code, and nothing is written where an archive says."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from clew.detector import read_detector
from clew.errors import ClewError
from clew.event import Event
from clew.extend.windows.records import load_weights
from clew.io import find_events, write_event
from clew.tracksets.shards import read_shard
from clew.transforms import read_points


class Trap:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def bundle_with(name: str) -> Callable[[Path], object]:
    """Return what reads a file as a part of the TrackML detector's bundle."""

    def read(path: Path) -> object:
        folder = path.parent / "bundle"
        shutil.copytree(str(resources.files("clew.detector") / "trackml"), folder)
        shutil.copy(path, folder / name)
        return read_detector(folder)

    return read


@pytest.mark.parametrize(
    "read",
    [
        lambda path: load_weights(str(path)),
        read_points,
        read_shard,
        bundle_with("modules.npz"),
        bundle_with("clusters.npz"),
    ],
)
def test_no_reader_unpickles(tmp_path: Path, read: Callable[[Path], object]) -> None:
    trap, path = tmp_path / "sprung", tmp_path / "trap.npz"
    with np.load(str(resources.files("clew.detector") / "trackml" / "modules.npz")) as content:
        names = ["arr_0", "values", "classes", *content.files]
    np.savez(path, allow_pickle=True, **{name: np.array([Trap(trap)], dtype=object) for name in names})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(
        json.dumps({"network": "lstm-64", "prompt": "helix", "sha256": digest})
    )
    with pytest.raises(ClewError):
        read(path)
    assert not trap.exists()


def test_a_zip_writes_nothing(make_toy_event: Callable[..., Event], tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    write_event(tmp_path / "events", make_toy_event(5), "csv")
    (tmp_path / "inside").mkdir()
    archive = tmp_path / "inside" / "events.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        for file in (tmp_path / "events").iterdir():
            stream.write(file, f"../../{file.name}")
    shutil.rmtree(tmp_path / "events")
    with pytest.raises(ClewError, match="holds no events"):  # such names are left alone
        find_events(archive)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["events.zip", "inside"]
