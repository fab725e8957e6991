"""Rows pass for what equals the facts, and fail, or say why they cannot tell, for anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clew.cli.main import main
from clew.event import Event
from clew.io import write_event
from clew.validation import FACTS, FAIL, PASS, Fact, Measured, report, table
from clew.validation.moments import Moments


def exactly(fact: Fact, shift: float = 0.0, count: int = 1_000_000) -> Moments:
    """Return values that are all the fact's, shifted by so many tolerances."""
    if fact.value is None:
        value = 200.0 if fact.name == "soft collisions" else 5.5
    else:
        value = fact.value + shift * fact.tolerance
        value = value**2 if fact.root else value
    return Moments(count, count * value, count * value**2)


def events(shift: float = 0.0, without: str = "") -> Measured:
    return Measured(1, {f.name: exactly(f, shift) for f in FACTS if without not in f.needs})


def test_names_are_unique_and_tolerances_positive() -> None:
    assert len({fact.name for fact in FACTS}) == len(FACTS)
    assert all(fact.tolerance > 0 for fact in FACTS if fact.value is not None)


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0, PASS), (0.9, PASS), (-0.9, PASS), (1.1, FAIL), (-1.1, FAIL)]
)
def test_every_fact_is_judged_by_its_tolerance(shift: float, verdict: str) -> None:
    rows = report(events(shift))
    assert [row.fact for row in rows] == list(FACTS)
    assert {row.verdict for row in rows if row.fact.value is not None} == {verdict}
    assert {row.verdict for row in rows if row.fact.value is None} == {"choice"}


def test_few_values_may_be_farther_away() -> None:
    """The mean 30 of 100 values of 0 or 100 has an error of 4.6 and may be 22.8, that of 10,000 not."""
    fact = next(fact for fact in FACTS if fact.name == "secondaries")
    for count, verdict in ((100, PASS), (10_000, FAIL)):
        sample = Moments(count, 30.0 * count, 30 * 100.0 * count)
        rows = report(Measured(1, {fact.name: sample}))
        assert next(row for row in rows if row.fact is fact).verdict == verdict


def test_event_size_scales_with_pile_up_and_noise_is_not_judged() -> None:
    quantities = dict(events().quantities) | {"soft collisions": Moments(1, 20.0, 400.0)}
    rows = {row.fact.name: row for row in report(Measured(1, quantities))}
    assert rows["hits"].expected == pytest.approx(109_700 * 26 / 206)
    assert rows["hits"].verdict == FAIL
    assert rows["noise hits"].verdict == "other pile-up"
    assert rows["secondaries"].verdict == PASS


def test_thinned_events_are_not_judged_by_their_size() -> None:
    rows = {row.fact.name: row for row in report(events(shift=-5), thinned=True)}
    assert rows["hits"].verdict == rows["sum of weights"].verdict == "thinned"
    assert rows["secondaries"].verdict == FAIL


@pytest.mark.parametrize("part", ["cells", "particles", "truth", "detectors.csv"])
def test_rows_name_the_missing_file(part: str) -> None:
    rows = report(events(without=part))
    assert {row.verdict for row in rows if part in row.fact.needs} == {f"no {part}"}
    assert f"no {part}" in table(rows)


@pytest.fixture
def folder(make_toy_event: Callable[..., Event], tmp_path: Path) -> Path:
    folder = tmp_path / "events"
    folder.mkdir()
    for number in (1, 2):
        write_event(folder, replace(make_toy_event(30, seed=number, noise=20), event_id=number), "csv")
    return folder


def run(*arguments: str | Path) -> int:
    return main(["validate", *map(str, arguments)])


def test_command_prints_rows_and_draws(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--pictures", tmp_path / "pictures", "--jobs", "2") == 0
    first = capsys.readouterr().out
    assert first.startswith("2 events\n")
    assert "no cells" in first
    assert "no detectors.csv" in first
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert drawn == ["rows.png", "spectra.png"]
    assert run(folder) == 0
    assert capsys.readouterr().out == first[: first.index("picture")]


def test_particles_alone_are_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in [*folder.glob("*-hits.csv"), *folder.glob("*-truth.csv")]:
        file.unlink()
    assert run(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("secondaries  ") and "%" in line for line in lines)
    assert any(line.startswith("noise hits ") and line.endswith("no hits") for line in lines)


def test_failing_rows_are_an_error_only_if_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--strict") == 2
    assert "rows fail, the first is" in capsys.readouterr().err


def test_bad_input_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err
    assert run(folder, "--detectors", tmp_path / "detectors.csv", "--pictures", tmp_path / "new") == 2
    assert "detectors.csv: cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    for part in ("hits", "particles"):
        (folder / f"event000000002-{part}.csv").unlink()
    assert run(folder) == 2
    assert "event 2 has neither hits nor particles" in capsys.readouterr().err
