"""Events are read as they are written, whatever the format, the order of rows and the numbering of hits."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from clew.detector import trackml
from clew.errors import InputError
from clew.event import Event, Hits
from clew.io import find_events, read_event, read_events, read_modules, write_event

Same = Callable[[Event, Event], None]


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_tables_are_read_as_written_by_hand(write_tables, event: Event, same_event: Same, ending: str):
    same_event(read_event(write_tables(ending)), event)


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "parquet"])
def test_written_event_reads_back_equal(tmp_path: Path, event: Event, same_event: Same, file_format):
    prefix = write_event(tmp_path, event, file_format)
    assert prefix == tmp_path / "event000001000"
    same_event(read_event(prefix), event)


def test_csv_is_written_as_the_challenge_writes_it(tmp_path: Path, event: Event):
    prefix = write_event(tmp_path, event, "csv")
    lines = Path(f"{prefix}-hits.csv").read_bytes().split(b"\n")
    assert lines[:2] == [b"hit_id,x,y,z,volume_id,layer_id,module_id", b"1,-31.5,4.25,-1.5,8,2,7"]
    assert lines[-1] == b""


@settings(max_examples=25, deadline=None)
@given(
    values=hnp.arrays(np.float32, (4, 3), elements=st.floats(-3000, 3000, width=32)),
    file_format=st.sampled_from(["csv", "csv.gz", "parquet"]),
)
def test_any_coordinates_read_back_exactly(tmp_path_factory, values: np.ndarray, file_format):
    module = np.full(4, 2, dtype=np.int32)
    hits = Hits(np.arange(4), *np.ascontiguousarray(values.T), module + 6, module, module)
    prefix = write_event(tmp_path_factory.mktemp("event"), Event(1, hits), file_format)
    lengths = replace(trackml().lengths, depth=np.inf, edge=np.inf)
    read = read_event(prefix, detector=replace(trackml(), lengths=lengths))  # of which hits may be anywhere
    np.testing.assert_array_equal(np.stack([read.hits.x, read.hits.y, read.hits.z], axis=1), values)


def test_only_what_is_asked_for_is_read(write_tables):
    prefix = write_tables(truth="no,truth,at,all\n")
    event = read_event(prefix, ("hits", "cells"))
    assert event.hits.cells is not None
    assert event.particles is None
    assert event.truth is None
    assert read_event(prefix, ()).hits.cells is None


def test_parts_that_are_not_there_are_none(write_tables):
    event = read_event(write_tables(cells=None, particles=None, truth=None))
    assert len(event.hits) == 6
    assert (event.hits.cells, event.particles, event.truth) == (None, None, None)


def test_unknown_part_is_refused(write_tables):
    with pytest.raises(InputError, match="'hit' is not a part of an event"):
        read_event(write_tables(), ("hit",))


def shuffled(text: str, seed: int) -> str:
    head, *rows = text.splitlines()
    order = np.random.default_rng(seed).permutation(len(rows))
    return "\n".join([head, *(rows[k] for k in order)]) + "\n"


def test_unsorted_hits_keep_their_order_and_their_cells_and_truth(write_tables, tables, event: Event):
    read = read_event(
        write_tables(**{part: shuffled(text, k) for k, (part, text) in enumerate(tables.items())})
    )
    hits, truth, cells = read.hits, read.truth, read.hits.cells
    assert truth is not None
    assert cells is not None
    assert list(hits.hit_id) != sorted(hits.hit_id)
    reference = {int(k): row for row, k in enumerate(event.hits.hit_id)}
    rows = [reference[int(k)] for k in hits.hit_id]
    np.testing.assert_array_equal(hits.x, event.hits.x[rows])
    np.testing.assert_array_equal(truth.particle_id, event.truth.particle_id[rows])
    np.testing.assert_array_equal(truth.position[:, 0], hits.x)
    ends = zip(hits.hit_id, cells.offsets, cells.offsets[1:], strict=False)
    values = {int(k): set(cells.value[start:end]) for k, start, end in ends}
    assert values == {1: {0.25, 0.125}, 2: {0.0625}, 3: {1.0}, 4: {2.0}, 5: {4.0}, 9: {0.5}}


def test_quotes_spaces_windows_line_ends_and_column_order_do_not_matter(write_tables, tables, event: Event):
    rows = [line.split(",")[::-1] for line in tables["hits"].splitlines()]
    quoted = [",".join([f'"{row[0]}"', f" {row[1]}", *row[2:]]) for row in rows]
    read = read_event(write_tables(hits="\r\n".join(quoted)))
    np.testing.assert_array_equal(read.hits.x, event.hits.x)


def test_particle_type_of_real_data_is_allowed(write_tables, event: Event):
    text = "particle_id,particle_type,vx,vy,vz,px,py,pz,q,nhits\n7,-211,0,0,1,2,3,4,-1,9\n"
    particles = read_event(write_tables(particles=text, truth=None)).particles
    assert particles is not None
    assert particles.momentum.tolist() == [[2, 3, 4]]


def test_folder_gives_events_in_the_order_of_their_numbers(write_tables, event: Event, same_event: Same):
    folders = {write_tables("csv.gz", number).parent for number in (1002, 7, 1000)}
    folder = folders.pop()
    (folder / "notes.txt").write_text("not an event")
    assert [found.event_id for found in find_events(folder)] == [7, 1000, 1002]
    assert [found.event_id for found in find_events(folder, skip=1, nevents=1)] == [1000]
    for read in read_events(folder):
        same_event(read, replace(event, event_id=read.event_id))


def test_zip_may_hold_events_in_any_folder(write_tables, tmp_path: Path, event: Event, same_event: Same):
    plain, zipped = write_tables("csv", 1000), write_tables("csv.gz", 2000)
    archive = tmp_path / "train.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in tmp_path.glob("event*"):
            target.write(file, f"deep/er/{file.name}" if plain.name in file.name else file.name)
        target.writestr("__MACOSX/._event000001000-hits.csv", b"junk")
    sources = pickle.loads(pickle.dumps(find_events(archive)))
    assert [source.event_id for source in sources] == [1000, 2000]
    for source in sources:
        same_event(read_event(source), replace(event, event_id=source.event_id))
    assert zipped.name == "event000002000"


def test_one_event_is_read_from_its_folder_but_not_from_one_of_several(
    write_tables, same_event: Same, event: Event
):
    folder = write_tables().parent
    same_event(read_event(folder), event)
    write_tables(event_id=1001)
    with pytest.raises(InputError, match="holds 2 events: name one by its prefix"):
        read_event(folder)


def test_fingerprint_follows_files_and_settings(write_tables):
    prefix = write_tables()
    source = find_events(prefix)[0]
    before = source.fingerprint("a")
    assert find_events(prefix)[0].fingerprint("a") == before
    assert source.fingerprint("b") != before
    hits = Path(f"{prefix}-hits.csv")
    hits.write_text(hits.read_text().replace("9,0.1", "9,0.25"))
    assert source.fingerprint("a") != before


DETECTORS = (
    "volume_id,layer_id,module_id,cx,cy,cz,rot_xu,rot_xv,rot_xw,rot_yu,rot_yv,rot_yw,rot_zu,rot_zv,rot_zw,"
    "module_t,module_minhu,module_maxhu,module_hv,pitch_u,pitch_v\n"
    "7,2,1,-65.75,-5.25,-1502.5,1,2,3,4,5,6,7,8,9,0.15,8.5,8.25,36,0.05,0.0625\n"
)


def test_detector_columns_go_where_they_belong(tmp_path: Path):
    (tmp_path / "detectors.csv").write_text(DETECTORS)
    modules = read_modules(tmp_path / "detectors.csv")
    assert (modules.volume[0], modules.layer[0], modules.module[0]) == (7, 2, 1)
    np.testing.assert_array_equal(modules.centre, np.float32([[-65.75, -5.25, -1502.5]]))
    np.testing.assert_array_equal(modules.rotation[0] @ np.float32([0, 0, 1]), np.float32([3, 6, 9]))
    np.testing.assert_array_equal(modules.half_size, np.float32([[0.15, 8.5, 8.25, 36]]))
    np.testing.assert_array_equal(modules.pitch, np.float32([[0.05, 0.0625]]))
