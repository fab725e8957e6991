"""Submissions: the challenge's bytes, whole or not at all, and refused when they do not fit their events."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.errors import ClewWarning, InputError
from clew.io import read_submission, write_submission

FIRST = (1000, np.array([1, 2, 9]), np.array([3, 0, 3], dtype=np.int32))
SECOND = (1001, np.array([5, 4]), np.array([1, 2], dtype=np.int32))
BYTES = b"event_id,hit_id,track_id\n1000,1,3\n1000,2,0\n1000,9,3\n1001,5,1\n1001,4,2\n"


def submitted(folder: Path, rows: str) -> Path:
    path = folder / "submission.csv"
    path.write_text(f"event_id,hit_id,track_id\n{rows}")
    return path


def test_bytes_are_the_challenge_format(tmp_path: Path):
    write_submission(tmp_path / "s.csv", [FIRST, SECOND])
    assert (tmp_path / "s.csv").read_bytes() == BYTES


def test_gzipped_submission_holds_the_same_bytes_and_is_reproducible(tmp_path: Path):
    for name in ("one.csv.gz", "two.csv.gz"):
        write_submission(tmp_path / name, [FIRST, SECOND])
    assert gzip.decompress((tmp_path / "one.csv.gz").read_bytes()) == BYTES
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


def test_failure_leaves_the_old_submission_and_no_other_file(tmp_path: Path):
    path = tmp_path / "s.csv"
    write_submission(path, [FIRST])
    before = path.read_bytes()

    def events():
        yield SECOND
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_submission(path, events())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("s.txt", "a submission's name ends in .csv or .csv.gz: rename it"),
        ("no/s.csv", "there is no folder"),
        ("folder.csv", "is not a plain file, so it cannot be replaced: choose another output"),
    ],
)
def test_outputs_that_cannot_be(tmp_path: Path, name: str, reason: str):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=reason):
        write_submission(tmp_path / name, [FIRST])
    assert [file.name for file in tmp_path.iterdir()] == ["folder.csv"]


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.integers(0, 10**9), st.integers(0, 2**31 - 1), min_size=1, max_size=30),
    st.sampled_from(["csv", "csv.gz"]),
)
def test_labels_come_back_in_the_order_asked_for(tmp_path_factory, tracks: dict[int, int], ending: str):
    path = tmp_path_factory.mktemp("s") / f"s.{ending}"
    hit_id = np.array(list(tracks))
    write_submission(path, [SECOND, (7, hit_id, np.array(list(tracks.values()), dtype=np.int32))])
    wanted = np.sort(hit_id)
    labels = read_submission(path).labels(7, wanted)
    expected = np.array([tracks[int(hit)] for hit in wanted])
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels[:, None] == labels, expected[:, None] == expected)
    np.testing.assert_array_equal(labels == 0, expected == 0)


def test_events_of_a_submission(tmp_path: Path):
    write_submission(tmp_path / "s.csv", [SECOND, FIRST])
    submission = read_submission(tmp_path / "s.csv")
    assert submission.event_ids == [1000, 1001]
    submission.require_events([999, 1000, 1001])
    with pytest.raises(InputError) as caught:
        submission.require_events([1001])
    assert str(caught.value) == (
        f"{tmp_path / 's.csv'}, data row 3: event 1000 is not among the given events: "
        "name the source that holds it"
    )


def test_track_numbers_beyond_32_bits_stay_apart(tmp_path: Path):
    path = submitted(tmp_path, "1,1,4294967297\n1,2,1\n1,3,8589934593\n1,4,0\n")
    assert len(set(read_submission(path).labels(1, np.array([1, 2, 3, 4])).tolist())) == 4


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            "1,10,1\n1,20,1\n1,30,2\n1,20,5\n",
            ", data row 4: hit 20 of event 1 is also in data row 2: give each hit one row",
        ),
        ("2,10,1\n", ": names no hit of event 1: is it for other events?"),
    ],
)
def test_rows_that_do_not_fit_the_event(tmp_path: Path, rows: str, reason: str):
    path = submitted(tmp_path, rows)
    with pytest.raises(InputError) as caught:
        read_submission(path).labels(1, np.array([10, 20, 30]))
    assert str(caught.value).startswith(f"{path}{reason}")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("1,10,1.5\n", ", data row 1: track_id is '1.5', not a whole number: correct it"),
        ("1,10,1\n1,11,x\n", ", data row 2: track_id is 'x', not a whole number: correct it"),
        ("1,10,1\n1,-11,1\n", ", data row 2: hit_id is -11: numbers start at 0"),
        ("", ": holds no rows: give each hit of each event one"),
    ],
)
def test_unreadable_submissions(tmp_path: Path, rows: str, reason: str):
    path = submitted(tmp_path, rows)
    with pytest.raises(InputError) as caught:
        read_submission(path)
    assert str(caught.value) == f"{path}{reason}"


def test_event_number_may_be_missing_for_one_event(tmp_path: Path):
    path = tmp_path / "s.csv"
    path.write_text("hit_id,track_id\n2,7\n1,7\n")
    with pytest.raises(InputError, match="has no column event_id: add it, or name one event as the source"):
        read_submission(path)
    with pytest.warns(ClewWarning, match="no column event_id: all rows are of event 31"):
        submission = read_submission(path, only_event=31)
    assert submission.event_ids == [31]
    assert submission.labels(31, np.array([1, 2])).tolist() == [1, 1]


NOTED = [
    ("1,10,-1\n1,20,4\n1,30,4\n", [-1, 1, 1], ["event 1: 1 hits have -1, which is no track"]),
    ("1,20,4\n1,30,4\n", [-1, 1, 1], ["event 1: 1 hits have no row, and are on no track"]),
    (
        "1,10,0\n1,20,4\n1,30,4\n1,40,4\n",
        [0, 1, 1],
        ["event 1: 1 rows name no hit of the event, and are left out"],
    ),
    (
        "1,10,0.0\n1,20,4.0\n1,30,4.0\n",
        [0, 1, 1],
        ["tables of submission have whole numbers written as floats: track_id"],
    ),
    (
        "1,10,\n1,20,nan\n1,30,-1\n",
        [-1, -1, -1],
        ["event 1: 3 hits have -1, which is no track"],
    ),
    ("1,10,-7\n1,20,0\n1,30,9\n", [-2, 0, 1], []),
]


@pytest.mark.parametrize(("rows", "labels", "notes"), NOTED)
def test_what_the_official_scorer_takes_is_taken_and_noted(tmp_path: Path, rows, labels, notes):
    path = submitted(tmp_path, rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read_submission(path).labels(1, np.array([10, 20, 30]))
    assert [str(one.message) for one in caught] == notes
    assert found.tolist() == labels


def test_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        read_submission(tmp_path / "no.csv")
