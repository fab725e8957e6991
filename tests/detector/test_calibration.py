"""A toy detector is learned back from its events: by modules, by shapes, by hits alone, and without truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.cli.main import main
from clew.detector import Detector, Modules, Solenoid, read_detector
from clew.event import Event
from clew.io import find_events, read_event, write_event, write_modules

N_EVENTS = 5
KALMAN = """
[[seeding]]
method = "ranked-triplets"
least_pt = 0.3
first_layers = ["innermost"]
least_hits = 5

[[extend]]
method = "kalman"

[fitting]
method = "likelihood"

[ensemble]
method = "claims"
"""


@pytest.fixture(scope="module")
def made(
    six_cylinders: Detector, make_helices: Callable[..., Event], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    (folder / "events").mkdir()
    for number in range(1, N_EVENTS + 1):
        event = make_helices(six_cylinders, n=200, seed=number)
        write_event(folder / "events", replace(event, event_id=number), "parquet")
    (folder / "toy.toml").write_text(shapes_of(six_cylinders))
    (folder / "kalman.toml").write_text(KALMAN)
    return folder


@pytest.fixture
def toy(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "toy"))


def shapes_of(detector: Detector, scale: float = 1.0) -> str:
    lines = ['name = "toy"']
    for layer in detector.layers:
        lines += ["[[cylinder]]", f"volume = {layer.volume}", f"layer = {layer.layer}"]
        lines += [f"radius = {scale * layer.position}", f"half_length = {scale * layer.reach[1]}"]
    return "\n".join(lines)


def modules_of(detector: Detector) -> Modules:
    """Return one flat module, at azimuth 0, for each cylinder."""
    n = len(detector)
    centre = np.zeros((n, 3), dtype=np.float32)
    centre[:, 0] = [layer.position for layer in detector.layers]
    return Modules(
        volume=detector.volume,
        layer=np.array([layer.layer for layer in detector.layers], dtype=np.int32),
        module=np.ones(n, dtype=np.int32),
        centre=centre,
        rotation=np.tile(np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float32), (n, 1, 1)),
        half_size=np.tile(np.array([0.1, 20.0, 20.0, 900.0], dtype=np.float32), (n, 1)),
        pitch=np.full((n, 2), 0.05, dtype=np.float32),
    )


def run(*arguments: str | Path) -> int:
    return main(["calibrate", *(str(argument) for argument in arguments)])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run what must be refused and return its one line."""
    assert run(*arguments, "--presets") == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith("clew calibrate: error: ")
    assert "\n" not in message
    return message.removeprefix("clew calibrate: error: ")


