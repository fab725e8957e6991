"""Bundles: TrackML's holds what is known of the detector, and what is wrong in one is named in one line."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from clew.detector import Solenoid, read_detector, trackml
from clew.errors import InputError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a copy of the bundle that ships."""
    with resources.as_file(resources.files("clew.detector") / "trackml") as shipped:
        return Path(shutil.copytree(shipped, tmp_path / "bundle"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refusal(bundle: Path) -> str:
    """Read a bundle that must be refused and return the message without the folder."""
    with pytest.raises(InputError) as caught:
        read_detector(bundle)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{bundle}/")
    return message.removeprefix(f"{bundle}/")


def test_the_shipped_bundle_is_the_detector_of_the_challenge(bundle: Path) -> None:
    read = read_detector(bundle)
    assert read.name == "TrackML"
    for name in ("layers", "classes", "solenoid", "lengths", "seed_lengths", "most_obliquity"):
        assert getattr(read, name) == getattr(trackml(), name)
    # volumes 8, 13, 17 are the cylinders; layers count on by two
    barrel = [layer for layer in read.layers if layer.barrel]
    assert [layer.volume for layer in barrel] == [8] * 4 + [13] * 4 + [17] * 2
    assert [layer.position for layer in barrel] == [32, 72, 116, 172, 260, 360, 500, 660, 820, 1020]
    assert [layer.n_modules for layer in barrel] == [224, 448, 728, 1092, 840, 1176, 1638, 2142, 2520, 3192]
    assert {layer.layer % 2 for layer in read.layers} == {0}
    innermost = read.layers[read.select(["pixel endcap 1"])[1]]
    assert (innermost.volume, innermost.layer, innermost.position) == (9, 2, 600.0)
    assert (innermost.reach, innermost.n_modules) == ((30.0, 176.5), 108)
    assert read.solenoid == Solenoid(1.9944, 1262.6, 2608.25, (-150.0, -150.0, -150.0))
    assert read.radiation_lengths == 0.015


def test_errors_of_hits_are_those_of_pixels_and_strips() -> None:
    surfaces, volume = trackml().surfaces, trackml().volume
    known = {7: 0.02, 8: 0.02, 9: 0.02, 12: 0.3, 13: 0.3, 14: 0.3, 16: 3.0, 17: 3.0, 18: 3.0}
    assert surfaces["coarse_along"].tolist() == [known[v] for v in volume]
    assert surfaces["across"][volume == 8].tolist() == [0.006] * 4
    np.testing.assert_array_equal(surfaces["supports"], np.isin(volume, (12, 14, 16, 18)))


@pytest.mark.parametrize("file", ["detector.toml", "layers.csv"])
def test_missing_files_are_named(bundle: Path, file: str) -> None:
    (bundle / file).unlink()
    assert refusal(bundle).startswith(f"{file}: cannot read the ")


@pytest.mark.parametrize("table", ["solenoid", "material", "lengths", "seed_lengths"])
def test_missing_tables_are_named(bundle: Path, table: str) -> None:
    edit(bundle / "detector.toml", f"[{table}]", f"[no_{table}]")
    assert refusal(bundle) == f"detector.toml: {table} is missing: see the bundle of the TrackML detector"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("strength = 1.9944", "strength = ", "detector.toml: cannot read the description of the detector: "),
        (
            "strength = 1.9944",
            "power = 1.9944",
            "detector.toml, [solenoid]: unknown key 'power': choose among",
        ),
        ("strength = 1.9944", 'strength = "2 T"', "detector.toml, [solenoid]: strength: Input should be"),
        (
            "strength = 1.9944",
            "strength = nan",
            "detector.toml, [solenoid]: strength: Input should be a finite number, not nan",
        ),
        ("strength = 1.9944\n", "", "detector.toml, [solenoid]: strength is missing"),
        ("depth = 12.0\n", "", "detector.toml, [lengths]: depth is missing"),
        ("across = 0.006", "across = []", 'detector.toml, [classes."pixel barrel"]: across: '),
        (
            "radiation_lengths = 0.015",
            "radiation_lengths = 0",
            "detector.toml, [material]: radiation_lengths",
        ),
    ],
)
def test_wrong_keys_and_values_are_named(bundle: Path, old: str, new: str, reason: str) -> None:
    edit(bundle / "detector.toml", old, new)
    assert refusal(bundle).startswith(reason)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "7,4,pixel endcap",
            "7,4,muon",
            "row 2: kind 'muon' is no class of detector.toml: choose one of long",
        ),
        ("7,4,pixel endcap,disc", "7,4,pixel endcap,plane", "row 2: shape 'plane': write cylinder or disc"),
        ("8,2,pixel barrel,cylinder,32", "8,2,pixel barrel,cylinder,near", "row 8: not a number: "),
        (
            "8,2,pixel barrel,cylinder,32,0,491",
            "8,2,pixel barrel,cylinder,32,491,0",
            "row 8: a layer from 491.0",
        ),
        ("8,2,pixel barrel,cylinder,32,", "8,2,pixel barrel,cylinder,-32,", "row 8: a layer from 0.0 to"),
        ("7,4,pixel endcap,disc,-1300,30,", "7,4,pixel endcap,disc,-1300,0,", "row 2: a layer from 0.0 to"),
        ("0,491,224", "0,491,many", "row 8: not a number: "),
        (
            "18,12,long strip endcap,disc,2950,755,1018,98",
            "18,12",
            "row 48: kind is missing: the columns are",
        ),
        ("position", "place", "row 1: position is missing: the columns are volume, layer, kind"),
    ],
)
def test_wrong_rows_of_layers_are_named(bundle: Path, old: str, new: str, reason: str) -> None:
    edit(bundle / "layers.csv", old, new)
    assert refusal(bundle).startswith(f"layers.csv, {reason}")


def test_a_bundle_without_layers_is_refused(bundle: Path) -> None:
    (bundle / "layers.csv").write_text("volume,layer,kind,shape,position,low,high,modules\n")
    assert refusal(bundle) == "layers.csv: it lists no layer: write one row per layer"


def test_texts_that_are_no_text_are_refused(bundle: Path) -> None:
    (bundle / "layers.csv").write_bytes(b"\xff\xfe,")
    assert refusal(bundle).startswith("layers.csv: cannot read the layers: ")
