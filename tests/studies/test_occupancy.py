"""Events of few particles and of several events in one: nothing is lost, doubled or mixed up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.event import Event
from clew.io import find_events, read_event
from clew.metrics.matching import match, particle_rows
from clew.studies.occupancy import alone, run, together

EVENTS = Path(__file__).parents[2] / "data" / "events"


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return [read_event(source) for source in find_events(EVENTS, 0, 2)]


def test_particles_alone_keep_all_their_hits_and_cells(events: list[Event]) -> None:
    event = events[0]
    assert event.truth is not None
    assert event.particles is not None
    chosen = np.flatnonzero(event.particles.n_hits > 5)[[4, 1]]
    few = alone(event, chosen)
    assert few.truth is not None
    assert few.particles is not None
    assert len(few.hits) == event.particles.n_hits[chosen].sum()
    assert set(few.truth.particle_id) == set(event.particles.particle_id[chosen])
    np.testing.assert_array_equal(few.particles.particle_id, event.particles.particle_id[chosen])
    rows = np.flatnonzero(np.isin(event.hits.hit_id, few.hits.hit_id))
    np.testing.assert_array_equal(event.hits.x[rows], few.hits.x)
    assert event.hits.cells is not None
    assert few.hits.cells is not None
    np.testing.assert_array_equal(np.diff(event.hits.cells.offsets)[rows], np.diff(few.hits.cells.offsets))


def test_events_together_keep_their_particles_apart(events: list[Event]) -> None:
    # the same event twice has the same ids twice
    whole = together([events[0], events[1], events[0]])
    assert whole.truth is not None
    assert whole.particles is not None
    assert (
        len(np.unique(whole.hits.hit_id)) == len(whole.hits) == 2 * len(events[0].hits) + len(events[1].hits)
    )
    assert len(np.unique(whole.particles.particle_id)) == len(whole.particles.particle_id)
    true = particle_rows(whole.truth, whole.particles)
    matching = match((true + 1).astype(np.int32), whole.truth, whole.particles)
    assert matching.perfect.all()
    sizes = [
        np.sort(match(np.zeros(len(one.hits), np.int32), one.truth, one.particles).particle_size)
        for one in (events[0], events[1], events[0])
        if one.truth is not None and one.particles is not None
    ]
    np.testing.assert_array_equal(np.sort(matching.particle_size), np.sort(np.concatenate(sizes)))
    noise = sum(
        int((one.truth.particle_id == 0).sum()) for one in (*events, events[0]) if one.truth is not None
    )
    assert (whole.truth.particle_id == 0).sum() == noise
    assert whole.hits.cells is not None
    assert len(whole.hits.cells.value) == whole.hits.cells.offsets[-1]


@pytest.mark.slow
def test_lone_particles_are_found(tmp_path: Path) -> None:
    report = run(find_events(EVENTS, 0, 2), tmp_path)
    row = next(line for line in report.splitlines() if line.startswith("1 particles"))
    assert float(row.split()[5]) > 0.98
    assert "time grows as hits^" in report
