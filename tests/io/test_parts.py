"""An interrupted run loses nothing and its rest is not mistaken for another run's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clew.errors import InputError, RunError
from clew.io import Part, PartStore, read_submission

FIRST = Part(1000, np.array([1, 2, 9]), np.array([3, 0, 3], dtype=np.int32), {"seconds": {"seeding": 0.25}})
SECOND = Part(1001, np.array([5, 4]), np.array([1, 2], dtype=np.int32))


def test_saved_part_is_found_by_a_later_run(tmp_path: Path):
    PartStore(tmp_path / "s.csv").save(FIRST, "print")
    part = PartStore(tmp_path / "s.csv").find(1000, "print")
    assert part is not None
    np.testing.assert_array_equal(part.hit_id, FIRST.hit_id)
    np.testing.assert_array_equal(part.labels, FIRST.labels)
    assert part.summary == FIRST.summary
    assert not (tmp_path / "s.csv").exists()


def test_part_of_another_fingerprint_event_or_output_is_not_found(tmp_path: Path):
    PartStore(tmp_path / "s.csv").save(FIRST, "print")
    assert PartStore(tmp_path / "s.csv").find(1000, "other") is None
    assert PartStore(tmp_path / "s.csv").find(1001, "print") is None
    assert PartStore(tmp_path / "t.csv").find(1000, "print") is None


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_part_is_not_found_unless_what_it_says_is_untouched(tmp_path: Path, data: st.DataObject):
    store = PartStore(tmp_path / "s.csv")
    store.save(FIRST, "print")
    (file,) = store.folder.iterdir()
    content = file.read_bytes()
    begin = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.sampled_from([begin + 1, begin + 40, len(content)]))
    put = data.draw(st.sampled_from([b"", b"\x00", b"\xff" * (end - begin)]))
    file.write_bytes(content[:begin] + put + content[end:])
    part = store.find(1000, "print")
    if part is not None:
        assert part.hit_id.tolist() == FIRST.hit_id.tolist()
        assert part.labels.tolist() == FIRST.labels.tolist()


def test_merge_writes_the_submission_in_the_order_given_and_all_parts_go(tmp_path: Path):
    store = PartStore(tmp_path / "s.csv")
    with store.held():
        store.save(SECOND, "b")
        store.save(FIRST, "a")
        store.save(FIRST, "stale")
        store.merge([(1000, "a"), (1001, "b")])
        store.discard()
    text = "event_id,hit_id,track_id\n1000,1,3\n1000,2,0\n1000,9,3\n1001,5,1\n1001,4,2\n"
    assert (tmp_path / "s.csv").read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [tmp_path / "s.csv"]


def test_half_written_part_of_a_killed_run_is_removed_by_the_next_one(tmp_path: Path):
    store = PartStore(tmp_path / "s.csv.gz")
    store.save(FIRST, "a")
    half = store.folder / ".clew-0123456789ab-event000001001-b.npz"
    half.write_bytes(b"half")
    with store.held():
        assert not half.exists()
        assert store.find(1001, "b") is None
        store.merge([(1000, "a")])
        store.discard()
    assert list(tmp_path.iterdir()) == [tmp_path / "s.csv.gz"]
    assert read_submission(tmp_path / "s.csv.gz").event_ids == [1000]


def test_second_run_on_an_output_is_refused_while_the_first_goes_on(tmp_path: Path):
    with PartStore(tmp_path / "s.csv").held():
        with (
            pytest.raises(RunError, match=r"s\.csv: another run is writing it: wait"),
            PartStore(tmp_path / "s.csv").held(),
        ):
            pass
        with PartStore(tmp_path / "t.csv").held():
            pass
    with PartStore(tmp_path / "s.csv").held():
        pass
    assert list(tmp_path.iterdir()) == []


def test_foreign_files_in_the_folder_survive(tmp_path: Path):
    store = PartStore(tmp_path / "s.csv")
    store.save(FIRST, "a")
    (store.folder / "notes.txt").write_text("mine")
    with store.held():
        store.discard()
    assert [file.name for file in store.folder.iterdir()] == ["notes.txt"]


def test_output_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path):
    with pytest.raises(InputError, match="there is no folder"):
        PartStore(tmp_path / "no" / "s.csv")
