"""The command line as a user meets it, on a small toy event written to files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clew.cli.main import main
from clew.event import Event
from clew.io import read_submission, write_event
from clew.pipeline.preset import Preset


@pytest.fixture(scope="module")
def folder(make_toy_event: Callable[..., Event], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    for number in (1, 2):
        event = make_toy_event(80, seed=number, smear=0.01, noise=100)
        write_event(folder, Event(number, event.hits, event.particles, event.truth), "csv")
    return folder


@pytest.fixture(scope="module")
def preset(plain_preset: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("preset") / "fast.toml"
    path.write_text(plain_preset)
    return str(path)


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from clew.cli.main import _parser; _parser().format_help();"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "numba", "pandas", "sklearn", "keras", "tensorflow", "matplotlib"} & set(
        loaded.split()
    )


@pytest.mark.slow
def test_reconstruct_writes_submission_preset_and_pictures(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "submission.csv"
    code = run(
        "reconstruct",
        folder,
        "-o",
        output,
        "--preset",
        preset,
        "--scores",
        "--pictures",
        tmp_path / "pictures",
    )
    assert code == 0
    printed = capsys.readouterr().out
    assert str(output) in printed
    assert "phase 1" in printed
    submission = read_submission(output)
    assert submission.event_ids == [1, 2]
    assert output.read_bytes().startswith(b"event_id,hit_id,track_id\n1,1,")
    written = Preset.load(tmp_path / "new" / "submission.preset.toml")
    assert written.resolved() == Preset.load(preset).resolved()
    assert sorted(path.name for path in output.parent.iterdir()) == [
        "submission.csv",
        "submission.preset.toml",
    ]
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in pictures] == ["event000000001.png", "event000000002.png"]


def test_score_reads_what_reconstruct_wrote(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "submission.csv.gz"
    assert run("reconstruct", folder, "-o", output, "--preset", preset, "--scores") == 0
    told = [line.split()[-2:] for line in capsys.readouterr().out.splitlines()[1:3]]
    assert run("score", output, folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in lines[1:3]] == told
    assert float(told[0][0]) > 0.5


def test_jobs_do_not_change_the_submission(folder: Path, preset: str, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        output = tmp_path / f"jobs{jobs}.csv"
        assert run("reconstruct", folder, "-o", output, "--preset", preset, "--jobs", jobs) == 0
    assert (tmp_path / "jobs1.csv").read_bytes() == (tmp_path / "jobs2.csv").read_bytes()


def test_truth_is_not_used(folder: Path, preset: str, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in folder.glob("*-hits.csv"):
        (bare / file.name).write_bytes(file.read_bytes())
    for source, name in ((folder, "with.csv"), (bare, "without.csv")):
        assert run("reconstruct", source, "-o", tmp_path / name, "--preset", preset) == 0
    assert (tmp_path / "with.csv").read_bytes() == (tmp_path / "without.csv").read_bytes()


def test_an_interrupted_run_is_resumed(
    folder: Path, preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, output = tmp_path / "whole.csv", tmp_path / "submission.csv"
    assert run("reconstruct", folder, "-o", whole, "--preset", preset) == 0
    second = folder / "event000000002-hits.csv"
    content = second.read_bytes()
    second.write_bytes(content[:-20] + b"x")
    try:
        assert run("reconstruct", folder, "-o", output, "--preset", preset) == 2
    finally:
        second.write_bytes(content)
    assert not output.exists()
    (kept,) = (tmp_path / "submission.csv.parts").iterdir()
    before = kept.stat().st_mtime_ns
    assert kept.name.startswith("event000000001")
    assert run("reconstruct", folder / "event000000001", "-o", output, "--preset", preset) == 0
    assert output.read_bytes() == whole.read_bytes()[: len(output.read_bytes())]
    assert before and not (tmp_path / "submission.csv.parts").exists()


def test_evaluate_reports_every_stage(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "efficiency.png"
    assert run("evaluate", folder, "--preset", preset, "--plot", picture) == 0
    printed = capsys.readouterr().out
    groups = [block.splitlines() for block in printed.split("\n\n")]
    numbers = {
        group[0]: {line.split()[0]: float(line.split()[1]) for line in group[1:]} for group in groups[2:-2]
    }
    assert numbers["predictions from true seeds"]["right"] > 0.5
    assert numbers["seeds"]["found"] > 0.5
    assert numbers["particles above pT 0.9 GeV"]["double_majority"] > 0.5
    assert "nan" not in printed
    assert picture.stat().st_size > 1000


@pytest.fixture(scope="module")
def track_set(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tracks") / "set"
    assert run("dataset", folder, "-o", path) == 0
    return path


def test_trained_weights_can_be_used(
    folder: Path,
    track_set: Path,
    plain_preset: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "training.toml"
    config.write_text('network = "lstm-32"\nepochs = 1\nbatch = 256\nwindows = 1024\nheld_out = 512\n')
    sources = (track_set, "--validation", track_set, "--test", track_set)
    assert run("train", *sources, "--output", tmp_path / "trained", "--config", config) == 0
    printed = capsys.readouterr().out
    assert "epoch   1" in printed
    assert "test loss" in printed
    assert run("train", *sources, "--output", tmp_path / "trained", "--config", config) == 2
    assert "it holds a training already" in capsys.readouterr().err
    made = sorted(path.name for path in (tmp_path / "trained").iterdir())
    assert {"learning-curve.png", "log.csv", "lstm-32.json", "lstm-32.npz"} <= set(made)
    preset = tmp_path / "mine.toml"
    weights = f'method = "network"\nweights = "{tmp_path / "trained" / "lstm-32.npz"}"'
    preset.write_text(plain_preset.replace('method = "helix"', weights))
    assert run("evaluate", folder, "--preset", preset) == 0


def test_a_wrong_training_setting_is_refused(
    track_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "training.toml"
    config.write_text("epoch = 1\n")
    sources = (track_set, "--validation", track_set, "--output", tmp_path / "trained")
    assert run("train", *sources, "--config", config) == 2
    assert "unknown key 'epoch': choose among" in capsys.readouterr().err
    assert not (tmp_path / "trained").exists()


def test_training_on_what_is_no_track_set_is_refused(
    folder: Path, track_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", folder, "--validation", track_set, "--output", tmp_path / "trained") == 2
    assert "no track set: make one with `clew dataset" in capsys.readouterr().err
    assert not (tmp_path / "trained").exists()


def test_training_without_keras_says_what_to_install(
    track_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert run("train", track_set, "--validation", track_set, "--output", tmp_path / "trained") == 2
    assert "pip install 'clew[train]'" in capsys.readouterr().err
    assert not (tmp_path / "trained").exists()


def test_info_names_presets_methods_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info") == 0
    printed = capsys.readouterr().out
    assert np.__version__ in printed
    assert "finnie" in printed
    assert "unrolled" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reconstruct", "nowhere", "-o", "out.csv"), "nowhere"),
        (("reconstruct", "{folder}", "-o", "out.csv", "--preset", "odd"), "unknown preset 'odd'"),
        (("reconstruct", "{folder}", "-o", "out.txt"), "out.txt"),
        (("reconstruct", "{folder}", "-o", "out.csv", "--skip", "9"), "skip"),
        (("score", "nowhere.csv", "{folder}"), "nowhere.csv"),
        (("evaluate", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...],
    message: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*(argument.format(folder=folder) for argument in arguments)) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert error.startswith(f"clew {arguments[0]}: error: ")
    assert "\n" not in error
    assert list(tmp_path.iterdir()) == []


def test_prepare_puts_hits_through_transforms(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, output = tmp_path / "transforms.toml", tmp_path / "prepared"
    config.write_text('[[transforms]]\nmethod = "drop-fakes"\n')
    assert run("prepare", folder, "--config", config, "-o", output, "--jobs", "2") == 0
    assert "2 events" in capsys.readouterr().out
    assert sorted(path.name for path in output.iterdir()) == ["event000000001.npz", "event000000002.npz"]
    config.write_text("epochs = 3\n")
    assert run("prepare", folder, "--config", config, "-o", tmp_path / "other") == 2
    assert "must hold [[transforms]] and nothing else" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_score_says_what_it_made_of_the_submission(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("hit_id,track_id\n1,-1\n")
    assert run("score", path, folder / "event000000001") == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].endswith("no tracks")
    assert "note: no column event_id: all rows are of event 1\n" in printed
    assert "hits have no row, and are on no track\n" in printed
    assert "note: event 1: 1 hits have -1, which is no track\n" in printed


@pytest.mark.filterwarnings("default")
def test_a_bad_truth_costs_the_score_but_not_the_run(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "events"
    shutil.copytree(folder, source)
    (source / "event000000001-truth.csv").write_text("")
    assert run("reconstruct", source, "-o", tmp_path / "s.csv", "--preset", preset) == 0
    assert "warning" not in capsys.readouterr().err
    assert run("reconstruct", source, "-o", tmp_path / "scored.csv", "--preset", preset, "--scores") == 0
    printed = capsys.readouterr()
    assert printed.err.count("warning: event 1 has no usable truth: ") == 1
    assert [line.split()[-1] == "-" for line in printed.out.splitlines()[1:3]] == [True, False]
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "scored.csv").read_bytes()


def test_bad_events_can_be_left_out(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = tmp_path / "events", tmp_path / "s.csv"
    shutil.copytree(folder, source)
    bad = source / "event000000001-hits.csv"
    bad.write_text("hit_id,x,y,z,volume_id,layer_id,module_id\n")
    command = ("reconstruct", source, "-o", output, "--preset", preset)
    assert run(*command) == 2
    assert not output.exists()
    assert run(*command, "--skip-bad-events") == 3
    assert f"left out:   event 1: {bad}: holds no hits" in capsys.readouterr().out
    assert read_submission(output).event_ids == [2]
    bad.unlink()
    (source / "event000000002-hits.csv").unlink()
    output.unlink()
    assert run(*command, "--skip-bad-events") == 2
    assert "no event can be reconstructed" in capsys.readouterr().err
    assert not output.exists()


def test_tracks_and_vertices_are_written_beside_the_submission(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = tmp_path / "tracks.parquet", tmp_path / "vertices.parquet"
    output = tmp_path / "submission.csv"
    asked = ("--tracks", files[0], "--vertices", files[1])
    assert run("reconstruct", folder, "-o", output, "--preset", preset, *asked) == 0
    assert str(files[1]) in capsys.readouterr().out
    tracks, vertices = (pd.read_parquet(file) for file in files)
    assert sorted(set(tracks.event_id)) == [1, 2]
    assert np.isfinite(tracks.to_numpy(dtype=np.float64)).all()
    good = tracks[tracks.flag == 0]
    assert len(good) > 20
    assert (good.pt > 0).all()
    assert list(vertices.columns[:5]) == ["event_id", "vertex", "x", "y", "z"]


def test_tables_that_cannot_be_written_are_refused_before_anything(
    folder: Path, preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "submission.csv"
    for name, told in (("tracks.csv", "ends in .parquet"), ("none/tracks.parquet", "make it first")):
        code = run("reconstruct", folder, "-o", output, "--preset", preset, "--tracks", tmp_path / name)
        assert code == 2
        assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
