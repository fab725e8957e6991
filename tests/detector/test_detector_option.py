"""`--detector`: the same commands on events of another detector, described by a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clew.calibration import write_description
from clew.cli.main import main
from clew.detector import Detector, read_detector
from clew.event import Event
from clew.io import find_events, read_event, read_submission, write_event

PRESET = """
[[seeding]]
method = "ranked-triplets"
least_pt = 0.3
least_hits = 5

[[extend]]
method = "kalman"

[fitting]
method = "likelihood"

[ensemble]
method = "claims"
"""


@pytest.fixture
def bundle(six_cylinders: Detector, tmp_path: Path) -> Path:
    folder = tmp_path / "six"
    folder.mkdir()
    write_description(folder, six_cylinders)
    return folder


@pytest.fixture
def events(six_cylinders: Detector, make_helices: Callable[..., Event], tmp_path: Path) -> Path:
    folder = tmp_path / "events"
    folder.mkdir()
    for number in (1, 2):
        event = make_helices(six_cylinders, seed=number)
        write_event(folder, Event(number, event.hits, event.particles, event.truth), "csv")
    (tmp_path / "mine.toml").write_text(PRESET)
    return folder


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_a_description_reads_back_as_written(six_cylinders: Detector, bundle: Path) -> None:
    read = read_detector(bundle)
    for name in ("name", "layers", "classes", "solenoid", "lengths", "seed_lengths", "radiation_lengths"):
        assert getattr(read, name) == getattr(six_cylinders, name)


def test_events_are_read_with_the_detector_of_their_source(bundle: Path, events: Path) -> None:
    (source, _) = find_events(events, bundle=bundle)
    hits = read_event(source).hits
    assert hits.detector.name == "six cylinders"
    assert (hits.layer_index >= 0).all()
    before = source.fingerprint("")
    assert read_event(source).hits.detector is hits.detector
    layers = bundle / "layers.csv"
    layers.write_text(layers.read_text().replace("40.0", "40.5", 1))
    assert source.fingerprint("") != before
    assert read_event(source).hits.detector.layers[0].position == 40.5


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_tracks_of_another_detector_are_found_and_scored(
    bundle: Path, events: Path, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output, preset = bundle.parent / f"{jobs}.csv", bundle.parent / "mine.toml"
    common = ("--detector", bundle, "--preset", preset, "--jobs", jobs)
    assert run("reconstruct", events, "-o", output, *common) == 0
    assert read_submission(output).event_ids == [1, 2]
    capsys.readouterr()
    assert run("score", output, events, "--detector", bundle) == 0
    assert run("evaluate", events, *common) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    scores = [float(row[3]) for row in rows if row[:1] in (["1"], ["2"])]
    assert len(scores) == 4
    assert np.min(scores) > 0.9


def test_without_it_the_events_are_refused(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = events.parent / "out" / "submission.csv"
    assert run("reconstruct", events, "-o", output) == 2
    assert "in the detector TrackML: correct the row, or read the event with" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["reconstruct", "evaluate", "compare", "benchmark"])
def test_a_folder_that_is_no_bundle_is_refused_before_anything_is_written(
    events: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = events.parent / "out" / "submission.csv"
    extra = ("-o", output) if command == "reconstruct" else ()
    assert run(command, events, "--detector", events, *extra) == 2
    error = capsys.readouterr().err.strip()
    assert "detector.toml: cannot read the description of the detector" in error
    assert "\n" not in error
    assert not output.parent.exists()
