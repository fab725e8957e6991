"""An output is there as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.errors import InputError
from clew.io import atomic_write


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
