"""The bundled events are there, complete and in agreement with themselves."""

from __future__ import annotations

import numpy as np
import pytest

from clew.data import events_folder
from clew.io import find_events, read_event
from clew.metrics.weights import phase1_weights

SOURCES = find_events(events_folder())


def test_events_at_low_and_high_pileup_are_bundled():
    sizes = [len(read_event(source, ()).hits) for source in SOURCES]
    assert min(sizes) < 20_000
    assert max(sizes) > 80_000


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.event_id))
def test_bundled_event_agrees_with_itself(source):
    event = read_event(source)
    hits, truth, particles = event.hits, event.truth, event.particles
    assert truth is not None
    assert particles is not None
    assert hits.cells is not None
    assert np.all(np.diff(hits.cells.offsets) >= 1)
    listed, counted = np.unique(truth.particle_id[truth.particle_id != 0], return_counts=True)
    with_hits = np.argsort(particles.particle_id)[np.sort(particles.particle_id).searchsorted(listed)]
    np.testing.assert_array_equal(particles.n_hits[with_hits], counted)
    off = np.abs(phase1_weights(truth, particles) - truth.weight)
    assert np.count_nonzero(off > 1e-8) <= 2
