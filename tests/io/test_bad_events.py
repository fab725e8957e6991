"""Every bad input is refused with one line that names file, row and remedy."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clew.errors import InputError
from clew.event import Event
from clew.io import find_events, read_event, write_event


def refusal(source: str | Path) -> str:
    """Read the event of a source that must be refused and return the message."""
    with pytest.raises(InputError) as caught:
        read_event(source)
    message = str(caught.value)
    assert "\n" not in message
    return message


BAD_ROWS = [
    ("hits", "2,-71.25", "2,nan", "data row 2: x is nan, not a finite number: correct it or remove the row"),
    (
        "hits",
        "2,-71.25",
        "2,-inf",
        "data row 2: x is -inf, not a finite number: correct it or remove the row",
    ),
    ("hits", "2,-71.25", "2,1e39", "data row 2: x is inf, not a finite number: correct it or remove the row"),
    ("hits", "4,71.0,1.5", "4,,1.5", "data row 4: x is '', not a number: correct it"),
    ("hits", "4,71.0,1.5", "4,71_0,1.5", "data row 4: x is '71_0', not a number: correct it"),
    ("hits", "8,4,448", "8,4,44.8", "data row 4: module_id is '44.8', not a whole number: correct it"),
    (
        "hits",
        "8,4,448",
        "8,4,3000000000",
        "data row 4: module_id is 3000000000, too large for int32: correct it",
    ),
    ("hits", "8,4,448", "8,4", "data row 4: 6 fields instead of 7: is the file cut off?"),
    ("hits", "8,4,448", "8,4,4,8", "data row 4: 8 fields instead of 7: are there decimal commas?"),
    ("hits", "\n5,", "\n3,", "data row 5: hit_id 3 is also in data row 3: remove one of them"),
    (
        "hits",
        "8,2,224",
        "8,2,225",
        "data row 3: there is no such module (volume 8, layer 2, module 225) in the detector "
        "TrackML: correct the row, or read the event with the detector that measured it",
    ),
    (
        "hits",
        "8,4,11",
        "10,4,11",
        "data row 2: there is no such module (volume 10, layer 4, module 11) in the detector "
        "TrackML: correct the row, or read the event with the detector that measured it",
    ),
    (
        "cells",
        "3,5,6",
        "6,5,6",
        "data row 4: hit_id 6 is not among the event's hits: use the file of the same event",
    ),
    ("cells", "0.125", "inf", "data row 2: value is inf, not a finite number: correct it or remove the row"),
    (
        "truth",
        "\n5,",
        "\n8,",
        "data row 5: hit_id 8 is not among the event's hits: use the file of the same event",
    ),
    ("truth", "\n5,", "\n4,", "data row 5: hit_id 4 is also in data row 4: remove one of them"),
    ("truth", "-1502.5", "NaN", "data row 6: tz is nan, not a finite number: correct it or remove the row"),
    (
        "particles",
        "\n4503737066323968",
        "\n4503668346847232",
        "data row 2: particle_id 4503668346847232 is also in data row 1: remove one of them",
    ),
]


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize(("part", "good", "bad", "reason"), BAD_ROWS)
def test_bad_row_is_named(write_tables, tables, part: str, good: str, bad: str, reason: str, ending: str):
    assert good in tables[part]
    prefix = write_tables(ending, **{part: tables[part].replace(good, bad, 1)})
    assert refusal(prefix) == f"{prefix}-{part}.{ending}, {reason}"


def test_bad_row_is_found_far_down(write_tables, tables):
    rows = "".join(f"{k},1.0,2.0,3.0,8,2,7\n" for k in range(10, 60_000))
    prefix = write_tables(hits=f"{tables['hits']}{rows}70000,1.0,oops,3.0,8,2,7\n")
    assert refusal(prefix).endswith(f"data row {6 + 59_990 + 1}: y is 'oops', not a number: correct it")


def test_truth_that_lacks_hits(write_tables, tables):
    lines = tables["truth"].splitlines()
    prefix = write_tables(truth="\n".join([*lines[:3], *lines[5:]]))
    assert refusal(prefix) == (
        f"{prefix}-truth.csv: hit_id 3 (data row 3 of the hits) is missing, 2 of 6 hits in all: "
        "use the truth file of the same event"
    )


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("hit_id,x,y,volume_id,layer_id,module_id", "column z is missing from the header"),
        ("hit_id,x,y,z,volume_id,layer_id,module_id,x", "a column is there twice in the header"),
        ("", "columns hit_id, x, y, z, volume_id, layer_id, module_id are missing from the header"),
    ],
)
def test_wrong_columns(write_tables, tables, header: str, reason: str):
    prefix = write_tables(hits=f"{header}\n{tables['hits'].partition(chr(10))[2]}")
    message = refusal(prefix)
    assert message.startswith(f"{prefix}-hits.csv: {reason}")
    assert message.endswith("the columns are hit_id,x,y,z,volume_id,layer_id,module_id")


@pytest.mark.parametrize(
    ("n_rows", "ending", "number"), [(0, "\n", "no hits"), (0, "", "no hits"), (1, "\n", "one hit")]
)
def test_events_too_small_for_a_track(write_tables, tables, n_rows: int, ending: str, number: str):
    prefix = write_tables(hits="\n".join(tables["hits"].splitlines()[: n_rows + 1]) + ending)
    assert refusal(prefix) == f"{prefix}-hits.csv: holds {number}, and a track needs more: remove the event"


def test_empty_file(write_tables):
    prefix = write_tables(hits="")
    assert refusal(prefix).startswith(f"{prefix}-hits.csv: columns hit_id, x, y, z, volume_id, layer_id, ")


def test_module_that_detectors_csv_does_not_list(write_tables):
    prefix = write_tables()
    header = (
        "volume_id,layer_id,module_id,cx,cy,cz,rot_xu,rot_xv,rot_xw,rot_yu,rot_yv,rot_yw,rot_zu,rot_zv,rot_zw,"
        "module_t,module_minhu,module_maxhu,module_hv,pitch_u,pitch_v"
    )
    listed = [(8, 2, 7), (8, 4, 11), (8, 2, 224), (8, 6, 728), (7, 2, 108)]
    rows = [",".join(map(str, module)) + ",0" * 18 for module in listed]
    detectors = prefix.with_name("detectors.csv")
    detectors.write_text("\n".join([header, *rows, "8,4,448" + ",0" * 18]))
    assert len(read_event(prefix).hits) == 6
    detectors.write_text("\n".join([header, *rows]))
    assert refusal(prefix) == (
        f"{prefix}-hits.csv, data row 4: there is no such module (volume 8, layer 4, module 448): "
        f"correct the row, or use the {detectors} of this data set"
    )


@pytest.mark.parametrize("part", ["hits", "cells", "particles", "truth"])
def test_truncated_gzip(write_tables, part: str):
    prefix = write_tables("csv.gz")
    file = Path(f"{prefix}-{part}.csv.gz")
    file.write_bytes(file.read_bytes()[:-20])
    assert refusal(prefix) == f"{file}: the gzip data are truncated or damaged: copy the file again"


def test_plain_text_called_gzip(write_tables, tables):
    prefix = write_tables("csv.gz")
    file = Path(f"{prefix}-hits.csv.gz")
    file.write_text(tables["hits"])
    assert refusal(prefix) == f"{file}: the gzip data are truncated or damaged: copy the file again"


@pytest.mark.parametrize("keep", [0, 4, -30])
def test_truncated_parquet(tmp_path: Path, event: Event, keep: int):
    prefix = write_event(tmp_path, event, "parquet")
    file = Path(f"{prefix}-hits.parquet")
    file.write_bytes(file.read_bytes()[:keep])
    assert refusal(prefix) == f"{file}: the parquet data are damaged: copy the file again"


def test_flipped_bits_in_parquet(tmp_path: Path, event: Event):
    prefix = write_event(tmp_path, event, "parquet")
    file = Path(f"{prefix}-hits.parquet")
    column = pq.read_metadata(file).row_group(0).column(1)
    content = bytearray(file.read_bytes())
    content[column.data_page_offset + column.total_compressed_size - 2] ^= 0xFF
    file.write_bytes(content)
    assert refusal(prefix) == f"{file}: the parquet data are damaged: copy the file again"


def test_parquet_with_gaps_or_wrong_types(tmp_path: Path, event: Event):
    prefix = write_event(tmp_path, event, "parquet")
    file = Path(f"{prefix}-hits.parquet")
    table = pq.read_table(file)
    pq.write_table(table.set_column(1, "x", pa.array([1.0, None, 3.0, 4.0, 5.0, 6.0])), file)
    assert refusal(prefix) == f"{file}, data row 2: x is empty: fill it in or remove the row"
    pq.write_table(table.set_column(0, "hit_id", pa.array([1.0, 2.5, 3.0, 4.0, 5.0, 6.0])), file)
    assert refusal(prefix) == f"{file}, data row 2: hit_id is 2.5, not a whole number: correct it"


def zipped(folder: Path) -> Path:
    archive = folder / "events.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted(folder.glob("event*-*")):
            target.write(file, f"train/{file.name}")
    return archive


def test_corrupt_zip(write_tables):
    archive = zipped(write_tables().parent)
    content = archive.read_bytes()
    archive.write_bytes(content[:-60])
    assert refusal(archive) == f"{archive}: is no zip file, or a damaged one: copy the file again"
    archive.write_bytes(content.replace(b"-31.5,4.25", b"-31.5,9.25", 1))
    with pytest.raises(InputError) as caught:
        for source in find_events(archive):
            read_event(source)
    assert str(caught.value).endswith(".csv: the zip file is damaged here: copy the file again")


def test_bad_row_in_a_zip(write_tables, tables):
    archive = zipped(write_tables(hits=tables["hits"].replace("-31.5", "x")).parent)
    assert refusal(archive) == (
        f"{archive}:train/event000001000-hits.csv, data row 1: x is 'x', not a number: correct it"
    )


def test_sources_that_hold_no_event(tmp_path: Path):
    missing = tmp_path / "nowhere"
    assert (
        refusal(missing)
        == f"{missing}: there is no such folder or zip file, nor an event of this prefix: check it"
    )
    named = "holds no events: files are named like event000001000-hits.csv (or .csv.gz, .parquet)"
    assert refusal(tmp_path) == f"{tmp_path}: {named}"
    assert refusal(tmp_path / "event000000001") == f"{tmp_path / 'event000000001'}: {named}"
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    assert refusal(empty) == f"{empty}: {named}"


def test_a_single_table_is_not_a_source(write_tables):
    file = f"{write_tables()}-hits.csv"
    assert refusal(file) == (
        f"{file}: is one table: give the event's prefix (without -hits.csv), a folder or a zip"
    )


def test_event_without_hits_file(write_tables):
    prefix = write_tables(hits=None)
    assert refusal(prefix) == (
        f"event 1000 has no hits file beside {prefix}-cells.csv: add it, or remove the event's files"
    )


def test_two_files_of_one_table(write_tables):
    prefix = write_tables("csv")
    write_tables("csv.gz", particles=None, cells=None, truth=None)
    assert refusal(prefix) == (f"{prefix}: holds both {prefix}-hits.csv and {prefix}-hits.csv.gz: remove one")


def test_counts_that_leave_no_event(write_tables):
    folder = write_tables().parent
    with pytest.raises(InputError, match="holds 1 events, none are left after skipping 1: skip fewer"):
        find_events(folder, skip=1)
    with pytest.raises(InputError, match="cannot skip -1 events"):
        find_events(folder, skip=-1)


def test_gzip_of_a_cut_table_is_told_from_a_cut_gzip(write_tables, tables):
    cut = tables["truth"][:-30]
    prefix = write_tables("csv.gz")
    Path(f"{prefix}-truth.csv.gz").write_bytes(gzip.compress(cut.encode()))
    assert refusal(prefix).startswith(f"{prefix}-truth.csv.gz, data row 6: ")