def test_the_toy_is_learned_back_and_its_tracks_are_found(
    six_cylinders: Detector, toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = toy / "bundle"
    assert run(toy / "toy.toml", toy / "events", "-o", output, "--presets", toy / "kalman.toml") == 0
    learned, (kind,) = read_detector(output), ["pixel barrel"]
    assert learned.name == "toy"
    assert [layer.position for layer in learned.layers] == [40.0, 90.0, 160.0, 260.0, 380.0, 520.0]
    assert {layer.kind for layer in learned.layers} == {kind}
    # 960 helices of 6 hits: errors are known to 1%, 5 times that is allowed
    assert learned.classes[kind].across == pytest.approx(0.01, rel=0.06)
    assert learned.classes[kind].along == pytest.approx(0.02, rel=0.06)
    assert learned.solenoid.strength == pytest.approx(1.5, rel=0.002)
    assert learned.solenoid.half_length > 1e8
    assert learned.lengths.beam_spot > 3 * 5.0
    assert learned.radiation_lengths < 1e-4  # helices do not scatter
    report = (output / "report.md").read_text()
    assert report in capsys.readouterr().out
    row = next(line for line in report.splitlines() if line.startswith("| kalman"))
    assert float(row.split("|")[2].split()[0]) > 0.95
    assert "1 events that were held out" in report
    assert "modules are not listed" in report
    assert sorted(path.name for path in output.iterdir()) == ["detector.toml", "layers.csv", "report.md"]


@pytest.mark.parametrize("known", ["modules", "hits"])
def test_layers_come_from_modules_or_hits(six_cylinders: Detector, toy: Path, known: str) -> None:
    if known == "modules":
        write_modules(toy / "events" / "detectors.csv", modules_of(six_cylinders))
    assert run(toy / "events", "-o", toy / "bundle", "--field", "1.5T", "--presets") == 0
    learned = read_detector(toy / "bundle")
    assert [(layer.volume, layer.layer, layer.barrel) for layer in learned.layers] == [
        (1, number, True) for number in range(1, 7)
    ]
    positions = [layer.position for layer in learned.layers]
    assert positions == pytest.approx([layer.position for layer in six_cylinders.layers], abs=0.1)
    assert learned.solenoid == Solenoid.uniform(1.5)
    assert (toy / "bundle" / "modules.npz").exists() == (known == "modules")


def test_without_truth_defaults_stand_in(toy: Path) -> None:
    for path in toy.glob("events/*-truth.parquet"):
        path.unlink()
    assert run(toy / "toy.toml", toy / "events", "-o", toy / "bundle", "--field", "1.5T") == 0
    report = (toy / "bundle" / "report.md").read_text()
    assert report.count("- no truth: ") == 3
    assert read_detector(toy / "bundle").classes["pixel barrel"].across == 0.02


def test_a_map_is_a_field(toy: Path) -> None:
    table = toy / "map.txt"
    table.write_text("# x y z Bx By Bz\n" + "".join(f"0 {y} {10 * y} 0 0 -1.5\n" for y in range(50)))
    assert run(toy / "toy.toml", toy / "events", "-o", toy / "bundle", "--field", table, "--presets") == 0
    assert read_detector(toy / "bundle").solenoid.strength == pytest.approx(1.5)


@pytest.mark.filterwarnings("default::clew.errors.ClewWarning")
def test_few_events_are_warned_of(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(toy / "events", "--events", "3", "-o", toy / "bundle", "--presets") == 0
    warning = "clew calibrate: warning: 3 events are few: give 10, or take errors as rough\n"
    assert capsys.readouterr().err == warning


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ("no truth", (), "these events have no truth, so that the field is not known: give --field"),
        ("some truth", (), "event 2 has no truth and particles files, others have"),
        ("", ("--field", "15"), "the given field is 15 T, true momenta show 1.5 T: are lengths in mm"),
        ("", ("--field", "nowhere"), "--field nowhere: is neither so many T nor a readable map"),
        ("cm", (), "toy.toml: hits are at 10 times the positions of their layers: are both in mm?"),
        ("swapped", (), "toy.toml: hits of volume 1, layer 5 are up to 140 mm off its position"),
        ("no charge", (), "no charged true track crosses two layers, so that the field is not known"),
        ("layer", (), "toy.toml: volume 1, layer 6 has hits but is not described"),
        ("twice", (), "toy.toml: volume 1, layer 1 is there twice: remove one of them"),
        ("no area", (), "[[cylinder]] number 1: it has no area"),
        ("key", (), "[[cylinder]] number 1: unknown key 'weight'"),
    ],
)
def test_what_has_holes_is_refused_in_one_line(
    six_cylinders: Detector,
    toy: Path,
    change: str,
    arguments: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(toy, change, six_cylinders)
    told = refusal(capsys, toy / "toy.toml", toy / "events", "-o", toy / "bundle", *arguments)
    assert message in told
    assert not (toy / "bundle").exists()


def spoil(toy: Path, change: str, detector: Detector) -> None:
    description = toy / "toy.toml"
    text = description.read_text()
    if change in ("no truth", "some truth"):
        for path in toy.glob(f"events/event00000000{'*' if change == 'no truth' else '2'}-truth.parquet"):
            path.unlink()
    if change == "no charge":
        for source in find_events(toy / "events"):
            event = read_event(source, detector=detector)
            assert event.particles is not None
            particles = replace(event.particles, charge=0 * event.particles.charge)
            write_event(toy / "events", replace(event, particles=particles), "parquet")
    changed = {
        "swapped": text.replace("radius = 520.0", "radius = 0.5").replace("380.0", "520.0"),
        "cm": shapes_of(detector, 0.1),
        "layer": shapes_of(replace(detector, layers=detector.layers[:5])),
        "twice": text.replace("layer = 2", "layer = 1"),
        "no area": text.replace("radius = 40.0", "radius = 0.0"),
        "key": text.replace("radius = 40.0", "radius = 40.0\nweight = 3.0"),
    }
    description.write_text(changed.get(change, text))


def test_a_module_twice_and_an_unknown_one_are_refused(
    six_cylinders: Detector, toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = modules_of(six_cylinders)
    table = toy / "detectors.csv"
    write_modules(table, modules)
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines, lines[3]]))
    message = refusal(capsys, table, toy / "events", "-o", toy / "bundle")
    assert "data row 7: module (volume 1, layer 3, module 1) is also in data row 3" in message
    other = replace(modules, module=np.full(6, 2, dtype=np.int32))
    write_modules(table, other)
    message = refusal(capsys, table, toy / "events", "-o", toy / "bundle")
    assert "module (volume 1, layer" in message
    assert not (toy / "bundle").exists()
