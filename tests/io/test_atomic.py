"""An output is there as a whole or not at all."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from clew.errors import InputError, RunError
from clew.io import atomic_write
from clew.io.locks import sweep


def test_file_appears_at_the_end_under_a_name_with_the_same_ending(tmp_path: Path):
    target = tmp_path / "plot.png"
    with atomic_write(target) as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_failure_leaves_what_was_there(tmp_path: Path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_link_stays_a_link(tmp_path: Path):
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_devices_are_never_replaced():
    with pytest.raises(InputError, match="/dev/null: is not a plain file"), atomic_write("/dev/null"):
        pass


def test_temporary_files_of_killed_processes_go_and_those_of_living_ones_stay(tmp_path: Path):
    dead, mine = tmp_path / ".clew-0123456789ab-a.csv", tmp_path / ".clew-mine.csv"
    dead.write_text("half")
    mine.write_text("whole")
    with atomic_write(tmp_path / "b.csv") as living:
        sweep(tmp_path)
        assert living.exists()
        living.write_text("b")
    assert sorted(tmp_path.iterdir()) == [mine, tmp_path / "b.csv"]


def test_full_disk_is_said_in_a_line_and_leaves_what_was_there(tmp_path: Path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with (
            pytest.raises(RunError, match=r"table\.csv: cannot be written \(File too large\)"),
            atomic_write(target) as temporary,
        ):
            temporary.write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_name_as_long_as_the_system_allows_is_written(tmp_path: Path):
    target = tmp_path / f"{'x' * 251}.csv"
    with atomic_write(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"
