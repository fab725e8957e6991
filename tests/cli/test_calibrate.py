"""`clew calibrate BUNDLE EVENTS` on two tiny events: tables learned, or one line and nothing touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from clew.cli.main import main
from clew.detector import Modules, read_detector, trackml
from clew.event import Cells, Event
from clew.io import write_event, write_modules

NAMES = ["clusters.npz", "detector.toml", "layers.csv", "material.csv", "modules.npz", "resolutions.npz"]


SHIPPED = Path(str(resources.files("clew.detector"))) / "trackml"


def run(*arguments: str | Path, bundle: Path = SHIPPED) -> int:
    return main(["calibrate", str(bundle), *(str(argument) for argument in arguments)])


def one_module_per_layer() -> Modules:
    layers = trackml().layers
    n = len(layers)
    return Modules(
        volume=np.array([layer.volume for layer in layers], dtype=np.int32),
        layer=np.array([layer.layer for layer in layers], dtype=np.int32),
        module=np.ones(n, dtype=np.int32),
        centre=np.tile(np.array([100.0, 0.0, 0.0], dtype=np.float32), (n, 1)),
        rotation=np.tile(np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float32), (n, 1, 1)),
        half_size=np.ones((n, 4), dtype=np.float32),
        pitch=np.ones((n, 2), dtype=np.float32),
    )


def with_cells(event: Event) -> Event:
    """Return the event with clusters of two cells side by side, and with the momenta of its particles."""
    assert event.truth is not None
    assert event.particles is not None
    n = len(event.hits)
    channel = np.tile(np.array([[1, 1], [1, 2]], dtype=np.int32), (n, 1))
    cells = Cells(np.arange(0, 2 * n + 1, 2), channel, np.ones(2 * n, dtype=np.float32))
    owner = event.truth.particle_id
    momentum = np.concatenate([np.zeros((1, 3), np.float32), event.particles.momentum])[owner]
    truth = replace(event.truth, momentum=momentum)
    return Event(event.event_id, replace(event.hits, cells=cells), event.particles, truth)


@pytest.fixture(scope="module")
def made(make_toy_event: Callable[..., Event], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    for number in (1, 2):
        event = with_cells(make_toy_event(40, seed=number, smear=0.01, noise=50))
        write_event(folder, replace(event, event_id=number), "csv")
    write_modules(folder / "detectors.csv", one_module_per_layer())
    return folder


@pytest.fixture
def events(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the events, to be spoilt."""
    return Path(shutil.copytree(made, tmp_path / "events"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path, bundle: Path = SHIPPED) -> str:
    """Run what must be refused and return its one line."""
    assert run(*arguments, bundle=bundle) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith("clew calibrate: error: ")
    assert "\n" not in message
    return message


def test_a_new_folder_becomes_a_bundle(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "bundle"
    assert run(made, "--output", output) == 0
    assert sorted(content(output)) == NAMES
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    detector = read_detector(output)
    assert detector.layers == trackml().layers
    assert detector.clusters is not None
    pixels = detector.clusters.classes.index("pixel barrel")
    assert detector.clusters.along[pixels, 1].min() > 0.8  # all clusters are two columns long
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"calibrated: {output}, on 2 events"
    rows = {line[:20].strip(): line[20:].split() for line in printed[2:-1]}
    assert set(rows) == set(trackml().classes)
    assert sum(int(row[1]) for row in rows.values()) == 100  # noise hits
    assert "nat" in printed[-1]


def test_the_same_events_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert run(made, "--output", tmp_path / name) == 0
    assert content(tmp_path / "first") == content(tmp_path / "second")
    several = (made / "event000000001", made / "event000000002")
    assert run(*several, "--output", tmp_path / "third") == 0
    assert content(tmp_path / "third") == content(tmp_path / "first")
    assert run(made, "--events", "1", "--output", tmp_path / "fourth") == 0
    assert content(tmp_path / "fourth")["clusters.npz"] != content(tmp_path / "first")["clusters.npz"]


def test_a_bundle_keeps_its_description(made: Path, tmp_path: Path) -> None:
    output = tmp_path / "bundle"
    assert run(made, "--events", "1", "--output", output) == 0
    toml = output / "detector.toml"
    toml.write_text(toml.read_text() + "\n# mine\n")
    (output / "notes.txt").write_text("kept")
    (output / "clusters.npz").write_bytes(b"of an older Clew")
    before = content(output)
    assert run(made, "--output", output, bundle=output) == 0
    after = content(output)
    assert {name for name in after if after[name] != before[name]} == {"clusters.npz", "resolutions.npz"}
    assert read_detector(output).clusters is not None


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("event000000002-truth.csv", "event 2 has no truth file"),
        ("event000000002-cells.csv", "event 2 has no cells file"),
        ("detectors.csv", "there is no detectors.csv beside it"),
        ("event000000001-hits.csv", "event 1 has no hits file"),
    ],
)
def test_a_missing_file_is_named(
    events: Path, tmp_path: Path, lost: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (events / lost).unlink()
    assert message in refusal(capsys, events, "--output", tmp_path / "bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["events"]


def test_a_damaged_event_leaves_the_bundle_as_it_was(
    events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(events, "--output", tmp_path / "bundle") == 0
    before = content(tmp_path / "bundle")
    second = events / "event000000002-cells.csv"
    second.write_text(second.read_text() + "x")
    assert "event000000002-cells.csv" in refusal(capsys, events, "--output", tmp_path / "bundle")
    assert content(tmp_path / "bundle") == before
    refusal(capsys, events, "--output", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "events"]


def test_different_detectors_are_refused(
    made: Path, events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = one_module_per_layer()
    write_modules(events / "detectors.csv", replace(modules, centre=modules.centre + 1))
    message = refusal(capsys, made, events, "--output", tmp_path / "bundle")
    assert "differ: calibrate on events of one detector" in message
    assert not (tmp_path / "bundle").exists()


def test_outputs_that_are_no_bundle_are_refused(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, file = tmp_path / "other", tmp_path / "file"
    other.mkdir()
    (other / "thesis.txt").write_text("precious")
    file.write_text("precious")
    for output in (other, file):
        assert "is no bundle of a detector" in refusal(capsys, made, "--output", output)
    assert "make it first" in refusal(capsys, made, "--output", tmp_path / "none" / "bundle")
    assert content(other) == {"thesis.txt": b"precious"}
    assert file.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]


def test_a_bundle_with_a_wrong_description_is_refused(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "detector.toml").write_text("name = 3\n")
    (bundle / "layers.csv").write_text("")
    message = refusal(capsys, made, "--output", bundle, bundle=bundle)
    assert f"{bundle}/detector.toml: solenoid is missing" in message
    assert sorted(content(bundle)) == ["detector.toml", "layers.csv"]


def test_no_events_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere" in refusal(capsys, tmp_path / "nowhere", "--output", tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []
