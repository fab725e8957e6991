"""`clew simulate --detector`: a small detector of one's own, built, shot at, and learned back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.cli.main import main
from clew.detector import read_detector
from clew.detector.shapes import Description, Shape, read_description
from clew.errors import ConfigError
from clew.io import find_events, read_event, read_modules
from clew.simulation.blueprint import place_modules
from clew.simulation.volumes import kinds_of

BARREL = """
[[cylinder]]
volume = 2
layer = {layer}
radius = {radius}
half_length = 200.0
width = 20.0
length = 50.0
pitch = [0.05, 0.1]
radiation_lengths = 0.02
"""
PLANE = """
[[disc]]
volume = 3
layer = {layer}
z = {z}
outer = 120.0
pitch = [0.05, 0.1]
"""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "small.toml"
    barrels = [BARREL.format(layer=k, radius=30.0 * k + 10.0) for k in range(1, 4)]
    planes = [PLANE.format(layer=k, z=250.0 + 50.0 * k) for k in range(1, 3)]
    path.write_text('name = "small"\nfield = 2.0\n' + "".join(barrels + planes))
    return path


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_modules_cover_their_shapes(described: Path) -> None:
    description = read_description(described)
    modules = place_modules(description)
    r = np.hypot(modules.centre[:, 0], modules.centre[:, 1])
    for shape in description.shapes:
        own = (modules.volume == shape.volume) & (modules.layer == shape.layer)
        assert modules.module[own].tolist() == list(range(1, own.sum() + 1))
        width, length = 2.0 * modules.half_size[own][0, 2:]
        if shape.barrel:
            assert np.abs(r[own] - shape.radius).max() < 1.0
            assert own.sum() * width * length > 4.0 * np.pi * shape.radius * shape.half_length
        else:
            assert modules.centre[own].tolist() == [[0.0, 0.0, shape.z]]
            assert width == length == 240.0
    axes = modules.rotation.astype(np.float64)
    np.testing.assert_allclose(axes @ axes.transpose(0, 2, 1), np.tile(np.eye(3), (len(r), 1, 1)), atol=1e-6)
    kinds = kinds_of(modules, description)
    np.testing.assert_array_equal(kinds.barrel, modules.volume == 2)
    assert kinds.pixel.all()


def test_rings_of_a_disc_do_not_leave_it() -> None:
    shape = Shape(1, 1, z=-500.0, inner=40.0, outer=180.0, width=20.0, length=72.0, pitch=(0.05, 1.0))
    modules = place_modules(Description("disc", 0.0, (shape,)))
    r = np.hypot(modules.centre[:, 0], modules.centre[:, 1])
    assert sorted(set(r.round(2).tolist())) == pytest.approx([63.33, 110.0, 156.67], abs=0.01)
    assert np.abs(modules.centre[:, 2] + 500.0).max() < 3.0
    assert not kinds_of(modules, Description("disc", 0.0, (shape,))).pixel.any()


@pytest.mark.parametrize("lacking", ["width", "length", "pitch"])
def test_shapes_without_modules_are_not_simulated(lacking: str) -> None:
    given = {"width": 20.0, "length": 50.0, "pitch": (0.05, 0.1)}
    del given[lacking]
    shape = Shape(7, 3, radius=30.0, half_length=100.0, **given)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="volume 7, layer 3: give width, length, pitch and thickness"):
        place_modules(Description("bare", 2.0, (shape,)))


@pytest.mark.slow
def test_what_is_simulated_is_learned_back(described: Path, tmp_path: Path) -> None:
    gun = "particles=400,pt=0.5:3,eta=-1:3"
    events, bundle = tmp_path / "events", tmp_path / "bundle"
    assert run("simulate", events, "--detector", described, "--events", 5, "--gun", gun, "--noise", 0.5) == 0
    modules = read_modules(events / "detectors.csv")
    assert set(zip(modules.volume.tolist(), modules.layer.tolist(), strict=True)) == {
        (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)
    }  # fmt: skip
    assert run("calibrate", events, "-o", bundle, "--name", "small", "--presets") == 0
    learned = read_detector(bundle)
    assert [layer.barrel for layer in learned.layers] == [True, True, True, False, False]
    positions = [layer.position for layer in learned.layers]
    assert positions == pytest.approx([40.0, 70.0, 100.0, 300.0, 350.0], abs=0.5)
    assert learned.solenoid.strength == pytest.approx(2.0, rel=0.01)
    # planes of 0.01 and cylinders of 0.02, reckoned without the logarithm of Highland's formula
    assert 0.005 < learned.radiation_lengths < 0.02
    assert learned.clusters is not None
    # a hit is no worse than evenly spread over a cell
    for kind in learned.classes.values():
        assert 0.003 < kind.across < 0.05 / np.sqrt(12)
        assert 0.003 < kind.along < 0.1 / np.sqrt(12)
    event = read_event(find_events(events, bundle=bundle)[0])
    assert event.hits.detector.name == "small"


@pytest.mark.slow
def test_hadrons_do_not_interact_in_it(described: Path, tmp_path: Path) -> None:
    assert run("simulate", tmp_path / "events", "--detector", described, "--gun", "pdg=211") == 0
    record = (tmp_path / "events" / "simulation.toml").read_text()
    assert "interactions = false" in record
    assert 'name = "small"' in record
