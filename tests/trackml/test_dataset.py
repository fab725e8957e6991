from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from clew.errors import InputError
from clew.trackml import dataset

TABLES = {
    "hits": "hit_id,x,y,z,volume_id,layer_id,module_id\n1,{n}.5,2,-1500.25,7,2,1\n4,3,4,5,8,4,20\n",
    "cells": "hit_id,ch0,ch1,value\n1,209,617,0.0138317\n1,210,617,0.07\n4,68,446,0.25\n",
    "particles": "particle_id,vx,vy,vz,px,py,pz,q,nhits\n4503668346847232,0,0,1.5,{n},0.5,-2,-1,9\n",
    "truth": "hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight\n"
    "1,4503668346847232,1,2,-1500,0.1,0.2,-2,7.5e-06\n4,0,3,4,5,1e6,1e6,1e6,0\n",
}
NUMBERS = (3, 10, 21, 22)


def names_and_texts(number: int, folder: str = ""):
    for part, text in TABLES.items():
        yield f"{folder}event{number:09d}-{part}.csv", text.format(n=number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write events 3 and 21 as csv, 10 and 22 as csv.gz, and files that are no events'."""
    for number in NUMBERS:
        for name, text in names_and_texts(number):
            if number % 2:
                (tmp_path / name).write_text(text)
            else:
                (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "detectors.csv").write_text("volume_id\n7\n")
    (tmp_path / "event-12-hits.csv").write_text("not an event\n")
    return tmp_path


@pytest.fixture(params=["", "train-sample/"], ids=["flat", "nested"])
def archive(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "sample.zip"
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr(f"{request.param}readme.txt", "events")
        for number in reversed(NUMBERS):
            for name, text in names_and_texts(number, request.param):
                if number % 2:
                    writer.writestr(name, text)
                else:
                    writer.writestr(f"{name}.gz", gzip.compress(text.encode()))
    return path


def dtypes_of(frame: pd.DataFrame) -> dict[str, str]:
    return {name: dtype.str[1:] for name, dtype in frame.dtypes.items()}


def test_load_event_gives_the_parts_in_order(folder: Path) -> None:
    hits, cells, particles, truth = dataset.load_event(folder / "event000000003")
    assert hits.hit_id.tolist() == [1, 4]
    assert hits.x.tolist() == [3.5, 3.0]
    assert cells.ch0.tolist() == [209, 210, 68]
    assert particles.particle_id.tolist() == [4503668346847232]
    assert truth.particle_id.tolist() == [4503668346847232, 0]


@pytest.mark.parametrize("prefix", ["event000000003", "event000000010"], ids=["csv", "csv.gz"])
def test_column_types_are_the_challenges(folder: Path, prefix: str) -> None:
    hits, cells, particles, truth = dataset.load_event(str(folder / prefix))
    assert dtypes_of(hits) == {
        "hit_id": "i4", "x": "f4", "y": "f4", "z": "f4",
        "volume_id": "i4", "layer_id": "i4", "module_id": "i4",
    }  # fmt: skip
    assert dtypes_of(cells) == {"hit_id": "i4", "ch0": "i4", "ch1": "i4", "value": "f4"}
    assert dtypes_of(particles) == {
        "particle_id": "i8", "vx": "f4", "vy": "f4", "vz": "f4",
        "px": "f4", "py": "f4", "pz": "f4", "q": "i4", "nhits": "i4",
    }  # fmt: skip
    assert dtypes_of(truth) == {
        "hit_id": "i4", "particle_id": "i8", "tx": "f4", "ty": "f4", "tz": "f4",
        "tpx": "f4", "tpy": "f4", "tpz": "f4", "weight": "f4",
    }  # fmt: skip


def test_load_event_with_some_parts(folder: Path) -> None:
    truth, hits = dataset.load_event(folder / "event000000022", parts=["truth", "hits"])
    assert "weight" in truth
    assert "module_id" in hits


def test_single_parts(folder: Path) -> None:
    prefix = folder / "event000000021"
    parts = dataset.load_event(prefix)
    pd.testing.assert_frame_equal(dataset.load_event_hits(prefix), parts[0])
    pd.testing.assert_frame_equal(dataset.load_event_cells(prefix), parts[1])
    pd.testing.assert_frame_equal(dataset.load_event_particles(prefix), parts[2])
    pd.testing.assert_frame_equal(dataset.load_event_truth(prefix), parts[3])


def test_a_prefix_with_wildcards_means_itself(tmp_path: Path) -> None:
    (tmp_path / "event[1]-hits.csv").write_text(TABLES["hits"].format(n=1))
    assert len(dataset.load_event_hits(tmp_path / "event[1]")) == 2


def test_load_dataset_of_a_folder(folder: Path) -> None:
    events = list(dataset.load_dataset(folder))
    assert [event[0] for event in events] == [3, 10, 21, 22]
    assert [event[1].x[0] for event in events] == [3.5, 10.5, 21.5, 22.5]
    assert [len(event) for event in events] == [5] * 4


def test_load_dataset_of_a_zip_is_that_of_the_folder(folder: Path, archive: Path) -> None:
    zipped = list(dataset.load_dataset(str(archive)))
    unzipped = list(dataset.load_dataset(folder))
    assert [event[0] for event in zipped] == [event[0] for event in unzipped]
    for one, other in zip(zipped, unzipped, strict=True):
        for part, same in zip(one[1:], other[1:], strict=True):
            pd.testing.assert_frame_equal(part, same)


@pytest.mark.parametrize(
    ("skip", "nevents", "expected"),
    [
        (None, 2, [3, 10]),
        (1, None, [10, 21, 22]),
        (1, 2, [10, 21]),
        (3, 5, [22]),
        (4, None, []),
        (0, 0, []),
    ],
)
def test_skip_and_nevents(folder: Path, archive: Path, skip, nevents, expected) -> None:
    for source in (folder, archive):
        events = dataset.load_dataset(source, skip=skip, nevents=nevents, parts=["hits"])
        assert [number for number, _ in events] == expected


def test_load_dataset_with_some_parts(folder: Path, archive: Path) -> None:
    for source in (folder, archive):
        for _, truth, hits in dataset.load_dataset(source, parts=["truth", "hits"]):
            assert list(truth.columns)[-1] == "weight"
            assert list(hits.columns)[-1] == "module_id"


def test_what_the_command_reads_is_read(folder: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep" / "er"
    deep.mkdir(parents=True)
    for name, text in names_and_texts(123456789012):
        pq.write_table(pacsv.read_csv(pa.py_buffer(text.encode())), deep / name.replace("csv", "parquet"))
    ((number, *parts),) = dataset.load_dataset(tmp_path / "deep")
    assert number == 123456789012
    assert dtypes_of(parts[0])["hit_id"] == "i4"
    pd.testing.assert_frame_equal(parts[1], dataset.load_event_cells(folder / "event000000003"))


def test_large_hit_numbers_are_kept(tmp_path: Path) -> None:
    text = TABLES["hits"].format(n=1).replace("\n4,", "\n4000000000,")
    (tmp_path / "event1-hits.csv").write_text(text)
    assert dataset.load_event_hits(tmp_path / "event1").hit_id.tolist() == [1, 4000000000]


def test_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"event000000099: no file of hits"):
        dataset.load_event(folder / "event000000099")


def test_two_files_of_one_part_are_refused(folder: Path) -> None:
    (folder / "event000000003-hits.csv.gz").write_bytes(gzip.compress(b"hit_id\n1\n"))
    with pytest.raises(InputError, match=r"holds both .* remove one"):
        dataset.load_event_hits(folder / "event000000003")


def test_unknown_part_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="'tracks' is no part of an event; choose among hits"):
        dataset.load_event(folder / "event000000003", parts=["tracks"])


def test_folders_without_events_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no events"):
        dataset.load_dataset(tmp_path)
    with pytest.raises(InputError, match="there is no such folder or zip file"):
        dataset.load_dataset(tmp_path / "nowhere")


def test_corrupt_zip_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(InputError, match="is no zip file, or a damaged one"):
        dataset.load_dataset(broken)


def test_zip_without_a_part_says_which(tmp_path: Path) -> None:
    path = tmp_path / "test.zip"
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("event000000003-hits.csv", TABLES["hits"].format(n=3))
    assert len(list(dataset.load_dataset(path, parts=["hits"]))) == 1
    with pytest.raises(InputError, match=r"event 3: no file of truth"):
        list(dataset.load_dataset(path, parts=["hits", "truth"]))


@pytest.mark.parametrize(
    "content",
    [b"", b"hit_id,x\n1,far\n", b"hit_id\n1.5\n", b"\xff\xfe\x00"],
    ids=["empty", "word", "float", "bytes"],
)
def test_unreadable_csv_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "event000000003-hits.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"event000000003-hits\.csv(: |, data row 1)") as caught:
        dataset.load_event_hits(tmp_path / "event000000003")
    assert "\n" not in str(caught.value)


def test_truncated_gzip_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(TABLES["hits"].format(n=3).encode())
    (tmp_path / "event000000003-hits.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="the gzip data are truncated or damaged"):
        dataset.load_event_hits(tmp_path / "event000000003")
