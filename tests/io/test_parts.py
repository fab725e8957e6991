"""An interrupted run loses nothing and its rest is not mistaken for another run's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.errors import InputError
from clew.io import Part, PartStore, read_submission

FIRST = Part(1000, np.array([1, 2, 9]), np.array([3, 0, 3], dtype=np.int32), {"seconds": {"seeding": 0.25}})
SECOND = Part(1001, np.array([5, 4]), np.array([1, 2], dtype=np.int32))


def test_saved_part_is_found_by_a_later_run(tmp_path: Path):
    PartStore(tmp_path / "s.csv").save(FIRST, "print")
    later = PartStore(tmp_path / "s.csv")
    assert later.has(1000, "print")
    part = later.load(1000, "print")
    np.testing.assert_array_equal(part.hit_id, FIRST.hit_id)
    np.testing.assert_array_equal(part.labels, FIRST.labels)
    assert part.summary == FIRST.summary
    assert not (tmp_path / "s.csv").exists()


def test_part_of_another_fingerprint_event_or_output_is_not_found(tmp_path: Path):
    PartStore(tmp_path / "s.csv").save(FIRST, "print")
    assert not PartStore(tmp_path / "s.csv").has(1000, "other")
    assert not PartStore(tmp_path / "s.csv").has(1001, "print")
    assert not PartStore(tmp_path / "t.csv").has(1000, "print")


def test_merge_writes_the_submission_in_the_order_given_and_removes_the_parts(tmp_path: Path):
    store = PartStore(tmp_path / "s.csv")
    store.save(SECOND, "b")
    store.save(FIRST, "a")
    store.save(FIRST, "stale")
    store.merge([(1000, "a"), (1001, "b")])
    text = "event_id,hit_id,track_id\n1000,1,3\n1000,2,0\n1000,9,3\n1001,5,1\n1001,4,2\n"
    assert (tmp_path / "s.csv").read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [tmp_path / "s.csv"]


def test_interrupted_save_leaves_no_part_and_merge_sweeps_it_up(tmp_path: Path):
    store = PartStore(tmp_path / "s.csv.gz")
    store.save(FIRST, "a")
    (store.folder / ".0123-event000001001-b.npz").write_bytes(b"half")
    assert not store.has(1001, "b")
    store.merge([(1000, "a")])
    assert list(tmp_path.iterdir()) == [tmp_path / "s.csv.gz"]
    assert read_submission(tmp_path / "s.csv.gz").event_ids == [1000]


def test_foreign_files_in_the_folder_survive(tmp_path: Path):
    store = PartStore(tmp_path / "s.csv")
    store.save(FIRST, "a")
    (store.folder / "notes.txt").write_text("mine")
    store.discard()
    assert [file.name for file in store.folder.iterdir()] == ["notes.txt"]


def test_output_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path):
    with pytest.raises(InputError, match="there is no folder"):
        PartStore(tmp_path / "no" / "s.csv")
