"""A hand-made event of six hits, as an Event and as files, for the tests of reading and writing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clew.event import Cells, Event, Hits, Particles, Truth

HITS = """\
hit_id,x,y,z,volume_id,layer_id,module_id
1,-31.5,4.25,-1.5,8,2,7
2,-71.25,9.5,-3.5,8,4,11
3,32.125,0.5,100.0,8,2,224
4,71.0,1.5,220.5,8,4,448
5,115.5,2.75,355.0,8,6,728
9,0.1,-45.3,-1502.5,7,2,108
"""
CELLS = """\
hit_id,ch0,ch1,value
1,10,20,0.25
1,11,20,0.125
2,1,2,0.0625
3,5,6,1.0
4,3,4,2.0
5,9,9,4.0
9,7,8,0.5
"""
PARTICLES = """\
particle_id,vx,vy,vz,px,py,pz,q,nhits
4503668346847232,0.0,0.01,-5.5,-0.5,0.0625,0.1,-1,2
4503737066323968,0.0,0.01,-5.5,1.5,0.02,4.5,1,3
"""
TRUTH = """\
hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight
1,4503668346847232,-31.5,4.25,-1.5,-0.5,0.06,0.1,0.125
2,4503668346847232,-71.25,9.5,-3.5,-0.5,0.06,0.1,0.125
3,4503737066323968,32.125,0.5,100.0,1.5,0.02,4.5,0.25
4,4503737066323968,71.0,1.5,220.5,1.5,0.02,4.5,0.25
5,4503737066323968,115.5,2.75,355.0,1.5,0.02,4.5,0.25
9,0,0.1,-45.3,-1502.5,-500000.0,1000.0,2.5,0.0
"""
TABLES = {"hits": HITS, "cells": CELLS, "particles": PARTICLES, "truth": TRUTH}

WriteTables = Callable[..., Path]


@pytest.fixture
def tables() -> dict[str, str]:
    """Return the text of each table."""
    return dict(TABLES)


def f32(*rows: object) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def i32(*rows: object) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


@pytest.fixture
def event() -> Event:
    """Return what the tables above say, typed in by hand."""
    noise, soft, hard = 0, 4503668346847232, 4503737066323968
    position = f32(
        (-31.5, 4.25, -1.5),
        (-71.25, 9.5, -3.5),
        (32.125, 0.5, 100.0),
        (71.0, 1.5, 220.5),
        (115.5, 2.75, 355.0),
        (0.1, -45.3, -1502.5),
    )
    momentum = f32(*[(-0.5, 0.06, 0.1)] * 2, *[(1.5, 0.02, 4.5)] * 3, (-500000.0, 1000.0, 2.5))
    cells = Cells(
        offsets=np.array([0, 2, 3, 4, 5, 6, 7]),
        channel=i32((10, 20), (11, 20), (1, 2), (5, 6), (3, 4), (9, 9), (7, 8)),
        value=f32(0.25, 0.125, 0.0625, 1.0, 2.0, 4.0, 0.5),
    )
    hits = Hits(
        np.array([1, 2, 3, 4, 5, 9]),
        *np.ascontiguousarray(position.T),
        volume=i32(8, 8, 8, 8, 8, 7),
        layer=i32(2, 4, 2, 4, 6, 2),
        module=i32(7, 11, 224, 448, 728, 108),
        cells=cells,
    )
    particles = Particles(
        particle_id=np.array([soft, hard]),
        vertex=f32((0.0, 0.01, -5.5), (0.0, 0.01, -5.5)),
        momentum=f32((-0.5, 0.0625, 0.1), (1.5, 0.02, 4.5)),
        charge=i32(-1, 1),
        n_hits=i32(2, 3),
    )
    owner = np.array([soft, soft, hard, hard, hard, noise])
    truth = Truth(owner, position, momentum, np.array([0.125, 0.125, 0.25, 0.25, 0.25, 0.0]))
    return Event(1000, hits, particles, truth)


@pytest.fixture
def write_tables(tmp_path: Path) -> WriteTables:
    """Return a function that writes csv files of an event, some replaced, and returns the prefix."""

    def write(ending: str = "csv", event_id: int = 1000, **replaced: str | None) -> Path:
        prefix = tmp_path / f"event{event_id:09d}"
        for part, text in (TABLES | replaced).items():
            if text is not None:
                content = text.encode()
                path = tmp_path / f"{prefix.name}-{part}.{ending}"
                path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
        return prefix

    return write


def assert_same_event(left: Event, right: Event) -> None:
    """Compare everything: numbers, types and what is absent."""
    assert left.event_id == right.event_id
    for one, other in (
        (left.hits, right.hits),
        (left.hits.cells, right.hits.cells),
        (left.particles, right.particles),
        (left.truth, right.truth),
    ):
        assert type(one) is type(other)
        for name in [] if one is None else one.__dataclass_fields__:
            mine, theirs = getattr(one, name), getattr(other, name)
            if isinstance(mine, np.ndarray):
                assert mine.dtype == theirs.dtype, name
                np.testing.assert_array_equal(mine, theirs, name)


@pytest.fixture
def same_event() -> Callable[[Event, Event], None]:
    """Return the assertion that two events are equal."""
    return assert_same_event
