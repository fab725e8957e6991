"""Tables as other programs write them: read where their meaning is clear, else refused by what is unusual."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clew.errors import ClewWarning, InputError
from clew.event import Event
from clew.io import TableFile, find_events, read_event, read_events, write_event


def refusal(source: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        read_event(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


def floats(text: str) -> str:
    """Return the hits with all whole numbers written as floats."""
    head, *rows = text.splitlines()
    return "\n".join([head, *(",".join(str(float(field)) for field in row.split(",")) for row in rows)])


def test_whole_numbers_written_as_floats_are_read(write_tables, tables, event: Event, same_event):
    prefix = write_tables(hits=floats(tables["hits"]))
    with pytest.warns(
        ClewWarning, match="tables of hits have whole numbers written as floats: hit_id, volume"
    ):
        same_event(read_event(prefix), event)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("0x7", "module_id is '0x7', not a whole number: correct it"),
        ("true", "module_id is 'true', not a whole number: correct it"),
        ("9" * 5000, f"module_id is {'9' * 40}..., too large for int32: correct it"),
        ("9007199254740993.0", "module_id is '9007199254740993.0', which as a float has lost digits"),
    ],
)
def test_numbers_that_are_refused(write_tables, tables, written: str, reason: str):
    prefix = write_tables(hits=tables["hits"].replace("8,2,7", f"8,2,{written}"))
    assert f"{prefix}-hits.csv, data row 1: {reason}" in refusal(prefix)


def test_identities_of_64_bits_keep_their_bits(write_tables, tables):
    large = str(2**64 - 5)
    changed = {part: tables[part].replace("4503737066323968", large) for part in ("particles", "truth")}
    event = read_event(write_tables(**changed))
    assert event.particles.particle_id.view(np.uint64)[1] == 2**64 - 5
    assert event.truth.particle_id.view(np.uint64)[2] == 2**64 - 5


def test_columns_that_are_not_of_the_format_are_left_out(write_tables, tables, event: Event, same_event):
    rows = [f"{k},{line},red" for k, line in enumerate(tables["hits"].splitlines()[1:])]
    prefix = write_tables(hits="\n".join([f",{tables['hits'].splitlines()[0]},colour", *rows]))
    with pytest.warns(ClewWarning, match="not of the format, left out: '', 'colour'$"):
        same_event(read_event(prefix), event)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda text: text.replace(",", ";").encode(), "columns are separated by semicolons: write commas"),
        (lambda text: text.replace(",", "\t").encode(), "columns are separated by tabs: write commas"),
        (
            lambda text: text.replace(",", ";").replace(".", ",").encode(),
            "separated by semicolons, and numbers have decimal commas",
        ),
        (lambda text: text.encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        (lambda text: gzip.compress(text.encode()), "is gzip data, not csv: give it the ending that says so"),
        (
            lambda _: b"particle_id,geometry_id,tx,ty,tz,tt\n1,2,3,4,5,6\n",
            "module_id are missing from the header: it looks like a table of ACTS (geometry_id)",
        ),
    ],
)
def test_other_formats_are_named(write_tables, tables, content, reason: str):
    prefix = write_tables()
    Path(f"{prefix}-hits.csv").write_bytes(content(tables["hits"]))
    assert reason in refusal(prefix)


def test_tables_of_lists_are_named(tmp_path: Path):
    columns = {"event_id": [1], "x": [[1.0, 2.0]], "y": [[1.0, 2.0]]}
    pq.write_table(pa.table(columns), tmp_path / "train-00000.parquet")
    assert "holds no events; train-00000.parquet looks like ColliderML's" in refusal(tmp_path)


def test_parquet_of_booleans_and_of_short_floats_is_refused(tmp_path: Path, event: Event):
    file = Path(f"{write_event(tmp_path, event, 'parquet')}-hits.parquet")
    table = pq.read_table(file)
    pq.write_table(table.set_column(0, "hit_id", pa.array([True] * 6)), file)
    assert refusal(tmp_path) == f"{file}: column hit_id (bool) does not fit int64: write it so"
    pq.write_table(table.set_column(0, "hit_id", pa.array([2.0**25, 1, 2, 3, 4, 5], pa.float32())), file)
    assert "data row 1: hit_id has lost digits as float: write whole numbers" in refusal(tmp_path)


def test_hits_without_cells_where_others_have_some(write_tables, tables):
    prefix = write_tables(cells="\n".join(tables["cells"].splitlines()[:-1]))
    assert "hit_id 9 has no cells, 1 of 6 hits in all: is the file cut off?" in refusal(prefix)


def test_a_coordinate_outside_the_detector_is_named(write_tables, tables):
    prefix = write_tables(hits=tables["hits"].replace("-71.25,9.5", "-7125000,9.5"), cells=None)
    with pytest.warns(ClewWarning):
        message = refusal(prefix)
    assert message.startswith(
        f"{prefix}-hits.csv, data row 2: x -7.125e+06, y 9.5, z -3.5 mm is outside TrackML"
    )


@pytest.mark.parametrize(
    ("ending", "compress"),
    [("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstd), ("gz", gzip.compress)],
)
def test_compressed_tables_and_their_limit(write_tables, event: Event, same_event, ending, compress):
    prefix = write_tables()
    for file in prefix.parent.glob("*.csv"):
        file.with_name(f"{file.name}.{ending}").write_bytes(compress(file.read_bytes()))
        file.unlink()
    same_event(read_event(prefix), event)
    (source,) = find_events(prefix, limit=100)
    with pytest.raises(InputError, match=r"unpacks to more than .* GiB: raise the limit"):
        read_event(source)
    hits = Path(f"{prefix}-hits.csv.{ending}")
    hits.write_bytes(hits.read_bytes()[:-9])
    assert "data are truncated or damaged: copy the file again" in refusal(prefix)


def test_folders_of_folders_and_zips_in_zips(write_tables, tmp_path: Path, event: Event, same_event):
    prefix, inner = write_tables(), tmp_path / "inner.zip"
    deep = tmp_path / "all" / "train_1" / "part"
    deep.mkdir(parents=True)
    with zipfile.ZipFile(inner, "w") as target:
        for file in tmp_path.glob("event*"):
            target.write(file, f"train/{file.name}")
            file.rename(deep / file.name)
    (deep / f"._{prefix.name}-hits.csv").write_bytes(b"\0")
    (tmp_path / "all" / "loop").symlink_to(tmp_path / "all")
    (tmp_path / "zips").mkdir()
    with zipfile.ZipFile(tmp_path / "zips" / "outer.zip", "w", zipfile.ZIP_DEFLATED) as target:
        target.write(inner, "data/inner.zip")
        target.writestr("__MACOSX/data/inner.zip", b"junk")
    for source in ("all", "zips", "zips/outer.zip"):
        (read,) = read_events(tmp_path / source)
        same_event(read, event)


def test_event_numbers_of_any_length(write_tables):
    folder = write_tables(event_id=123456789012345).parent
    Path(folder / "event7-hits.csv").write_text("")
    assert [source.event_id for source in find_events(folder)] == [7, 123456789012345]
    Path(folder / f"event{'9' * 30}-hits.csv").write_text("")
    with pytest.raises(InputError, match="the event number has over 18 digits: rename it"):
        find_events(folder)


def test_a_pipe_is_refused_instead_of_waited_for(write_tables):
    prefix = write_tables(hits=None)
    os.mkfifo(f"{prefix}-hits.csv")
    assert "not a plain file" in refusal(prefix)
    assert TableFile(Path("nowhere.csv")).name == "nowhere.csv"


def test_truth_without_weight_momentum_or_number_of_hits(write_tables, tables, tmp_path: Path, event: Event):
    truth = "\n".join(",".join(line.split(",")[:5]) for line in tables["truth"].splitlines())
    particles = "\n".join(line.rpartition(",")[0] for line in tables["particles"].splitlines())
    read = read_event(write_tables(truth=truth, particles=particles))
    np.testing.assert_array_equal(read.particles.n_hits, event.particles.n_hits)
    np.testing.assert_array_equal(read.truth.position, event.truth.position)
    read.truth.require("position")
    with pytest.raises(InputError, match="the truth lacks columns tpx, tpy, tpz: add them"):
        read.truth.require("momentum")
    written = write_event(tmp_path, read, "csv")
    assert Path(f"{written}-truth.csv").read_text().startswith("hit_id,particle_id,tx,ty,tz\n")


def test_particles_that_do_not_fit_the_truth_are_told_of(write_tables, tables):
    other = tables["particles"].replace("4503668346847232", "0")
    with pytest.warns(ClewWarning) as caught:
        read_event(write_tables(particles=other))
    zero, lacking = (str(one.message) for one in caught)
    assert zero.startswith("event 1000: particle_id 0 is listed as a particle, but means noise")
    assert lacking.startswith("event 1000: only 1 of the 2 particles of the truth are in the particles file")
    with pytest.warns(ClewWarning, match="none of the 2 particles of the truth"):
        read_event(write_tables(particles=tables["particles"].replace("\n4", "\n5")))
