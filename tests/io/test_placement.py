"""Hits off the surfaces of their layers are told of, and events of nothing else are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.cli.main import main
from clew.data import events_folder
from clew.detector import Detector, trackml
from clew.errors import ClewWarning, InputError
from clew.event import Event, Hits
from clew.io import find_events, read_event, read_events, write_event
from clew.io.placement import misplaced_hits

Change = Callable[[Hits], Hits]
RADII = (40.0, 90.0, 160.0, 260.0, 380.0, 520.0)


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(events_folder() / "event000000001")


def scaled(factor: float) -> Change:
    factor32 = np.float32(factor)
    return lambda hits: replace(hits, x=hits.x * factor32, y=hits.y * factor32, z=hits.z * factor32)


def other_radii(hits: Hits) -> Hits:
    """Return as many hits on six cylinders, numbered as TrackML's innermost barrels are."""
    rng, n = np.random.default_rng(3), len(hits)
    number, phi = rng.integers(0, 6, n), rng.uniform(-np.pi, np.pi, n)
    r = np.array(RADII)[number]
    x, y = (r * np.cos(phi)).astype(np.float32), (r * np.sin(phi)).astype(np.float32)
    volume = np.where(number < 4, 8, 13).astype(np.int32)
    layer = (2 * np.where(number < 4, number + 1, number - 3)).astype(np.int32)
    z = rng.uniform(-400.0, 400.0, n).astype(np.float32)
    return replace(hits, x=x, y=y, z=z, volume=volume, layer=layer, module=np.ones(n, np.int32), cells=None)


def test_the_bundled_events_lie_on_their_layers() -> None:
    for source in find_events(events_folder()):
        assert misplaced_hits(read_event(source, ()).hits).share == 0.0


@pytest.mark.parametrize(
    ("change", "axis"),
    [
        (scaled(0.1), "r"),
        (scaled(0.001), "r"),
        (scaled(1000.0), "z"),
        (lambda hits: replace(hits, x=hits.z, z=hits.x), "r"),
        (lambda hits: replace(hits, y=hits.z, z=hits.y), "r"),
    ],
    ids=["cm", "m", "um", "x and z", "y and z"],
)
def test_wrong_units_and_swapped_axes_are_refused(
    event: Event, change: Change, axis: str, tmp_path: Path
) -> None:
    prefix = write_event(tmp_path, replace(event, hits=change(event.hits)), "parquet")
    with pytest.raises(InputError) as caught:
        read_event(prefix, ())
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("event 1: ")
    assert "% of the hits lie off the surfaces of their layers (median " in message
    assert message.endswith(f" mm in {axis}): wrong units, swapped axes, or another detector than TrackML")


def test_another_detector_with_the_same_numbers_is_told_of(event: Event, tmp_path: Path) -> None:
    hits = other_radii(event.hits)
    found = misplaced_hits(hits)
    off = np.array(RADII) - (32.0, 72.0, 116.0, 172.0, 260.0, 360.0)
    assert off.tolist() == [8.0, 18.0, 44.0, 88.0, 120.0, 160.0]  # the first within a module's stagger
    assert found.share == pytest.approx(5 / 6, abs=0.02)
    assert (found.median, found.axis) == (pytest.approx(88.0, abs=1e-3), "r")
    prefix = write_event(tmp_path, replace(event, hits=hits), "csv")
    with pytest.warns(ClewWarning, match=r"^event 1: 8[2-5]% of the hits .* \(median 88\.0 mm in r\)"):
        read_event(prefix, ())


def test_a_few_hits_may_be_anywhere(event: Event) -> None:
    x = event.hits.x.copy()
    x[: len(x) // 200] += 50.0
    assert 0.0 < misplaced_hits(replace(event.hits, x=x)).share < 0.01


def test_ends_of_layers_count_too() -> None:
    # a cylinder of 491 mm and a disc from 30 mm to 176.5 mm; 6 mm beyond are allowed
    one, zero = np.ones(4, dtype=np.int32), np.zeros(4, dtype=np.float32)
    x, z = (np.array(v, dtype=np.float32) for v in ([32, 32, 100, 190], [496, -500, 600, 600]))
    volume = np.array([8, 8, 9, 9], dtype=np.int32)
    hits = Hits(np.arange(4), x, zero, z, volume, 2 * one, one)
    assert misplaced_hits(hits) == (0.5, 13.5, "r")
    assert misplaced_hits(replace(hits, volume=0 * one)).share == 0.0  # no layer of any


@pytest.mark.filterwarnings("default")
def test_the_command_line_tells_it_in_one_line(
    event: Event, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events").mkdir()
    for number in (1, 2):
        moved = replace(event, event_id=number, hits=other_radii(event.hits))
        write_event(tmp_path / "events", moved, "parquet")
    for jobs in ("1", "2"):
        command = ["dataset", str(tmp_path / "events"), "-o", str(tmp_path / jobs), "--jobs", jobs]
        assert main(command) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
        told = "clew dataset: warning: event {}: 8"
        assert sorted(line[: len(told) - 1] for line in lines) == [told.format(1), told.format(2)]
        assert all(line.endswith("or another detector than TrackML") for line in lines)


def other_numbers(hits: Hits) -> tuple[Detector, Hits]:
    """Return hits of a detector that is TrackML's with other volumes."""
    layers = tuple(replace(layer, volume=layer.volume + 30) for layer in trackml().layers)
    return replace(trackml(), name="shifted", layers=layers), replace(hits, volume=hits.volume + 30)


def test_events_of_another_detector_are_read_with_it(event: Event, tmp_path: Path) -> None:
    detector, hits = other_numbers(event.hits)
    prefix = write_event(tmp_path, replace(event, hits=hits), "parquet")
    read = read_event(prefix, ("hits",), detector)
    assert read.hits.detector is detector
    np.testing.assert_array_equal(read.hits.layer_index, event.hits.layer_index)
    (again,) = read_events(tmp_path, parts=("hits", "cells"), detector=detector)
    assert again.hits.cells is not None
    assert again.hits.detector is detector
    with pytest.raises(
        InputError, match=r"\) in the detector TrackML: .* with the detector that measured it$"
    ):
        read_event(prefix)
    with pytest.raises(InputError, match=r"\) in the detector shifted: correct the row, or read the event"):
        read_event(events_folder() / "event000000001", (), detector)
