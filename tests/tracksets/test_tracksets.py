"""Track sets hold the events' truth, are the same however they are made, and are read when whole only."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.cli.main import main
from clew.errors import InputError
from clew.event import Cells, Event
from clew.io import find_events, read_event, write_event
from clew.tracksets import Tracks, make_tracks, open_tracks, tracks_of
from clew.tracksets.shards import read_shard, write_shard
from clew.tracksets.tracks import cluster_shapes


def with_cells(event: Event, number: int) -> Event:
    rng = np.random.default_rng(number)
    counts = rng.integers(1, 4, len(event.hits))
    n = int(counts.sum())
    channel = rng.integers(0, 900, (n, 2)).astype(np.int32)
    cells = Cells(np.append(0, np.cumsum(counts)), channel, rng.random(n).astype(np.float32))
    return replace(event, event_id=number, hits=replace(event.hits, cells=cells))


@pytest.fixture(scope="module")
def events(make_toy_event: Callable[..., Event]) -> list[Event]:
    return [with_cells(make_toy_event(20, seed=k, smear=0.02, noise=30), k) for k in (1, 2, 3)]


@pytest.fixture
def folder(events: list[Event], tmp_path: Path) -> Path:
    """The events as files, each in another format."""
    folder = tmp_path / "events"
    folder.mkdir()
    for event, kind in zip(events, ("csv", "csv.gz", "parquet"), strict=True):
        write_event(folder, event, kind)
    return folder


def dataset(*arguments: str | Path) -> int:
    return main(["dataset", *map(str, arguments)])


def same(a: Tracks, b: Tracks) -> None:
    assert (a.event_id, a.clusters is None) == (b.event_id, b.clusters is None)
    for name in ("offsets", "particle_id", "vertex", "momentum", "charge", "true_position", "true_momentum"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype
    for name in ("hit_id", "x", "y", "z", "volume", "layer", "module"):
        np.testing.assert_array_equal(getattr(a.hits, name), getattr(b.hits, name))
        assert getattr(a.hits, name).dtype == getattr(b.hits, name).dtype
    if a.clusters is not None and b.clusters is not None:
        for name in ("n_cells", "width", "charge"):
            np.testing.assert_array_equal(getattr(a.clusters, name), getattr(b.clusters, name))


def test_tracks_are_the_particles_and_their_hits_outwards(events: list[Event]) -> None:
    event = events[0]
    assert event.truth is not None
    assert event.particles is not None
    tracks = tracks_of(event)
    assert set(tracks.particle_id) == set(event.truth.particle_id) - {0}
    rows = tracks.hits.hit_id - 1  # the toy event numbers its hits from 1 on
    np.testing.assert_array_equal(event.truth.particle_id[rows], tracks.particle_id[tracks.owners])
    np.testing.assert_array_equal(event.hits.x[rows], tracks.hits.x)
    np.testing.assert_array_equal(event.truth.position[rows], tracks.true_position)
    away = np.linalg.norm(tracks.true_position - tracks.vertex[tracks.owners], axis=1)
    assert (np.diff(away)[np.diff(tracks.owners) == 0] >= 0).all()
    listed = np.searchsorted(event.particles.particle_id, tracks.particle_id)
    np.testing.assert_array_equal(tracks.momentum, event.particles.momentum[listed])
    np.testing.assert_array_equal(tracks.lengths, event.particles.n_hits[listed])
    np.testing.assert_allclose(tracks.pt, event.particles.pt[listed])


def test_cluster_shapes_by_hand() -> None:
    channel = np.array([(10, 5), (12, 5), (11, 6), (3, 3)], np.int32)
    shapes = cluster_shapes(Cells(np.array([0, 3, 3, 4]), channel, np.array([1, 2, 3, 0.5], np.float32)))
    assert shapes.n_cells.tolist() == [3, 0, 1]
    assert shapes.width.tolist() == [[3, 2], [0, 0], [1, 1]]
    assert shapes.charge.tolist() == [6.0, 0.0, 0.5]


@given(st.lists(st.integers(0, 19), max_size=30))
def test_selected_tracks_keep_their_hits(make_toy_event: Callable[..., Event], chosen: list[int]) -> None:
    tracks = tracks_of(with_cells(make_toy_event(20, seed=1), 1))
    numbers = np.array(chosen, dtype=np.int64) % len(tracks)
    some = tracks.select(numbers)
    np.testing.assert_array_equal(some.particle_id, tracks.particle_id[numbers])
    for k, number in enumerate(numbers):
        mine, whole = slice(*some.offsets[k : k + 2]), slice(*tracks.offsets[number : number + 2])
        np.testing.assert_array_equal(some.hits.hit_id[mine], tracks.hits.hit_id[whole])
        assert some.clusters is not None
        assert tracks.clusters is not None
        np.testing.assert_array_equal(some.clusters.width[mine], tracks.clusters.width[whole])


def test_a_shard_reads_back_equal(events: list[Event], tmp_path: Path) -> None:
    bare = replace(events[0], hits=replace(events[0].hits, cells=None))
    for event in (events[0], bare):
        write_shard(tmp_path / "shard.npz", tracks_of(event))
        same(read_shard(tmp_path / "shard.npz"), tracks_of(event))


def test_a_set_holds_its_events_whatever_their_format_and_the_workers(
    folder: Path, events: list[Event], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for jobs in ("1", "2"):
        assert dataset(folder, "-o", tmp_path / f"jobs{jobs}", "--jobs", jobs) == 0
    assert "3 events, 60 tracks" in capsys.readouterr().out
    one, two = (sorted((tmp_path / f"jobs{jobs}").glob("*.npz")) for jobs in (1, 2))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    tracks = open_tracks(tmp_path / "jobs1")
    assert (len(tracks), tracks.n_tracks) == (3, 60)
    for shard, event in zip(tracks, events, strict=True):
        same(shard, tracks_of(event))


def test_shuffling_is_decided_by_the_seed(folder: Path, tmp_path: Path) -> None:
    dataset(folder, "-o", tmp_path / "set")
    tracks = open_tracks(tmp_path / "set", tmp_path / "set")
    assert len(tracks) == 6
    orders = [[(s.event_id, *s.particle_id) for s in tracks.shuffled(seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    plain = [(s.event_id, *np.sort(s.particle_id)) for s in tracks]
    assert sorted((e, *sorted(ids)) for e, *ids in orders[0]) == sorted(
        (int(e), *map(int, i)) for e, *i in plain
    )


def test_an_interrupted_run_goes_on_and_is_not_read_before(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "set"
    work = make_tracks(find_events(folder), output, 1, "the command")
    next(work)
    work.close()
    with pytest.raises(InputError, match="interrupted: run `the command` again"):
        open_tracks(output)
    first = output / "event000000001.npz"
    before = first.stat().st_mtime_ns
    assert dataset(folder, "-o", output) == 0
    assert first.stat().st_mtime_ns == before
    assert [shard.event_id for shard in open_tracks(output)] == [1, 2, 3]


def test_a_changed_event_is_made_again_and_more_are_added(
    folder: Path, events: list[Event], make_toy_event: Callable[..., Event], tmp_path: Path
) -> None:
    output = tmp_path / "set"
    assert dataset(folder, "-o", output) == 0
    for file in folder.glob("event000000002*"):
        file.unlink()
    changed = with_cells(make_toy_event(7, seed=9), 2)
    write_event(folder, changed, "csv")
    write_event(folder, replace(events[0], event_id=4), "csv")
    assert dataset(folder, "-o", output) == 0
    tracks = open_tracks(output)
    assert [shard.event_id for shard in tracks] == [1, 2, 3, 4]
    same(tracks[1], tracks_of(changed))


def test_other_events_are_not_mixed_in(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dataset(folder, "-o", tmp_path / "set") == 0
    assert dataset(folder, "--events", "1", "-o", tmp_path / "set") == 2
    assert "holds event 2, 2 in all, which is not asked for" in capsys.readouterr().err
    assert len(open_tracks(tmp_path / "set")) == 3


def test_bad_events_leave_no_whole_set(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = folder / "event000000001-truth.csv"
    content = truth.read_bytes()
    truth.unlink()
    assert dataset(folder, "-o", tmp_path / "set") == 2
    assert "event 1 has no truth" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()
    truth.write_bytes(content[:-30])
    assert dataset(folder, "-o", tmp_path / "set") == 2
    assert "event000000001-truth.csv" in capsys.readouterr().err
    with pytest.raises(InputError, match="interrupted"):
        open_tracks(tmp_path / "set")


def test_what_is_no_track_set_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no track set: make one with `clew dataset"):
        open_tracks(folder)
    output = tmp_path / "set"
    dataset(folder, "-o", output)
    index = output / "tracks.json"
    content = index.read_text()
    for broken in ("", "[]", content.replace('"event_id": 1', '"event": 1')):
        index.write_text(broken)
        with pytest.raises(InputError, match=r"tracks\.json: not a readable list"):
            open_tracks(output)
    index.write_text(json.dumps(json.loads(content) | {"format": "clew tracks 0"}))
    with pytest.raises(InputError, match="of another version of Clew"):
        open_tracks(output)


def test_the_settings_of_a_simulation_are_kept(folder: Path, tmp_path: Path) -> None:
    record = folder / "simulation.toml"
    record.write_text("[simulation]\nseed = 7\n")
    assert dataset(folder, "-o", tmp_path / "set") == 0
    (index,) = open_tracks(tmp_path / "set").indices
    assert index.simulation == {"seed": 7}
    record.write_text("seed = ")
    assert dataset(folder, "-o", tmp_path / "other") == 2
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "another"])
def test_a_damaged_shard_is_refused(folder: Path, tmp_path: Path, damage: str) -> None:
    output = tmp_path / "set"
    dataset(folder, "-o", output)
    shard = output / "event000000002.npz"
    content = bytearray(shard.read_bytes())
    if damage == "cut":
        shard.write_bytes(content[:-100])
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
        shard.write_bytes(content)
    elif damage == "another":
        shard.write_bytes((output / "event000000001.npz").read_bytes())
    else:
        shard.unlink()
    with pytest.raises(InputError, match=r"event000000002\.npz: not .*`clew dataset` again"):
        list(open_tracks(output))


def test_events_of_any_source_can_be_sets(event_source: Path, tmp_path: Path) -> None:
    assert dataset(event_source, "-o", tmp_path / "set", "--events", "1") == 0
    (tracks,) = open_tracks(tmp_path / "set")
    same(tracks, tracks_of(read_event(find_events(event_source)[0])))


@pytest.fixture
def event_source() -> Path:
    """The events that come with Clew."""
    from clew.data import events_folder

    return events_folder()
